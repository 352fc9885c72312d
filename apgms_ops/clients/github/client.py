"""The verbs of GitHub. Each makes sure first of which repository it reads."""

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote

from apgms_ops.clients.github import archive, parse, parse_pulls
from apgms_ops.clients.github.facts import (
    Ancestry,
    Artifact,
    CheckRun,
    CombinedStatus,
    Job,
    Member,
    Ref,
    Release,
    Repository,
    TagObject,
    WorkflowRun,
)
from apgms_ops.clients.github.pull_facts import ChangedFile, PullRequest, Review
from apgms_ops.clients.github.reading import LARGEST_ANSWER, Listing, RepositoryReader, hidden, json_of, refuse
from apgms_ops.clients.http import Answer
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Incomplete
from apgms_ops.observation import Recorder
from apgms_ops.redact import printable
from apgms_ops.secret import Secret

_CONTENTS = "Contents: read"
_ACTIONS = "Actions: read"
_PULLS = "Pull requests: read"


class GithubClient:
    """Reads one repository. Safe to use from several threads."""

    def __init__(  # noqa: PLR0913 — the section of the environment, and what comes in from outside
        self,
        *,
        url: str,
        owner: str,
        repository: str,
        recorder: Recorder,
        token: Secret | None = None,
        ca_file: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take an address; nothing is sent yet.

        Args:
            url: The address of the API: `https://api.github.com`.
            owner: Whose repository.
            repository: Its name.
            recorder: Keeps what was answered, and by whom.
            token: Sent as a bearer token, to this server only.
            ca_file: Certificates (PEM) to verify the server by.
            now: Our own time, to compare the server's with.
        """
        self._repository = RepositoryReader(
            url=url, owner=owner, repository=repository, recorder=recorder, token=token, ca_file=ca_file, now=now
        )
        self._recorder = recorder

    @property
    def source(self) -> str:
        """Who is asked, for people."""
        return self._repository.source

    def repository(self, deadline: Deadline) -> Repository:
        """Return which repository answers.

        Raises:
            AccessDenied: It is not there, or the token may not see it: GitHub answers both with 404.
        """
        return self._repository.repository(deadline)

    # Refs and commits

    def branch(self, name: str, deadline: Deadline) -> str:
        """Return the commit that a branch points to now.

        Raises:
            AccessDenied: It is not there, or the token may not read it.
        """
        answer = self._repository.get(f"/git/ref/heads/{quote(name)}", [], deadline)
        if answer.status == HTTPStatus.NOT_FOUND:
            hidden(answer, f"branch {name}", _CONTENTS)
        return parse.ref(json_of(answer)).sha

    def tag_ref(self, name: str, deadline: Deadline, *, proof: str) -> Ref | None:
        """Return what a tag's ref points to, or None if there is no such tag.

        Args:
            name: The tag.
            deadline: For all of it.
            proof: A branch that is there: only if that can be read, a tag that cannot is one that does not exist.
        """
        path = f"/git/ref/tags/{quote(name)}"
        answer = self._repository.get(path, [], deadline)
        if answer.status == HTTPStatus.NOT_FOUND:
            self.branch(proof, deadline)
            return None
        found = parse.ref(json_of(answer))
        if found.name != f"refs/tags/{name}":
            msg = f"{answer.source}: the tag {name} was asked for, and {printable(found.name, limit=80)} answered"
            raise BadAnswer(msg)
        return found

    def tag_object(self, sha: str, deadline: Deadline) -> TagObject:
        """Return an annotated tag by the name of its object."""
        answer = self._repository.get(f"/git/tags/{sha}", [], deadline)
        if answer.status == HTTPStatus.NOT_FOUND:
            hidden(answer, f"tag object {sha}", _CONTENTS)
        return parse.tag(json_of(answer))

    def ancestry(self, base: str, head: str, deadline: Deadline) -> Ancestry:
        """Return how `head` stands to `base`, both full names of commits: AHEAD, and `base` is an ancestor of `head`.

        A branch must have been resolved to its commit first, or it may move between two reads.
        """
        path, what = f"/compare/{base}...{head}", f"commit {base} or {head}"
        # Commits and files of the comparison are not asked for: a page of one is as small as it gets.
        answer = self._repository.get(path, [("per_page", "1")], deadline, keep=False)
        if answer.status == HTTPStatus.NOT_FOUND:
            hidden(answer, what, _CONTENTS)
        found = parse.ancestry(json_of(answer))
        self._recorder.raw_json(f"GET {path}", {"status": found.value})
        return found

    def file(self, path: str, sha: str, deadline: Deadline) -> bytes:
        """Return a file as it is at a commit.

        Args:
            path: Within the repository: `environments/waivers.toml`.
            sha: Full name of the commit.
            deadline: For all of it.

        Raises:
            AccessDenied: It is not there, or the token may not read it.
            Incomplete: It is larger than a megabyte.
        """
        answer = self._contents(path, sha, deadline)
        if answer.status == HTTPStatus.NOT_FOUND:
            hidden(answer, f"{printable(path, limit=80)} at {sha}", _CONTENTS)
        return parse_pulls.content(json_of(answer))

    def _contents(self, path: str, sha: str, deadline: Deadline) -> Answer:
        if any(part in ("", ".", "..") for part in path.split("/")):
            msg = f"{self.source}: {printable(path, limit=80)!r} is no path of a file"
            raise BadAnswer(msg)
        return self._repository.get(f"/contents/{quote(path)}", [("ref", sha)], deadline, keep=False)

    def file_if_there(self, path: str, sha: str, deadline: Deadline, *, proof: str) -> bytes | None:
        """Return a file as it is at a commit; None where that has none.

        Args:
            path: Within the repository.
            sha: Full name of the commit.
            deadline: For all of it.
            proof: A branch that is there: only if that can be read, a file that cannot is one that does not exist.

        Raises:
            Incomplete: It is larger than a megabyte.
        """
        answer = self._contents(path, sha, deadline)
        if answer.status == HTTPStatus.NOT_FOUND:
            self.branch(proof, deadline)
            return None
        return parse_pulls.content(json_of(answer))

    # Who approved what

    def pull_request(self, number: int, deadline: Deadline) -> PullRequest:
        """Return a pull request.

        Raises:
            AccessDenied: It is not there, or the token may not read it.
        """
        path = f"/pulls/{number}"
        answer = self._repository.get(path, [], deadline, keep=False)
        if answer.status == HTTPStatus.NOT_FOUND:
            hidden(answer, f"pull request {number}", _PULLS)
        found = parse_pulls.pull_request(json_of(answer))
        if found.number != number:
            msg = f"{answer.source}: pull request {number} was asked for, and {found.number} answered"
            raise BadAnswer(msg)
        return found

    def reviews(self, number: int, deadline: Deadline) -> tuple[Review, ...]:
        """Return every review of a pull request, the oldest first."""
        listing = Listing(f"/pulls/{number}/reviews", "reviews", parse_pulls.review, _PULLS)
        return self._repository.bare(listing, deadline)

    def changed_files(self, pull: PullRequest, deadline: Deadline) -> tuple[ChangedFile, ...]:
        """Return the files that a pull request changes.

        Raises:
            Incomplete: Fewer are listed than it says it changes: GitHub lists 3,000 at most.
        """
        listing = Listing(f"/pulls/{pull.number}/files", "files", parse_pulls.changed_file, _PULLS)
        found = self._repository.bare(listing, deadline)
        if len(found) < pull.files:
            msg = f"{self.source}: pull request {pull.number} changes {pull.files} files, and {len(found)} are listed"
            raise Incomplete(msg)
        return found

    # What ran on a commit

    def check_runs(self, sha: str, deadline: Deadline) -> tuple[CheckRun, ...]:
        """Return the latest check runs of a commit. None is "nothing was checked", and statuses are not among them."""
        listing = Listing(f"/commits/{sha}/check-runs", "check_runs", parse.check_run, "Checks: read")
        return self._repository.every(listing, [("filter", "latest")], deadline)[0]

    def combined_status(self, sha: str, deadline: Deadline) -> CombinedStatus:
        """Return the statuses of a commit. Check runs are not among them."""
        listing = Listing(f"/commits/{sha}/status", "statuses", parse.status, "Commit statuses: read")
        statuses, first = self._repository.every(listing, [], deadline)
        return parse.combined(first, statuses)

    def runs(
        self, workflow: str, deadline: Deadline, *, sha: str | None = None, branch: str | None = None
    ) -> tuple[WorkflowRun, ...]:
        """Return the runs of a workflow for a commit, or for a branch or tag; the newest first.

        Raises:
            AccessDenied: There is no workflow of that file name, or the token may not see it.
        """
        asked = [("head_sha", sha), ("branch", branch)]
        params = [(name, value) for name, value in asked if value is not None]
        path = f"/actions/workflows/{quote(workflow, safe='')}/runs"
        listing = Listing(path, "workflow_runs", parse.workflow_run, _ACTIONS)
        found, _ = self._repository.every(listing, params, deadline)
        # The filters are the server's; what it lets through beside them is not what was asked for.
        return tuple(run for run in found if sha in (None, run.head_sha) and branch in (None, run.head_branch))

    def jobs(self, run: int, deadline: Deadline) -> tuple[Job, ...]:
        """Return the jobs of every attempt of a run: by default GitHub shows the last attempt alone."""
        listing = Listing(f"/actions/runs/{run}/jobs", "jobs", parse.job, _ACTIONS)
        return self._repository.every(listing, [("filter", "all")], deadline)[0]

    def artifacts(self, run: int, deadline: Deadline) -> tuple[Artifact, ...]:
        """Return the artifacts of a run, those that have expired as well."""
        listing = Listing(f"/actions/runs/{run}/artifacts", "artifacts", parse.artifact, _ACTIONS)
        return self._repository.every(listing, [], deadline)[0]

    def download(self, artifact: Artifact, deadline: Deadline) -> tuple[Member, ...]:
        """Return the files of an artifact, in memory.

        Raises:
            BadAnswer: It is no zip, or one that is damaged or hostile.
            Incomplete: It is larger than what is read.
            AccessDenied: It is gone, or the token may not have it.
        """
        where = f"artifact {artifact.name}"
        if artifact.size > LARGEST_ANSWER:
            msg = f"{self.source}: {where} is {artifact.size} bytes large; {LARGEST_ANSWER} are read at most"
            raise Incomplete(msg)
        answer = self._repository.download(f"/actions/artifacts/{artifact.id}/zip", deadline)
        if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            hidden(answer, where, _ACTIONS)
        if answer.status != HTTPStatus.OK:
            refuse(answer)
        return archive.members(answer.body, f"{self.source}: {where}")

    def release(self, tag: str, deadline: Deadline, *, proof: str) -> Release | None:
        """Return the published release of a tag, or None if there is none; drafts are not shown.

        Args:
            tag: The tag.
            deadline: For all of it.
            proof: A branch that is there, see `tag_ref`: both need the same permission.
        """
        answer = self._repository.get(f"/releases/tags/{quote(tag)}", [], deadline)
        if answer.status == HTTPStatus.NOT_FOUND:
            self.branch(proof, deadline)
            return None
        return parse.release(json_of(answer))
