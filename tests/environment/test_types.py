"""Durations and ratios with their unit."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apgms_ops.environment.types import format_duration, format_ratio, parse_duration, parse_ratio


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("250ms", 250), ("15s", 15_000), ("30m", 1_800_000), ("1h", 3_600_000), ("2w", 1_209_600_000), ("0.3s", 300)],
)
def test_a_duration_is_read_with_its_unit(text: str, milliseconds: int) -> None:
    """Each unit means what it says, to the microsecond."""
    assert parse_duration(text) == timedelta(milliseconds=milliseconds)


@pytest.mark.parametrize(
    "value",
    ["250", 250, 1.5, True, None, "", "ms", "-1s", "0s", "1 s", "1S", "1y", "1e3s", "0.0001ms", "9999999w", "\u0661s"],
)
def test_what_is_no_duration_is_refused(value: object) -> None:
    """A number without unit, nothing, less than nothing, or more than ten years is refused."""
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(value)


@settings(deadline=None)
@given(st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=3660)))
def test_a_duration_reads_back_as_it_was(value: timedelta) -> None:
    """A duration that was written reads back as the same, to the microsecond."""
    assert parse_duration(format_duration(value)) == value


@pytest.mark.parametrize(("text", "ratio"), [("99.9%", "0.999"), ("100 %", "1"), ("0%", "0"), ("99.999%", "0.99999")])
def test_a_ratio_is_exact(text: str, ratio: str) -> None:
    """A percentage is read as an exact decimal, and reads back."""
    assert parse_ratio(text) == Decimal(ratio)
    assert parse_ratio(format_ratio(Decimal(ratio))) == Decimal(ratio)


@pytest.mark.parametrize("value", ["99.9", 0.999, 1, True, "101%", "-1%", "%", None, "1e1%"])
def test_what_is_no_ratio_is_refused(value: object) -> None:
    """A number without its sign, or beyond 100 %, is refused."""
    with pytest.raises(ValueError, match="expected a percentage"):
        parse_ratio(value)
