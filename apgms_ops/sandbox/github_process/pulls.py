"""Pull requests: who opened them and what reviewers said are records; commits, files and merges are what git says.

The stand-in changes nothing in the repository. A pull request is merged when its branch is pushed into the one that it
is for, which GitHub notices as well; what a review approved stays what it was, wherever the branch moves to.
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from apgms_ops.sandbox.github_process.git import Git
from apgms_ops.sandbox.github_process.records import Record, Records
from apgms_ops.sandbox.standin.records import RefusedError

STATES: Final = ("APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING")
_LOGIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")
_LONGEST: Final = 256
"""Characters of a title."""


class Pulls:
    """The pull requests of the repository."""

    def __init__(self, records: Records, git: Git, clock: Callable[[], float] = time.time) -> None:
        """Take what is there."""
        self._records = records
        self._git = git
        self._clock = clock

    def notice(self) -> None:
        """See what was pushed since the last look: branches that moved, and those that were merged."""
        for pull in self._records.every("pulls", state="open"):
            base = self._branch(pull["base"])
            head = self._branch(pull["branch"]) or pull["head"]  # a branch may be deleted once it is merged
            if base is None:
                continue
            if self._git.merge_base(base, head) == head:
                at = self._clock()
                changed = {"head": head, "state": "closed", "merged_at": at, "closed_at": at, "merge_sha": base}
            else:
                changed = {"head": head, "base_sha": base}
            if any(pull[name] != value for name, value in changed.items()):
                self._records.edit("pulls", {"id": pull["id"]}, changed | {"updated_at": self._clock()})

    def order(self, path: str, order: Mapping[str, Any]) -> Record:
        """Do what somebody does at GitHub: open a pull request, review one, close one; return what came of it.

        Raises:
            RefusedError: GitHub would refuse it.
            KeyError: It lacks what it must name.
        """
        return {"/pulls": self.open, "/reviews": self.review, "/close": self.close}[path](order)

    def open(self, order: Mapping[str, Any]) -> Record:
        """Open a pull request, as somebody who has a branch does.

        Args:
            order: `author`, a login; `branch`; `base`, main where it is left out; `title`.

        Raises:
            RefusedError: There is no such branch, nothing in it, or one that is open already.
        """
        author, branch, base = _login(order, "author"), _text(order, "branch"), order.get("base", "main")
        title = _text(order, "title")
        head, target = self._branch(branch), self._branch(str(base))
        if head is None or target is None:
            msg = f"no branch {branch!r} or {base!r}"
            raise RefusedError(msg)
        if self._git.merge_base(target, head) in ("", head):
            msg = f"no commits between {base} and {branch}"
            raise RefusedError(msg)
        with self._records.change():
            self.notice()
            if self._records.one("pulls", state="open", branch=branch, base=base):
                msg = f"a pull request already exists for {branch}"
                raise RefusedError(msg)
            at = self._clock()
            pull = {
                "number": max((one["number"] for one in self._records.every("pulls")), default=0) + 1,
                "author": author,
                "title": title,
                "branch": branch,
                "base": base,
                "head": head,
                "base_sha": target,
                "state": "open",
                "at": at,
                "updated_at": at,
                "merged_at": None,
                "closed_at": None,
                "merge_sha": None,
            }
            return self._records.add("pulls", pull)

    def review(self, order: Mapping[str, Any]) -> Record:
        """Hand in a review of what is the last commit now.

        Args:
            order: `number` of the pull request; `by`, a login; `state`, a word of GitHub's.

        Raises:
            RefusedError: There is no such pull request or state, or an author judges what is their own.
        """
        self.notice()
        pull = self._records.one("pulls", number=order["number"])
        by, state = _login(order, "by"), order["state"]
        if pull is None or state not in STATES:
            msg = f"no pull request {order['number']!r}, or no state {state!r}: there are {', '.join(STATES)}"
            raise RefusedError(msg)
        if by.casefold() == pull["author"].casefold() and state not in ("COMMENTED", "PENDING"):
            msg = "an author can neither approve nor request changes of their own pull request"
            raise RefusedError(msg)
        review = {"pull": pull["number"], "by": by, "state": state, "sha": pull["head"], "at": self._clock()}
        return self._records.add("reviews", review)

    def close(self, order: Mapping[str, Any]) -> Record:
        """Close a pull request that is open, without merging it.

        Raises:
            RefusedError: There is none of that number that is open.
        """
        self.notice()
        at = self._clock()
        wanted = {"number": order["number"], "state": "open"}
        self._records.edit("pulls", wanted, {"state": "closed", "closed_at": at, "updated_at": at})
        return dict(self._records.one("pulls", number=order["number"]) or {})

    def _branch(self, name: str) -> str | None:
        found = self._git.ref(f"refs/heads/{name}")
        return None if found is None else found[1]


def _login(order: Mapping[str, Any], name: str) -> str:
    found = _text(order, name)
    if not _LOGIN.fullmatch(found):
        msg = f"{name}: a login, not {found!r}"
        raise RefusedError(msg)
    return found


def _text(order: Mapping[str, Any], name: str) -> str:
    found = order[name]
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST:
        msg = f"{name}: a text of at most {_LONGEST} characters"
        raise RefusedError(msg)
    return found
