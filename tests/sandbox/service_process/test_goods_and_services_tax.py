"""GST is a tenth, or an eleventh, rounded to the nearest cent with half a cent up."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.sandbox.service_process.goods_and_services_tax import gst, gst_cut_off

CENTS = st.integers(0, 10**13)


@pytest.mark.parametrize(
    ("cents", "inclusive", "expected"),
    [
        (11_000, True, 1000),
        (10_000, False, 1000),
        (5, False, 1),
        (4, False, 0),
        (6, True, 1),
        (5, True, 0),
        (0, True, 0),
    ],
)
def test_known_prices_have_their_tax(cents: int, expected: int, *, inclusive: bool) -> None:
    """110 dollars hold 10, 100 dollars bear 10, and half a cent is one."""
    assert gst(cents, inclusive=inclusive) == expected


@given(CENTS, st.booleans())
def test_it_is_the_nearest_cent(cents: int, inclusive: bool) -> None:  # noqa: FBT001 — drawn
    """It is off by half a cent at most, and then too high."""
    off = gst(cents, inclusive=inclusive) - Fraction(cents, 11 if inclusive else 10)
    assert Fraction(-1, 2) < off <= Fraction(1, 2)


@given(CENTS)
def test_a_price_holds_the_tax_that_its_value_bears(cents: int) -> None:
    """The tax on a value is the tax in the price that it makes, give or take a cent of rounding."""
    tax = gst(cents, inclusive=False)
    assert abs(gst(cents + tax, inclusive=True) - tax) <= 1


@given(CENTS, st.booleans())
def test_cutting_off_loses_a_cent_or_nothing(cents: int, inclusive: bool) -> None:  # noqa: FBT001 — drawn
    """The wrong way is never more, and never more than a cent less."""
    assert gst(cents, inclusive=inclusive) - gst_cut_off(cents, inclusive=inclusive) in {0, 1}
