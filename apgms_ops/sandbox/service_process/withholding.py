"""What is withheld of a payment: the formulas of the Australian Taxation Office's Schedule 1 (NAT 1004), in cents.

Earnings are brought to a week, the cents cut off, and 99 cents added; a x - b of that is rounded to the nearest
dollar, 50 cents up; and that is brought back to the pay period. Every step is exact: fractions, never floats. Source:
ATO, Schedule 1, "Working out the weekly earnings", published 16 June 2024, and "Rounding of withholding amounts".
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from apgms_ops.sandbox.service_process.withholding_tables import Scale

_WEEKS: Final[Mapping[str, Fraction]] = {
    "weekly": Fraction(1),
    "fortnightly": Fraction(2),
    "monthly": Fraction(13, 3),
    "quarterly": Fraction(13),
}
"""Pay period → how many weeks it is."""
PERIODS: Final = tuple(_WEEKS)
_THIRD: Final = 33
"""Monthly earnings that end in so many cents are a third of something: a cent is added to them."""
_PARTS: Final = 1_000_000
"""Of a dollar, in which a x - b is whole: x has two decimals, a and b have four."""

Rounding = Callable[[Fraction], int]
"""Makes whole dollars of dollars."""


def nearest(dollars: Fraction) -> int:
    """Return the nearest dollar, for 50 cents the next higher one."""
    return int((dollars + Fraction(1, 2)) // 1)


def down(dollars: Fraction) -> int:
    """Return the dollars with their cents cut off, which is not what is prescribed."""
    return int(dollars // 1)


def withheld(gross_cents: int, pay_period: str, scale: Scale, to_dollars: Rounding = nearest) -> int:
    """Return what is withheld, in cents.

    Args:
        gross_cents: What is earned in the pay period, 0 or more.
        pay_period: One of PERIODS.
        scale: The coefficients that apply.
        to_dollars: How dollars are made whole.
    """
    week = to_dollars(_formula(_weekly_dollars(gross_cents, pay_period), scale))
    return 100 * to_dollars(week * _WEEKS[pay_period])


def withheld_exactly(gross_cents: int, pay_period: str, scale: Scale) -> int:
    """Return it to the cent, as a program gets it that knows nothing of whole dollars; it is not what is prescribed."""
    week = _formula(_weekly_dollars(gross_cents, pay_period), scale)
    return nearest(100 * week * _WEEKS[pay_period])


def _weekly_dollars(gross_cents: int, pay_period: str) -> int:
    """Return the earnings of a week, whose cents are cut off."""
    if pay_period == "monthly" and gross_cents % 100 == _THIRD:
        gross_cents += 1
    return int(Fraction(gross_cents, 100) / _WEEKS[pay_period] // 1)


def _formula(dollars: int, scale: Scale) -> Fraction:
    """Return a x - b for the x that so many whole dollars make, never less than nothing."""
    band = next(band for band in scale if band.below is None or dollars < band.below)
    parts = band.a * (100 * dollars + 99) - 100 * band.b
    return Fraction(max(0, parts), _PARTS)
