"""GST, to the cent."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.compliance.gst import gst_cents

CENTS = st.integers(min_value=0, max_value=10**12)


@pytest.mark.parametrize(
    ("amount", "inclusive", "gst"),
    [(11_000, True, 1_000), (10_000, False, 1_000), (100, True, 9), (5, False, 1), (4, False, 0), (0, True, 0)],
)
def test_known_amounts_come_out(amount: int, inclusive: bool, gst: int) -> None:  # noqa: FBT001 — a parameter
    """An eleventh of a price, a tenth on top of one; half a cent goes up."""
    assert gst_cents(amount, inclusive=inclusive) == gst


@given(cents=CENTS, inclusive=st.booleans())
def test_it_is_the_nearest_cent(*, cents: int, inclusive: bool) -> None:
    """The result is off the exact share by half a cent at most, and by half a cent only upwards."""
    exact = Fraction(cents, 11 if inclusive else 10)
    assert -Fraction(1, 2) < gst_cents(cents, inclusive=inclusive) - exact <= Fraction(1, 2)


def test_a_negative_amount_is_refused() -> None:
    """There is no amount below nothing."""
    with pytest.raises(ValueError, match="0 or more"):
        gst_cents(-1, inclusive=True)
