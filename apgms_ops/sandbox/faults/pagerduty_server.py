"""A PagerDuty that refuses, does not answer, answers in part, or is another account's."""

from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.sandbox.faults import standins
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.incidents import INCIDENTS
from apgms_ops.sandbox.faults.pagerduty_tools import EVERYTHING, ROTA, PeopleFault, Switched, unknown
from apgms_ops.verdict import Verdict


class TokenRefused(Switched):
    """The token was revoked."""

    id = "pagerduty-token-refused"
    title = "PagerDuty refuses the token."
    references = ("D1.10",)
    switches: ClassVar[Mapping[str, Any]] = {"refuse_token": True}


class Forbidden(Switched):
    """A token without the permission."""

    id = "pagerduty-forbidden"
    title = "The token may not read: 403."
    references = ("D1.10",)
    switches: ClassVar[Mapping[str, Any]] = {"forbid": True}


class RateLimited(Switched):
    """Too many requests, by somebody else in the same account."""

    id = "pagerduty-rate-limited"
    title = "PagerDuty asks to wait for a minute: 429."
    references = ("D1.10",)
    switches: ClassVar[Mapping[str, Any]] = {"rate_limited": True}


class BadGateway(Switched):
    """What its balancer answers when it has nothing behind it."""

    id = "pagerduty-bad-gateway"
    title = "PagerDuty answers 502."
    switches: ClassVar[Mapping[str, Any]] = {"fail": True}


class LoginPage(Switched):
    """200, and a page to log in on."""

    id = "pagerduty-login-page"
    title = "A login page is answered, with 200."
    switches: ClassVar[Mapping[str, Any]] = {"login_page": True}


class OtherAccount(Switched):
    """Good answers, of another account."""

    id = "pagerduty-other-account"
    title = "The account that answers is not the pinned one."
    switches: ClassVar[Mapping[str, Any]] = {"account": "somebody-else"}


class SecondPageFails(Switched):
    """The first page is good, says that there is more, and that cannot be had."""

    id = "pagerduty-second-page-fails"
    title = "PagerDuty gives the first page of a listing, and fails on the second."
    references = ("D1.9",)
    # There is no maintenance window, and so no second page of them.
    expected: ClassVar[Mapping[str, Verdict]] = unknown(*ROTA, *INCIDENTS)
    switches: ClassVar[Mapping[str, Any]] = {"second_page_fails": True}


class Endless(Switched):
    """There always is more, and it always is the same."""

    id = "pagerduty-endless"
    title = "Every page of a listing is the first, and says that there is more."
    references = ("D1.9",)
    switches: ClassVar[Mapping[str, Any]] = {"endless": True}


class Killed(PeopleFault, standins.Killed):
    """Nobody listens."""

    id = "pagerduty-killed"
    title = "PagerDuty cannot be reached."
    expected: ClassVar[Mapping[str, Verdict]] = unknown(*EVERYTHING)


class Hung(PeopleFault, standins.Hung):
    """The kernel accepts connections for a process that does nothing."""

    id = "pagerduty-hung"
    title = "PagerDuty accepts connections and never answers."
    expected: ClassVar[Mapping[str, Verdict]] = unknown(*EVERYTHING)


FAULTS: tuple[type[Fault], ...] = (
    TokenRefused,
    Forbidden,
    RateLimited,
    BadGateway,
    LoginPage,
    OtherAccount,
    SecondPageFails,
    Endless,
    Killed,
    Hung,
)
