"""Rotations by the clock: on both days on which it is changed in Sydney, no hour is lost and none is double."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apgms_ops.sandbox.pagerduty_process import rota

SYDNEY = ZoneInfo("Australia/Sydney")
SPRING, AUTUMN = datetime(2026, 10, 4, tzinfo=SYDNEY), datetime(2027, 4, 4, tzinfo=SYDNEY)


def schedule(*layers: dict[str, Any]) -> dict[str, Any]:
    """Return a schedule; without layers, two people who hand over daily at nine."""
    return {"time_zone": "Australia/Sydney", "layers": list(layers) or [layer()]}


def layer(**values: Any) -> dict[str, Any]:  # noqa: ANN401 — JSON
    """Return a layer."""
    base = {"start": "2026-01-05T09:00:00", "end": None, "users": ["A", "B"], "turn": 86_400, "restrictions": []}
    return base | values


def week(day: datetime) -> tuple[datetime, datetime]:
    """Return a week around a day."""
    since = (day - timedelta(days=3)).astimezone(UTC)
    return since, since + timedelta(days=7)


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_the_hand_over_stays_at_nine(day: datetime) -> None:
    """Turn follows turn without a gap, in alternation, and each begins at nine by the clock."""
    found = rota.spans(schedule(), *week(day))
    assert all(before[1] == after[0] and before[2] != after[2] for before, after in pairwise(found))
    assert {start.astimezone(SYDNEY).hour for start, _, _ in found} == {9}
    lengths = {end - start for start, end, _ in found}
    assert lengths == {timedelta(hours=24), timedelta(hours=23 if day is SPRING else 25)}
    assert rota.covered(found, *week(day)) == 100


@pytest.mark.parametrize(("day", "missing"), [(SPRING, 6), (AUTUMN, 7)])
def test_an_hour_that_nobody_has_is_missing_each_night(day: datetime, missing: int) -> None:
    """Without the time from two to three: an hour a night, but for the night that has no such hour."""
    nights = {"type": "daily_restriction", "start_time_of_day": "03:00:00", "duration_seconds": 82_800}
    since, until = week(day)
    found = rota.spans(schedule(layer(restrictions=[nights])), since, until)
    gaps = [(b[0] - a[1]) for a, b in pairwise(found) if b[0] > a[1]]
    assert len(gaps) == missing
    assert all(timedelta(0) < gap <= timedelta(hours=2) for gap in gaps)


def test_a_later_layer_goes_before_an_earlier_one() -> None:
    """Whoever stands in for an hour takes that hour, and no more."""
    hour = {"type": "daily_restriction", "start_time_of_day": "12:00:00", "duration_seconds": 3600}
    since = datetime(2026, 11, 27, 0, tzinfo=UTC)
    found = rota.spans(schedule(layer(), layer(users=["C"], restrictions=[hour])), since, since + timedelta(hours=6))
    assert [user for _, _, user in found].count("C") == 1
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    assert rota.covered(found, since, since + timedelta(hours=6)) == 100


def test_a_layer_ends() -> None:
    """After its end nobody is on call."""
    since = datetime(2026, 11, 27, 0, tzinfo=UTC)
    end = (since + timedelta(days=1)).isoformat()
    found = rota.spans(schedule(layer(end=end)), since, since + timedelta(days=2))
    assert max(last for _, last, _ in found) == since + timedelta(days=1)
    assert rota.covered(found, since, since + timedelta(days=2)) == 50
