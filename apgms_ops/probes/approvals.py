"""Whether who answers for a waiver has approved it: by the review of the merged pull request that brought it.

Read before a run is planned, because the plan records what came of it. What cannot be found out is unproven, and so is
what was found not to be so; the two are told apart.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from apgms_ops.clients.github.pull_facts import PullRequest, Review, ReviewState
from apgms_ops.errors import ApgmsOpsError, BadAnswer, WrongTarget
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from apgms_ops.clients.github import GithubClient
    from apgms_ops.deadline import Deadline
    from apgms_ops.environment.github import Github

PROVEN: Final = "proven"
UNPROVEN: Final = "unproven"
FILE: Final = "waivers.toml"
_LOGIN: Final = re.compile(r"@?([A-Za-z0-9][A-Za-z0-9_-]{0,99})")
_DECIDES: Final = (ReviewState.APPROVED, ReviewState.CHANGES_REQUESTED, ReviewState.DISMISSED, ReviewState.UNKNOWN)
_WORDS: Final = ("check", "reason", "owner", "approver", "link")
_TIMES: Final = ("issued", "expires")
_FILES: Final = 3
"""Files of that name in one pull request that are read."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What was found out of one waiver."""

    why_not: str = ""
    """Why it is not proven; empty where it is."""
    found_out: bool = True
    """Whether the answer is known: where it is not, nobody said no."""

    @property
    def word(self) -> str:
        """As the plan records it."""
        return UNPROVEN if self.why_not else PROVEN

    @property
    def refuted(self) -> bool:
        """Whether it is known that the approver did not approve the waiver."""
        return bool(self.why_not) and self.found_out


@dataclass(slots=True)
class Approvals:
    """Looks up the approvals of an environment's waivers. Nothing is asked before there is a waiver in force."""

    environment: str
    declared: "Github"
    client: "Callable[[], GithubClient]"
    """Makes the client when it is first needed."""
    pinned: str | None = None
    """The number of the repository, where the environment pins it."""
    _client: "GithubClient | None" = None
    _read: dict[int, tuple[PullRequest, tuple[Review, ...], tuple[bytes, ...]]] = field(default_factory=dict)

    def of(self, waivers: Iterable[Mapping[str, Any]], at: datetime, deadline: "Deadline") -> tuple[Approval, ...]:
        """Return what was found out of each, in their order. Nothing is raised: what goes wrong is unproven.

        Args:
            waivers: As a plan records them.
            at: The present (aware); what is not in force is not looked up.
            deadline: For all of them together.
        """
        return tuple(self._of_one(waiver, at, deadline) for waiver in waivers)

    def _of_one(self, waiver: Mapping[str, Any], at: datetime, deadline: "Deadline") -> Approval:
        if not datetime.fromisoformat(waiver["issued"]) <= at < datetime.fromisoformat(waiver["expires"]):
            return Approval("it is not in force, and was not looked up", found_out=False)
        number = pull_number(str(waiver["link"]), self.declared)
        if number is None:
            where = f"{self.declared.owner}/{self.declared.repository}"
            return Approval(f"its link is no pull request of {where}", found_out=False)
        try:
            pull, reviews, files = self._pull(number, deadline)
        except (ApgmsOpsError, OSError) as error:
            return Approval(printable(f"could not find out: {error}", limit=300), found_out=False)
        why_not = refusal(pull, reviews, str(waiver["approver"]))
        if not why_not and not any(brings(file, waiver, self.environment) for file in files):
            why_not = f"pull request {number} does not bring this waiver as it stands here"
        return Approval(printable(why_not, limit=300))

    def _pull(self, number: int, deadline: "Deadline") -> tuple[PullRequest, tuple[Review, ...], tuple[bytes, ...]]:
        if number not in self._read:
            client = self._identified(deadline)
            pull = client.pull_request(number, deadline)
            reviews = client.reviews(number, deadline)
            changed = client.changed_files(pull, deadline)
            paths = [f.path for f in changed if f.path.rpartition("/")[2] == FILE and f.status != "removed"]
            if len(paths) > _FILES:
                msg = f"pull request {number} changes {len(paths)} files called {FILE}"
                raise BadAnswer(msg)
            self._read[number] = pull, reviews, tuple(client.file(path, pull.head, deadline) for path in paths)
        return self._read[number]

    def _identified(self, deadline: "Deadline") -> "GithubClient":
        if self._client is None:
            client = self.client()
            answered = str(client.repository(deadline).id)
            if self.pinned and answered != self.pinned:
                msg = f"github is not the pinned {self.pinned!r}: {answered}"
                raise WrongTarget(msg)
            self._client = client
        return self._client


def pull_number(link: str, declared: "Github") -> int | None:
    """Return which pull request of the declared repository a link leads to; None where it leads elsewhere."""
    server, there = urlsplit(declared.url), urlsplit(link)
    # https://api.github.com shows to people at https://github.com, a server of one's own at its own address.
    host = server.netloc.removeprefix("api.")
    if there.scheme not in ("https", server.scheme) or there.netloc.lower() != host.lower():
        return None
    if there.query or there.fragment:
        return None
    match there.path.split("/"):
        case ["", owner, repository, "pull", number] if re.fullmatch(r"[1-9][0-9]{0,8}", number):
            wanted = (declared.owner.casefold(), declared.repository.casefold())
            return int(number) if (owner.casefold(), repository.casefold()) == wanted else None
        case _:
            return None


def refusal(pull: PullRequest, reviews: Sequence[Review], approver: str) -> str:
    """Return why a pull request proves no approval by somebody; empty where it does. Pure.

    Args:
        pull: The pull request.
        reviews: All of them.
        approver: Who is to have approved it: a login.
    """
    named = _LOGIN.fullmatch(approver)
    what = f"pull request {pull.number}"
    if named is None:
        return f"{approver!r} is no login of GitHub"
    if pull.merged_at is None:
        return f"{what} is not merged"
    if pull.base != pull.default_branch:
        return f"{what} was merged into {pull.base}, and the default branch is {pull.default_branch}"
    if pull.author.casefold() == named[1].casefold():
        return f"{approver} wrote {what}"
    return _unapproved(pull, [review for review in reviews if review.by.casefold() == named[1].casefold()], approver)


def _unapproved(pull: PullRequest, own: Iterable[Review], approver: str) -> str:
    decided = [review for review in own if review.state in _DECIDES and review.submitted_at is not None]
    what = f"pull request {pull.number}"
    if not decided:
        return f"{approver} has not approved {what}"
    last = max(decided, key=lambda review: (review.submitted_at, review.id))
    if last.state is not ReviewState.APPROVED:
        return f"what {approver} last said of {what} is {last.state}"
    if last.commit != pull.head:
        return f"{approver} approved {last.commit[:12] or 'another commit'} of {what}, and its last is {pull.head[:12]}"
    return ""


def brings(data: bytes, waiver: Mapping[str, Any], environment: str) -> bool:
    """Whether a file holds a waiver as it is recorded, for an environment: any other was not approved. Pure."""
    try:
        entries = tomllib.loads(data.decode())["waivers"]
    except (ValueError, KeyError, RecursionError):
        return False
    return isinstance(entries, list) and any(_same(entry, waiver, environment) for entry in entries)


def _same(entry: object, waiver: Mapping[str, Any], environment: str) -> bool:
    if not isinstance(entry, dict):
        return False
    places, times = entry.get("environments"), [entry.get(name) for name in _TIMES]
    return (
        isinstance(places, list)
        and environment in places
        and all(entry.get(name) == waiver[name] for name in _WORDS)
        and all(isinstance(time, datetime) and time.tzinfo is not None for time in times)
        and times == [datetime.fromisoformat(waiver[name]) for name in _TIMES]
    )
