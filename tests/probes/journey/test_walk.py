"""A whole walk through the front door of an honest platform: everything is seen to be right, and nothing is left."""

from dataclasses import replace

import pytest

from apgms_ops.errors import Unobserved
from apgms_ops.probes.journey.facts import Journey
from tests.probes.journey.conftest import Walker
from tests.probes.journey.platform import OTP, USERS, Platform


def wrong(seen: Journey, walker: Walker) -> list[str]:
    """Return everything that any check would find."""
    rules = walker.rules
    return [
        *seen.access.without_token(),
        *seen.access.forged(),
        *seen.access.without_second_factor(),
        *seen.access.token_wrong(rules),
        *seen.access.not_explained(),
        *seen.lookups.active_wrong(),
        *seen.lookups.cancelled_wrong(),
        *seen.lookups.invalid_taken(),
        *seen.calculations.paygw_wrong(),
        *seen.calculations.gst_wrong(),
        *seen.books.employer_wrong(),
        *seen.books.deposits_wrong(),
        *seen.books.paid_too_early(),
        *seen.books.closing_wrong(),
        *seen.books.payment_wrong(rules),
        *seen.books.replay_wrong(),
        *seen.books.other_body_taken(),
        *seen.books.not_acknowledged(rules),
        *seen.books.ledger_wrong(),
        *seen.trail.missing(rules),
        *seen.trail.altered(),
        *seen.isolation.seen_by_others(),
        *seen.timing.slow_steps(rules),
        *seen.timing.slow_walk(rules),
        *seen.timing.clocks_off(rules),
        *seen.leftovers.residue(rules),
    ]


def test_an_honest_platform_is_green(walker: Walker, platform: Platform) -> None:
    """On a platform that does what it promises, no check finds anything, and the walk came to its end."""
    seen = walker.walk()
    assert seen.stopped is None
    assert wrong(seen, walker) == []
    assert platform.office.employers == {}
    assert platform.office.out_of_balance == []
    assert walker.journals() == []


def test_a_second_walk_is_as_green(walker: Walker, platform: Platform) -> None:
    """What an earlier walk left in the append-only ledger does not disturb the next one under the same number."""
    for _ in range(4):
        assert wrong(walker.walk(), walker) == []
    assert platform.office.employers == {}


def test_every_request_has_a_correlation_id_of_its_own(walker: Walker) -> None:
    """No two requests share a correlation id, but for those that look at the same thing again."""
    seen = walker.walk()
    ids = [one.correlation_id for one in seen.exchanges.values()]
    assert len(set(ids)) == len(ids)
    assert all(one.startswith(f"smoke-{seen.walk}-") for one in ids)


def test_two_walks_use_other_keys_and_ids(walker: Walker) -> None:
    """A run has ids and keys that no other run has."""
    first, second = walker.walk(), walker.walk()
    assert first.walk != second.walk


def test_no_secret_is_in_the_facts_or_the_payloads(walker: Walker) -> None:
    """Neither password, nor second factor, nor any token is recorded."""
    text = repr(walker.walk()) + repr(walker.recorder.seen)
    for secret in (OTP, *USERS, *(password for _, password in USERS.values()), "eyJ", "accessToken"):
        assert secret not in text


def test_read_only_writes_nothing(walker: Walker, platform: Platform) -> None:
    """With --read-only, the walk looks and calculates, and no employer, deposit or payment is asked for."""
    seen = walker.walk(read_only=True)
    assert seen.stopped is None
    assert seen.read_only
    assert not [one for one in platform.seen if one.startswith(("employer", "deposit", "payment", "period"))]
    assert not seen.calculations.paygw_wrong()
    assert not seen.lookups.invalid_taken()
    assert not seen.trail.missing(walker.rules)
    assert not seen.timing.slow_walk(walker.rules)


def test_nothing_is_right_of_what_is_not_recorded(walker: Walker) -> None:
    """A walk whose calculations are not recorded says nothing of PAYGW or GST: that is no pass."""
    seen = replace(walker.walk(), sums=())
    for judged in (seen.calculations.paygw_wrong, seen.calculations.gst_wrong):
        with pytest.raises(Unobserved, match="no calculation of"):
            judged()
