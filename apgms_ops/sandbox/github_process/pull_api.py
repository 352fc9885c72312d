"""The paths of pull requests, and of files at a commit. Reading alone: what people do there is ordered (pulls.py)."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from apgms_ops.sandbox.github_process.answer import ProblemError, json_answer, not_found, there
from apgms_ops.sandbox.github_process.git import Change, Git
from apgms_ops.sandbox.github_process.pages import cut
from apgms_ops.sandbox.github_process.pulls import Pulls
from apgms_ops.sandbox.github_process.records import Record, Records
from apgms_ops.sandbox.github_process.render_pulls import PullRenderer
from apgms_ops.sandbox.github_process.settings import Settings
from apgms_ops.sandbox.standin.answer import Answer

_STATES: Final = ("open", "closed", "all")
_PULLS: Final = frozenset({"state", "head", "base", "sort", "direction", "per_page", "page"})
_PAGES: Final = frozenset({"per_page", "page"})


class PullApi:
    """Answers what is asked of pull requests and files."""

    def __init__(self, records: Records, git: Git, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        """Take what is there."""
        self._records = records
        self._git = git
        self._settings = settings
        self._pulls = Pulls(records, git, clock)

    def get(self, parts: Sequence[str], query: Mapping[str, str]) -> Answer:
        """Answer what is below `/pulls` and `/contents`.

        Raises:
            ProblemError: It is refused.
        """
        self._pulls.notice()
        match parts:
            case ["pulls"]:
                return self._list(query)
            case ["pulls", number]:
                return self._one(number)
            case ["pulls", number, "reviews"]:
                return self._reviews(number, query)
            case ["pulls", number, "files"]:
                return self._files(number, query)
            case ["contents", *path] if path:
                return self._contents("/".join(path), query)
            case _:
                raise not_found()

    def _contents(self, path: str, query: Mapping[str, str]) -> Answer:
        """Return a file at a commit; a folder is refused, because folders are not listed here."""
        _require_known(query, frozenset({"ref"}))
        ref = query.get("ref", "main")
        commit = self._git.commit_of(ref)
        if commit is None:
            raise ProblemError(404, f"No commit found for the ref {ref}")
        kind, sha = there(self._git.entry(commit, path))
        if kind != "blob":
            raise ProblemError(501, "The stand-in lists no folders.")
        return json_answer(self._show.content(path, ref, sha, there(self._git.blob(sha))))

    @property
    def _show(self) -> PullRenderer:
        number = self._records.switches["repository_id"] or self._settings.repository_id
        return PullRenderer(self._settings, number)

    def _pull(self, number: str) -> Record:
        return there(self._records.one("pulls", number=int(number)) if number.isdecimal() else None)

    def _list(self, query: Mapping[str, str]) -> Answer:
        _require_known(query, _PULLS)
        state, sort, direction = (query.get(name) for name in ("state", "sort", "direction"))
        if (state or "open") not in _STATES or sort not in (None, "created") or direction not in (None, "asc", "desc"):
            raise ProblemError(422, "Validation Failed")
        found = self._records.every("pulls")
        if state != "all":
            found = [pull for pull in found if pull["state"] == (state or "open")]
        if "base" in query:
            found = [pull for pull in found if pull["base"] == query["base"]]
        if "head" in query:
            found = [pull for pull in found if f"{self._settings.owner}:{pull['branch']}" == query["head"]]
        found.sort(key=lambda pull: int(pull["number"]), reverse=direction != "asc")
        page, links = cut(self._settings, "/pulls", query, found)
        return json_answer([self._show.pull(pull) for pull in page], links)

    def _one(self, number: str) -> Answer:
        pull = self._pull(number)
        commits = self._git.compare(pull["base_sha"], pull["head"])[1]
        return json_answer(self._show.whole(pull, self._changes(pull), commits))

    def _reviews(self, number: str, query: Mapping[str, str]) -> Answer:
        _require_known(query, _PAGES)
        pull, show = self._pull(number), self._show
        found = self._records.every("reviews", pull=pull["number"])
        found.sort(key=lambda review: (review["at"], review["id"]))
        page, links = cut(self._settings, f"/pulls/{pull['number']}/reviews", query, found)
        return json_answer([show.review(review, pull) for review in page], links)

    def _files(self, number: str, query: Mapping[str, str]) -> Answer:
        _require_known(query, _PAGES)
        pull, show = self._pull(number), self._show
        found = [{"change": change} for change in self._changes(pull)]
        page, links = cut(self._settings, f"/pulls/{pull['number']}/files", query, found)
        return json_answer([show.changed_file(one["change"], pull["head"]) for one in page], links)

    def _changes(self, pull: Record) -> list[Change]:
        return self._git.changes(pull["base_sha"], pull["head"])


def _require_known(query: Mapping[str, str], known: frozenset[str]) -> None:
    """Refuse what GitHub may take and the stand-in does not: to pass it over would answer another question."""
    unknown = sorted(set(query) - known)
    if unknown:
        raise ProblemError(501, f"The stand-in does not know {', '.join(unknown)} here.")
