"""What must be withheld from a pay (PAYGW), by the ATO's statement of formulas (NAT 1004): an oracle for the checks.

Written from the ATO's text alone, and kept apart from anything that is checked with it. All of it is whole numbers:
the coefficients have four decimals, so nothing is ever rounded but where the ATO says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, Final

from apgms_ops.compliance import data
from apgms_ops.errors import Unobserved

_FILE: Final = "withholding.toml"
_UNIT: Final = 10_000
"""Coefficients are kept in ten-thousandths."""
_CENTS: Final = 100
_DOLLAR: Final = _UNIT * _CENTS
"""Of a coefficient times cents."""
_WEEKS_OF_A_QUARTER: Final = 13
_MONTHS_OF_A_QUARTER: Final = 3


class PayPeriod(StrEnum):
    """How often is paid."""

    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"


@dataclass(frozen=True, slots=True)
class Row:
    """Coefficients for weekly earnings below a bound."""

    below: int | None
    """Dollars; None in the last row."""
    a: int
    """Ten-thousandths."""
    b: int
    """Ten-thousandths of a dollar; one of scale 1 is negative, as the ATO notes."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One publication of the coefficients."""

    name: str
    first: date
    """The first pay date that it covers."""
    last: date
    """The last one."""
    source: str
    scale_1: tuple[Row, ...]
    """Where the tax-free threshold is not claimed."""
    scale_2: tuple[Row, ...]
    """Where it is."""


@cache
def schedules() -> tuple[Schedule, ...]:
    """Return the packaged schedules, the oldest first."""
    found = (_schedule(entry) for entry in data.read(_FILE)["schedules"])
    return tuple(sorted(found, key=lambda schedule: schedule.first))


def schedule_of(pay_date: date) -> Schedule:
    """Return the schedule that covers a pay date.

    Raises:
        Unobserved: None does; the text says what to add, and where.
    """
    for schedule in schedules():
        if schedule.first <= pay_date <= schedule.last:
            return schedule
    known = "; ".join(f"{schedule.name} covers {schedule.first} to {schedule.last}" for schedule in schedules())
    msg = (
        f"no table covers the pay date {pay_date}: add the ATO's Schedule 1 (NAT 1004) that applies then to "
        f"apgms_ops/compliance/{_FILE} ({known})"
    )
    raise Unobserved(msg)


def withheld_cents(gross_cents: int, period: PayPeriod, pay_date: date, *, tax_free_threshold: bool) -> int:
    """Return what must be withheld from a pay, in cents; always whole dollars.

    Args:
        gross_cents: The pay, not below 0.
        period: How often is paid.
        pay_date: When it is paid, by which the table is chosen.
        tax_free_threshold: Whether it is claimed: scale 2, otherwise scale 1.

    Raises:
        Unobserved: No table covers the pay date.
        ValueError: The pay is negative.
    """
    if gross_cents < 0:
        msg = f"a pay is 0 or more cents, not {gross_cents}"
        raise ValueError(msg)
    schedule = schedule_of(pay_date)
    weekly = _weekly_dollars(gross_cents, period)
    withheld = _rounded(weekly, schedule.scale_2 if tax_free_threshold else schedule.scale_1)
    return _of_period(withheld, period) * _CENTS


def _weekly_dollars(cents: int, period: PayPeriod) -> int:
    """Return the whole dollars of the weekly equivalent; cents are ignored, as the ATO says."""
    match period:
        case PayPeriod.WEEKLY:
            return cents // _CENTS
        case PayPeriod.FORTNIGHTLY:
            return cents // (2 * _CENTS)
        case PayPeriod.MONTHLY:
            # "if the result is an amount ending in 33 cents, add one cent"
            third = cents + 1 if cents % _CENTS == 33 else cents  # noqa: PLR2004 — the ATO's words
            return third * _MONTHS_OF_A_QUARTER // (_WEEKS_OF_A_QUARTER * _CENTS)
        case PayPeriod.QUARTERLY:
            return cents // (_WEEKS_OF_A_QUARTER * _CENTS)


def _rounded(weekly: int, scale: Sequence[Row]) -> int:
    """Return the weekly amount in whole dollars: to the nearest one, 50 cents upwards, with no rounding before."""
    cents = weekly * _CENTS + 99  # x: the whole dollars, plus 99 cents
    row = next(row for row in scale if row.below is None or cents < row.below * _CENTS)
    exact = row.a * cents - row.b * _CENTS
    return max(0, (exact + _DOLLAR // 2) // _DOLLAR)


def _of_period(weekly: int, period: PayPeriod) -> int:
    match period:
        case PayPeriod.WEEKLY:
            return weekly
        case PayPeriod.FORTNIGHTLY:
            return weekly * 2
        case PayPeriod.MONTHLY:
            # To the nearest dollar; a third is never half of one.
            return (weekly * _WEEKS_OF_A_QUARTER * 2 + _MONTHS_OF_A_QUARTER) // (2 * _MONTHS_OF_A_QUARTER)
        case PayPeriod.QUARTERLY:
            return weekly * _WEEKS_OF_A_QUARTER


def _schedule(entry: dict[str, Any]) -> Schedule:
    scale_1, scale_2 = (tuple(map(_row, entry[scale])) for scale in ("scale_1", "scale_2"))
    return Schedule(entry["name"], entry["first"], entry["last"], entry["source"], scale_1, scale_2)


def _row(entry: list[str]) -> Row:
    below, a, b = entry
    return Row(int(below) if below else None, _units(a), _units(b))


def _units(text: str) -> int:
    """Return a decimal of at most four places in ten-thousandths."""
    whole, _, part = text.removeprefix("-").partition(".")
    value = int(whole) * _UNIT + int(part.ljust(4, "0"))
    return -value if text.startswith("-") else value
