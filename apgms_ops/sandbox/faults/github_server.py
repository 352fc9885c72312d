"""A GitHub that refuses, does not answer, or is another repository's."""

from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.sandbox import github
from apgms_ops.sandbox.faults import standins
from apgms_ops.sandbox.faults.fault import DEPLOYMENT, Fault
from apgms_ops.sandbox.faults.github_tools import BUILD, ROLLED, TESTED, UNKNOWN, UNMOVED
from apgms_ops.sandbox.faults.objectstore_tools import COMPLIANCE
from apgms_ops.verdict import Verdict

ASKING = f"{DEPLOYMENT} {COMPLIANCE}"
"""The checks that ask GitHub."""


class _AskingFault(standins.StandInFault):
    """Something about GitHub itself."""

    component = github.NAME
    reach = ASKING
    expected: ClassVar[Mapping[str, Verdict]] = UNKNOWN


class _Switched(_AskingFault, standins.Switched):
    """GitHub answers in another way."""


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


class Killed(_AskingFault, standins.Killed):
    """Nobody listens."""

    id = "github-killed"
    title = "GitHub cannot be reached."


class Hung(_AskingFault, standins.Hung):
    """The kernel accepts connections for a process that does nothing."""

    id = "github-hung"
    title = "GitHub accepts connections and never answers."


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
