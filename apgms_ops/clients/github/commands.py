"""What can be asked of GitHub that changes something. No probe has it; commands do."""

from http import HTTPStatus
from urllib.parse import quote

from apgms_ops.clients.github.limits import limited
from apgms_ops.clients.github.reading import HEADERS, hidden, root_of
from apgms_ops.clients.http import HttpWriter
from apgms_ops.deadline import Deadline
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret


class GithubCommands:
    """Starts workflows of one repository."""

    def __init__(  # noqa: PLR0913 — the section of the environment
        self,
        *,
        url: str,
        owner: str,
        repository: str,
        recorder: Recorder,
        token: Secret | None = None,
        ca_file: str | None = None,
    ) -> None:
        """Take an address; nothing is sent yet. The arguments are those of the client."""
        self._http = HttpWriter(
            system="GitHub", url=url, recorder=recorder, token=token, ca_file=ca_file, headers=HEADERS, limited=limited
        )
        self._root = root_of(owner, repository)

    def dispatch_path(self, workflow: str) -> str:
        """Return the path that `dispatch` posts to."""
        return f"{self._root}/actions/workflows/{quote(workflow, safe='')}/dispatches"

    def dispatch(self, workflow: str, ref: str, deadline: Deadline) -> None:
        """Start a workflow for a branch or a tag. GitHub does not say which run that becomes.

        Raises:
            AccessDenied: There is no such workflow, or the token may not start it.
            BadAnswer: There is no such ref, or the workflow cannot be started by hand.
        """
        answer = self._http.post(self.dispatch_path(workflow), {"ref": ref}, deadline=deadline)
        if answer.status == HTTPStatus.NOT_FOUND:
            hidden(answer, f"workflow {workflow}", "Actions: write")
        if answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.OK):
            answer.refuse(f"the workflow {workflow} was not started for {ref}")
