"""A GitHub that refuses, does not answer, or is another repository's."""

import signal
from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import github
from apgms_ops.sandbox.faults.fault import DEPLOYMENT, Fault
from apgms_ops.sandbox.faults.github_tools import BUILD, ROLLED, TESTED, UNKNOWN, UNMOVED, order
from apgms_ops.sandbox.faults.objectstore_tools import COMPLIANCE
from apgms_ops.sandbox.standin.component import await_answers, launch
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_POLL = 0.02
ASKING = f"{DEPLOYMENT} {COMPLIANCE}"
"""The checks that ask GitHub."""


class _Switched(Fault):
    """GitHub answers in another way."""

    component = github.NAME
    reach = ASKING
    expected: ClassVar[Mapping[str, Verdict]] = UNKNOWN
    switches: ClassVar[Mapping[str, Any]]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Switch it."""
        order(world, "/switches", self.switches, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Switch it back."""
        order(world, "/switches", {name: type(value)(0) for name, value in self.switches.items()}, deadline)


class TokenRefused(_Switched):
    """The token has expired, or was revoked."""

    id = "github-token-refused"
    title = "GitHub refuses the token."
    switches: ClassVar[Mapping[str, Any]] = {"refuse_token": True}


class RepositoryHidden(_Switched):
    """A token without the repository: GitHub says that there is none."""

    id = "github-repository-hidden"
    title = "The token may not see the repository: everything is answered with 404."
    switches: ClassVar[Mapping[str, Any]] = {"hide_repository": True}


class ActionsForbidden(_Switched):
    """A token without a permission."""

    id = "github-actions-forbidden"
    title = "The token may not read Actions."
    # The tag itself can be read, and so can the checks of its commit.
    expected: ClassVar[Mapping[str, Verdict]] = dict.fromkeys((*BUILD, UNMOVED, TESTED, *ROLLED), Verdict.UNKNOWN)
    switches: ClassVar[Mapping[str, Any]] = {"forbid_actions": True}


class RateLimited(_Switched):
    """The hour's requests are used up, by somebody else with the same token."""

    id = "github-rate-limited"
    title = "The token's requests are used up for the next hour: 403, with x-ratelimit-remaining 0."
    switches: ClassVar[Mapping[str, Any]] = {"rate_limited": True}


class SecondaryLimit(_Switched):
    """Too many requests at once."""

    id = "github-secondary-rate-limit"
    title = "GitHub asks to slow down, and does not say for how long."
    switches: ClassVar[Mapping[str, Any]] = {"secondary_limit": True}


class Failing(_Switched):
    """What its balancer answers when it has nothing behind it."""

    id = "github-bad-gateway"
    title = "GitHub answers 502, with a page in HTML."
    switches: ClassVar[Mapping[str, Any]] = {"fail": True}


class OtherRepository(_Switched):
    """Good answers, of a fork."""

    id = "github-other-repository"
    title = "The repository that answers is not the pinned one."
    switches: ClassVar[Mapping[str, Any]] = {"repository_id": 99}


class Killed(Fault):
    """Nobody listens."""

    id = "github-killed"
    title = "GitHub cannot be reached."
    component = github.NAME
    reach = ASKING
    expected: ClassVar[Mapping[str, Verdict]] = UNKNOWN

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill it."""
        world.signal(github.NAME, signal.SIGKILL)
        while world.alive(github.NAME):
            deadline.pause(_POLL, "github to die")
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Start it again, over its own records."""
        if not world.alive(github.NAME):
            world.stop(github.NAME, deadline)
            launch(world, github.NAME)
        await_answers(world, github.NAME, deadline)


class Hung(Fault):
    """The kernel accepts connections for a process that does nothing."""

    id = "github-hung"
    title = "GitHub accepts connections and never answers."
    component = github.NAME
    reach = ASKING
    expected: ClassVar[Mapping[str, Verdict]] = UNKNOWN

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — a signal takes no time
        """Stop the process."""
        world.signal(github.NAME, signal.SIGSTOP)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let it go on."""
        world.signal(github.NAME, signal.SIGCONT)
        await_answers(world, github.NAME, deadline)


FAULTS: tuple[type[Fault], ...] = (
    TokenRefused,
    RepositoryHidden,
    ActionsForbidden,
    RateLimited,
    SecondaryLimit,
    Failing,
    OtherRepository,
    Killed,
    Hung,
)
