"""Each thing that a platform can do wrong is found by the check whose promise it breaks, in its own words."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.journey.facts import Journey
from tests.probes.journey.conftest import Walker, environment
from tests.probes.journey.platform import Answer, Platform

Judge = Callable[[Journey, Walker], Findings]


def over(**fields: Any) -> Callable[[int, dict[str, Any]], Answer]:  # noqa: ANN401 — JSON
    """Answer as before, but for some fields, where all went well."""
    return lambda status, body: (status, body | fields if status < 300 else body)


def plus(field: str, cents: object) -> Callable[[int, dict[str, Any]], Answer]:
    """Answer with other cents."""

    def answer(status: int, body: dict[str, Any]) -> Answer:
        if field not in body:
            return status, body
        return status, body | {field: body[field] + cents if isinstance(cents, int) else str(body[field])}

    return answer


def instead(status: int, other: int, body: dict[str, Any]) -> Callable[[int, dict[str, Any]], Answer]:
    """Answer otherwise, where it would have been answered with `status`."""
    return lambda was, before: (other, body) if was == status else (was, before)


WRONG: dict[str, tuple[str, Callable[[int, dict[str, Any]], Answer], Judge, str]] = {
    "anonymous": (
        "registries.abn.lookup",
        instead(401, 200, {"abn": "53004085616", "status": "active", "source": "abr"}),
        lambda j, _: j.access.without_token(),
        "no-token.*200, not 401",
    ),
    "forged": (
        "registries.abn.lookup",
        instead(401, 200, {"abn": "53004085616", "status": "active", "source": "abr"}),
        lambda j, _: j.access.forged(),
        "forged-unsigned.*200, not 401.*forged-altered",
    ),
    "one factor": (
        "auth.login",
        instead(401, 200, {"accessToken": "eyJhbGciOiJub25lIn0.e30.", "expiresIn": 900}),
        lambda j, _: j.access.without_second_factor(),
        "without-otp.*200, not 401 mfa_required",
    ),
    "expires": (
        "auth.login",
        over(expiresIn=86400),
        lambda j, w: j.access.token_wrong(w.rules),
        "expiresIn is 86400 s",
    ),
    "silent": (
        "payment.create",
        lambda s, b: (s, {"error": b["error"]} if s >= 400 else b),
        lambda j, _: j.access.not_explained(),
        "pay-too-early.*without message",
    ),
    "no id": (
        "payment.create",
        lambda s, b: (s, b | {"correlationId": "x"} if s >= 400 else b),
        lambda j, _: j.access.not_explained(),
        "under the correlation id 'x', and asked under '?smoke-",
    ),
    "always active": (
        "registries.abn.lookup",
        over(status="active"),
        lambda j, _: j.lookups.cancelled_wrong(),
        "status is 'active', not 'cancelled'",
    ),
    "cached": (
        "registries.abn.lookup",
        over(source="cache"),
        lambda j, _: j.lookups.active_wrong(),
        "source is 'cache', not 'abr'",
    ),
    "bad abn": (
        "employer.register",
        instead(422, 201, {"abn": "12345678901"}),
        lambda j, _: j.lookups.invalid_taken(),
        "employer-invalid.*201, not 422 abn_invalid",
    ),
    "paygw": (
        "calculation.paygw",
        plus("withheldCents", -100),
        lambda j, _: j.calculations.paygw_wrong(),
        r"PAYGW of 100000 cents weekly.*withheldCents is 13700, not 13800 \(NAT 1004 from 1 July 2026\)",
    ),
    "paygw text": (
        "calculation.paygw",
        plus("withheldCents", "text"),
        lambda j, _: j.calculations.paygw_wrong(),
        "withheldCents is '13800', not 13800",
    ),
    "gst": (
        "calculation.gst",
        plus("gstCents", 1),
        lambda j, _: j.calculations.gst_wrong(),
        "gstCents is 1001, not 1000",
    ),
    "again": (
        "employer.register",
        instead(200, 201, {"abn": "1", "legalName": "x", "status": "active", "synthetic": True}),
        lambda j, _: j.books.employer_wrong(),
        "employer-again.*201, not 200",
    ),
    "real": (
        "employer.register",
        over(synthetic=False),
        lambda j, _: j.books.employer_wrong(),
        "synthetic is False, not True",
    ),
    "cent lost": (
        "deposit.create",
        plus("balanceAfterCents", -1),
        lambda j, _: j.books.deposits_wrong(),
        "balanceAfterCents is 12344, not 12345",
    ),
    "balance a text": (
        "deposit.create",
        plus("balanceAfterCents", "text"),
        lambda j, _: j.books.deposits_wrong(),
        "balanceAfterCents is '12345', not 12345",
    ),
    "due": (
        "period.close",
        plus("dueCents", -1),
        lambda j, _: j.books.closing_wrong(),
        "dueCents is 19133, not 19134",
    ),
    "stale": (
        "ledger.read",
        lambda s, b: (s, {"entries": b["entries"][:1]} if s == 200 else b),
        lambda j, _: j.books.deposits_wrong(),
        r"holds the amounts \[12345\], and \[12345, 6789\] were written",
    ),
    "open": (
        "payment.create",
        instead(409, 202, {"paymentId": "x", "state": "PREPARED"}),
        lambda j, _: j.books.paid_too_early(),
        "pay-too-early.*202, not 409 period_open",
    ),
    "conflict": (
        "payment.create",
        lambda s, b: (202, {"paymentId": "x", "state": "SENT"}) if b.get("error") == "idempotency_conflict" else (s, b),
        lambda j, _: j.books.other_body_taken(),
        "pay-otherwise.*202, not 409 idempotency_conflict",
    ),
    "live bank": (
        "payment.read",
        over(bank="a real one"),
        lambda j, w: j.books.payment_wrong(w.rules),
        "went to the bank 'a real one', not to 'synthetic'",
    ),
    "failed": (
        "payment.read",
        over(state="FAILED"),
        lambda j, w: j.books.not_acknowledged(w.rules),
        r"the payment is FAILED, and was not acknowledged within 15s \(test\)",
    ),
    "altered": (
        "audit.read",
        lambda s, b: (s, {"events": [e | {"hash": "f" * 64} for e in b["events"]]} if s == 200 else b),
        lambda j, _: j.trail.altered(),
        "was altered: its hash is not that of its content",
    ),
    "somebody else": (
        "audit.read",
        lambda s, b: (s, {"events": [e | {"actorId": "nobody"} for e in b["events"]]} if s == 200 else b),
        lambda j, w: j.trail.missing(w.rules),
        "was done by nobody, and user-org-smoke did it",
    ),
    "leak": (
        "ledger.read",
        instead(404, 200, {"entries": []}),
        lambda j, _: j.isolation.seen_by_others(),
        "other-ledger.*200, not 404",
    ),
    "residue": (
        "employer.delete",
        instead(204, 500, {"error": "internal", "message": "", "correlationId": ""}),
        lambda j, w: j.leftovers.residue(w.rules),
        "still registered: DELETE was answered with 500 internal; apgms-ops smoke clean removes it",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_found(what: str, walker: Walker, platform: Platform) -> None:
    """The check whose promise is broken says what was seen, and what it had to be."""
    action, alter, judge, words = WRONG[what]
    platform.alter[action] = alter
    with pytest.raises(AssertionError, match=f"(?s){words}"):
        assert not judge(walker.walk(), walker)


def test_a_payment_that_stays_is_found_at_its_deadline(walker: Walker, platform: Platform) -> None:
    """A payment that is never acknowledged is a finding once its time is over, and so is what it leaves behind."""
    platform.office.looks_until_ack = 10**6
    seen = walker.walk()
    assert "the payment is SENT, and was not acknowledged within 15s" in repr(seen.books.not_acknowledged(walker.rules))
    assert "payments_pending" in repr(seen.leftovers.residue(walker.rules))
    assert not seen.trail.missing(walker.rules)


@pytest.mark.parametrize("action", ["deposit.create", "auth.login", "calculation.gst", "payment.read"])
def test_an_event_that_is_missing_is_named(action: str, walker: Walker, platform: Platform) -> None:
    """A step that the audit log does not tell of is named, with its correlation id."""
    platform.unaudited.add(action)
    found = repr(walker.walk().trail.missing(walker.rules))
    assert f"no event {action}, within 5s (test)" in found
    assert "correlation id smoke-" in found


def test_events_without_their_payload_are_not_known(walker: Walker, platform: Platform) -> None:
    """Where the payload is not told, no hash can be recomputed: that is not known, and not green."""

    def without(status: int, body: dict[str, Any]) -> Answer:
        events = [{k: v for k, v in e.items() if k != "payload"} for e in body.get("events", [])]
        return status, {"events": events}

    platform.alter["audit.read"] = without
    with pytest.raises(Unobserved, match="without their payload"):
        walker.walk().trail.altered()


def test_what_comes_after_a_broken_step_is_not_known(walker: Walker, platform: Platform) -> None:
    """A step that fails is a finding; those that were never reached say so, and where the walk ended."""
    platform.alter["deposit.create"] = lambda *_: (500, {"error": "internal"})
    seen = walker.walk()
    assert "500 internal, not 201" in repr(seen.books.deposits_wrong())
    for judge in (seen.books.closing_wrong, seen.books.ledger_wrong, lambda: seen.trail.missing(walker.rules)):
        with pytest.raises(Unobserved, match="was not reached: the walk ended at deposit"):
            judge()
    assert not seen.leftovers.residue(walker.rules)
    assert platform.office.employers == {}


def test_accepted_residue_is_accepted_for_a_while(walker: Walker, platform: Platform) -> None:
    """Residue that the environment accepts by its number is no finding until the acceptance ends."""
    platform.alter["employer.delete"] = lambda *_: (500, {"error": "internal"})
    seen = walker.walk()
    for year, accepted in ((2200, True), (2020, False)):
        expires = datetime(year, 1, 1, tzinfo=UTC)
        rules = [{"name": one.abn, "reason": "test", "expires": expires} for one in seen.residue]
        walker.environment = environment(platform, accepted_residue=rules)
        assert bool(seen.leftovers.residue(walker.rules)) is not accepted
