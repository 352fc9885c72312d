"""The paths of GitHub's REST interface that the stand-in knows; all others are refused as GitHub refuses them."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from apgms_ops.sandbox.github_process import contents
from apgms_ops.sandbox.github_process.actions import Actions
from apgms_ops.sandbox.github_process.answer import ProblemError, json_answer, not_found, there
from apgms_ops.sandbox.github_process.course import standing
from apgms_ops.sandbox.github_process.git import Git
from apgms_ops.sandbox.github_process.pages import cut
from apgms_ops.sandbox.github_process.pull_api import PullApi
from apgms_ops.sandbox.github_process.records import Record, Records
from apgms_ops.sandbox.github_process.render import Renderer, expired
from apgms_ops.sandbox.github_process.settings import Settings
from apgms_ops.sandbox.standin.answer import Answer


class Api:
    """Answers the requests of those who were let in."""

    def __init__(
        self,
        records: Records,
        git: Git,
        actions: Actions,
        settings: Settings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take what is there."""
        self._records = records
        self._git = git
        self._actions = actions
        self._settings = settings
        self._clock = clock
        self._tickets: dict[str, int] = {}
        self._pull_api = PullApi(records, git, settings, clock)

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Answer GET.

        Args:
            path: Below the repository's own address.
            query: Its query.

        Raises:
            ProblemError: It is refused.
        """
        self._actions.notice()
        match [unquote(part) for part in path.strip("/").split("/")]:
            case [""]:
                return json_answer(self._show.repository())
            case ["actions", *rest]:
                return self._actions_of(rest, query)
            case ["commits", *ref, ("check-runs" | "status") as kind] if ref:
                sha = self._commit("/".join(ref))
                return self._check_runs(sha, query) if kind == "check-runs" else self._status(sha, query)
            case ["pulls" | "contents", *_] as parts:
                return self._pull_api.get(parts, query)
            case ["releases", "tags", *tag] if tag:
                return self._release("/".join(tag))
            case parts:
                return self._git_data(parts)

    def post(self, path: str, body: Any) -> Answer:  # noqa: ANN401 — JSON
        """Answer POST.

        Raises:
            ProblemError: It is refused.
        """
        match [unquote(part) for part in path.strip("/").split("/")]:
            case ["actions", "workflows", name, "dispatches"]:
                if self._records.switches["forbid_actions"]:
                    raise ProblemError(403, "Resource not accessible by personal access token")
                workflow = self._workflow(name)
                ref = body.get("ref") if isinstance(body, dict) else None
                if not isinstance(ref, str):
                    raise ProblemError(422, 'Invalid request.\n\n"ref" wasn\'t supplied.')
                if not self._actions.dispatch(workflow, ref.removeprefix("refs/tags/").removeprefix("refs/heads/")):
                    raise ProblemError(422, f"No ref found for: {ref}")
                return Answer(204)
            case _:
                raise not_found()

    def blob(self, ticket: str) -> Answer:
        """Answer where an artifact's address leads to: the ticket in it is what lets one in, once."""
        number = self._tickets.pop(ticket, None)
        record = None if number is None else self._records.one("artifacts", id=number)
        if record is None:
            raise ProblemError(403, "Server failed to authenticate the request.")
        return Answer(200, _zip(record), "application/zip")

    @property
    def _show(self) -> Renderer:
        number = self._records.switches["repository_id"] or self._settings.repository_id
        return Renderer(self._settings, number, self._clock())

    # Git

    def _git_data(self, parts: Sequence[str]) -> Answer:
        match parts:
            case ["git", "ref", *rest]:
                return self._ref("/".join(rest))
            case ["git", "tags", sha]:
                return json_answer(self._show.tag(there(self._git.tag(sha))))
            case ["commits", *ref] if ref:
                return json_answer(self._show.commit(there(self._git.commit(self._commit("/".join(ref))))))
            case ["compare", *names] if names:
                return self._compare("/".join(names))
            case _:
                raise not_found()

    def _release(self, tag: str) -> Answer:
        found = there(self._records.one("releases", tag=tag, draft=False))
        if found["at"] > self._clock():
            raise not_found()
        return json_answer(self._show.release(found))

    def _ref(self, name: str) -> Answer:
        found = self._git.ref(f"refs/{name}") if name.startswith(("heads/", "tags/")) else None
        kind, sha = there(found)
        return json_answer(self._show.ref(f"refs/{name}", kind, sha))

    def _commit(self, ref: str) -> str:
        found = self._git.commit_of(ref)
        if found is None:
            raise ProblemError(422, f"No commit found for SHA: {ref}")
        return found

    def _compare(self, names: str) -> Answer:
        base, dots, head = names.partition("...")
        found = [self._git.commit_of(name) for name in (base, head)]
        if not dots or None in found:
            raise not_found()
        first, second = str(found[0]), str(found[1])
        common = self._git.merge_base(first, second)
        if not common:
            raise ProblemError(404, f"No common ancestor between {base} and {head}.")
        commits = [there(self._git.commit(sha)) for sha in (first, common)]
        return json_answer(self._show.comparison(commits[0], commits[1], self._git.compare(first, second)))

    # What ran

    def _check_runs(self, sha: str, query: Mapping[str, str]) -> Answer:
        jobs = self._records.every("jobs", sha=sha)
        if query.get("filter", "latest") == "latest":
            jobs = _latest(jobs)
        if "check_name" in query:
            jobs = [job for job in jobs if job["name"] == query["check_name"]]
        path = f"/commits/{sha}/check-runs"
        return self._page(path, query, "check_runs", jobs, self._show.check_run)

    def _status(self, sha: str, query: Mapping[str, str]) -> Answer:
        records = self._records.every("statuses", sha=sha)
        page, links = cut(self._settings, f"/commits/{sha}/status", query, records)
        return json_answer(self._show.combined(sha, records, page), links)

    def _actions_of(self, parts: Sequence[str], query: Mapping[str, str]) -> Answer:
        if self._records.switches["forbid_actions"]:
            raise ProblemError(403, "Resource not accessible by personal access token")
        match parts:
            case ["workflows", name]:
                return json_answer(self._show.workflow(self._workflow(name)))
            case ["workflows", name, "runs"]:
                return self._runs(self._workflow(name), query)
            case ["runs", number]:
                return json_answer(self._run(self._one("runs", number)))
            case ["runs", number, "jobs"]:
                return self._jobs(self._one("runs", number), query)
            case ["runs", number, "artifacts"]:
                return self._artifacts(self._one("runs", number), query)
            case ["artifacts", number, "zip"]:
                return self._zip(self._one("artifacts", number))
            case _:
                raise not_found()

    def _workflow(self, name: str) -> Record:
        found = [w for w in self._records.every("workflows") if name in (w["file"], str(w["id"]))]
        return there(found[0] if found else None)

    def _one(self, collection: str, number: str) -> Record:
        return there(self._records.one(collection, id=int(number)) if number.isdecimal() else None)

    def _run(self, record: Record) -> dict[str, Any]:
        workflow = there(self._records.one("workflows", name=record["workflow"]))
        return self._show.run(record, workflow, self._git.commit(record["sha"]))

    def _runs(self, workflow: Record, query: Mapping[str, str]) -> Answer:
        found = self._records.every("runs", workflow=workflow["name"])
        for name, key in (("head_sha", "sha"), ("branch", "branch"), ("event", "event")):
            if name in query:
                found = [run for run in found if run[key] == query[name]]
        if "status" in query:
            found = [run for run in found if query["status"] in standing(run, self._clock())]
        found.sort(key=lambda run: (run["at"], run["id"]), reverse=True)
        path = f"/actions/workflows/{workflow['file']}/runs"
        return self._page(path, query, "workflow_runs", found, self._run)

    def _jobs(self, run: Record, query: Mapping[str, str]) -> Answer:
        jobs = self._records.every("jobs", run=run["id"])
        if query.get("filter", "latest") == "latest":
            jobs = [job for job in jobs if job["attempt"] == run["attempt"]]
        show = self._show
        path = f"/actions/runs/{run['id']}/jobs"
        return self._page(path, query, "jobs", jobs, lambda job: show.job(job, run))

    def _artifacts(self, run: Record, query: Mapping[str, str]) -> Answer:
        found = [a for a in self._records.every("artifacts", run=run["id"]) if a["at"] <= self._clock()]
        if "name" in query:
            found = [artifact for artifact in found if artifact["name"] == query["name"]]
        show = self._show
        path = f"/actions/runs/{run['id']}/artifacts"
        return self._page(path, query, "artifacts", found, lambda a: show.artifact(a, run, len(_zip(a))))

    def _zip(self, record: Record) -> Answer:
        if expired(record, self._clock()):
            raise ProblemError(410, "Artifact has expired")
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = record["id"]
        return Answer(302, headers={"Location": f"{self._settings.url}/_blob/{record['id']}?sig={ticket}"})

    # Pages

    def _page(
        self,
        path: str,
        query: Mapping[str, str],
        key: str,
        records: list[Record],
        show: Callable[[Record], dict[str, Any]],
    ) -> Answer:
        page, links = cut(self._settings, path, query, records)
        return json_answer({"total_count": len(records), key: [show(record) for record in page]}, links)


def _latest(jobs: list[Record]) -> list[Record]:
    newest: dict[tuple[int, str], Record] = {}
    for job in jobs:
        key = (job["run"], job["name"])
        if key not in newest or job["attempt"] > newest[key]["attempt"]:
            newest[key] = job
    return list(newest.values())


def _zip(record: Record) -> bytes:
    made = contents.archive(record["files"])
    return made[: len(made) // 2] if record["damaged"] else made
