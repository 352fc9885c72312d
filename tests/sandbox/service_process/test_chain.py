"""The hash chain: worked examples, each computed by hand from the specification."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from apgms_ops.sandbox.service_process import chain


def test_a_time_is_hashed_in_utc_with_all_its_microseconds() -> None:
    """Whatever the zone, the text is the same, and no digit is left out."""
    at = datetime(2026, 11, 24, 1, 2, 3, 4, tzinfo=UTC)
    assert chain.instant(at) == "2026-11-24T01:02:03.000004Z"
    assert chain.instant(at.astimezone(timezone(timedelta(hours=11)))) == "2026-11-24T01:02:03.000004Z"
    assert chain.instant(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000Z"


def test_a_time_without_a_zone_is_refused() -> None:
    """It could be any of two dozen times."""
    with pytest.raises(ValueError, match="no zone"):
        chain.instant(datetime(2026, 1, 1))  # noqa: DTZ001 — that is the point


def test_the_link_is_the_digest_of_what_came_before_and_the_canonical_fields() -> None:
    """The previous hash goes in as text, then the fields sorted, without white space."""
    text = '{"action":"a","payload":{"b":1,"ü":"\\n"}}'
    expected = hashlib.sha256(("0" * 64 + text).encode()).hexdigest()
    assert chain.link(chain.GENESIS, {"payload": {"ü": "\n", "b": 1}, "action": "a"}) == expected


@pytest.mark.parametrize("value", [float("nan"), 2**53 + 1, "\ud800"])
def test_what_canonical_json_cannot_say_is_refused(value: object) -> None:
    """It is an error, never a hash of something else."""
    with pytest.raises(ValueError):  # noqa: PT011 — each has words of its own
        chain.canonical({"value": value})
