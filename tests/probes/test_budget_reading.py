"""Maintenance windows are merged before their requests are taken out."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.environment.model import Maintenance
from apgms_ops.probes.budget_reading import spans

TIMES = st.datetimes(datetime(2026, 11, 1), datetime(2026, 11, 2), timezones=st.just(UTC))  # noqa: DTZ001 — bounds are naive


def maintenance(start: datetime, end: datetime, service: str = "api-gateway") -> Maintenance:
    """Return a declared window."""
    return Maintenance.model_validate({"service": service, "from": start, "to": end, "reason": "CHG-1"})


@given(st.lists(st.tuples(TIMES, TIMES).filter(lambda t: t[0] < t[1]), max_size=6))
def test_no_moment_is_taken_out_twice(windows: list[tuple[datetime, datetime]]) -> None:
    """Merged windows are apart, in order, and hold every moment that a declared one holds."""
    merged = spans([maintenance(*window) for window in windows], "api-gateway")
    assert all(a[1] < b[0] for a, b in pairwise(merged))
    assert all(any(a <= start and end <= b for a, b in merged) for start, end in windows)
    assert {bound for span in merged for bound in span} <= {bound for window in windows for bound in window}


def test_windows_of_other_services_do_not_count() -> None:
    """Maintenance of one service takes nothing out of another's."""
    window = maintenance(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC), "payments")
    assert spans([window], "api-gateway") == ()
