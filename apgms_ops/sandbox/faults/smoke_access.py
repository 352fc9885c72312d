"""A gateway that lets in whom it must not, or nobody."""

from collections.abc import Mapping
from typing import ClassVar

from apgms_ops.sandbox.faults import smoke_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.services import ApiGateway
from apgms_ops.verdict import Verdict


class _Gateway(tools.Switched):
    component = ApiGateway.name
    places = tools.GATEWAYS


class LogInBroken(_Gateway):
    """Whoever is in stays in for a quarter of an hour, so that no graph falls."""

    id = "smoke-log-in-broken"
    title = "Nobody can log in: every log-in is answered 500."
    switches: ClassVar = {"login_fails": True}
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.SECOND_FACTOR: Verdict.FAIL,
        tools.TOKEN: Verdict.FAIL,
        tools.FORGED: Verdict.UNKNOWN,
        tools.EMPLOYER: Verdict.UNKNOWN,
        tools.PAYMENT: Verdict.UNKNOWN,
        tools.LEDGER: Verdict.UNKNOWN,
    }
    may_notice: ClassVar[frozenset[str]] = tools.LOGGED_IN | {tools.CLOCKS}


class OtpOptional(_Gateway):
    """Whoever has a code may show it."""

    id = "smoke-log-in-without-otp"
    title = "A log-in without a one-time password is answered with a token, which then opens nothing."
    switches: ClassVar = {"otp_optional": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.SECOND_FACTOR: Verdict.FAIL}


class OneFactor(_Gateway):
    """A password is enough, from the log-in to the payment."""

    id = "smoke-token-without-mfa"
    title = "A token that was got with a password alone opens every route."
    switches: ClassVar = {"otp_optional": True, "accept_one_factor": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.SECOND_FACTOR: Verdict.FAIL}
    may_notice: ClassVar[frozenset[str]] = frozenset({tools.FORGED})


class Anonymous(_Gateway):
    """Somebody has turned the check around."""

    id = "smoke-no-token-needed"
    title = "A request without a token is answered as if a customer had made it."
    switches: ClassVar = {"accept_anonymous": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.NO_TOKEN: Verdict.FAIL}


class Forged(_Gateway):
    """It is read, and not verified."""

    id = "smoke-token-forged"
    title = "A token is believed whoever signed it, or nobody."
    switches: ClassVar = {"accept_forged": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.FORGED: Verdict.FAIL}


class LongToken(_Gateway):
    """Convenient, and still good when it is found in a log."""

    id = "smoke-token-lives-long"
    title = "Tokens live for a day."
    switches: ClassVar = {"token_seconds": 86_400, "accept_long_tokens": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.TOKEN: Verdict.FAIL}


class ExpiredToken(_Gateway):
    """It says when it ends, and nobody reads that."""

    id = "smoke-token-outlives-itself"
    title = "Tokens live for a second, as they say themselves, and go on to open every route."
    # Times of tokens and answers are whole seconds: a walk must last for some of them to be seen using an old token.
    switches: ClassVar = {"token_seconds": 1, "accept_expired_tokens": True, "journey_ms": 150.0}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.TOKEN: Verdict.FAIL}


class TenantsOpen(_Gateway):
    """The token is looked at, and whose the books are is not."""

    id = "smoke-tenants-open"
    title = "A tenant reads another tenant's ledger, payments and audit events."
    references = ("P5.9",)
    switches: ClassVar = {"open_tenants": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.OTHER_TENANT: Verdict.FAIL}


FAULTS: tuple[type[Fault], ...] = (
    LogInBroken,
    OtpOptional,
    OneFactor,
    Anonymous,
    Forged,
    LongToken,
    ExpiredToken,
    TenantsOpen,
)
