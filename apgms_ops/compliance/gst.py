"""The GST in a price, or on top of one: an oracle for the checks. Whole cents in, whole cents out."""

from typing import Final

SOURCE: Final = (
    "A New Tax System (Goods and Services Tax) Act 1999: s 9-70 (10 %), s 9-90 (to the nearest cent, half up)"
)


def gst_cents(amount_cents: int, *, inclusive: bool) -> int:
    """Return the GST of an amount: 1/11 of a price that holds it, 10 % of one that does not; half a cent goes up.

    Raises:
        ValueError: The amount is negative.
    """
    if amount_cents < 0:
        msg = f"an amount is 0 or more cents, not {amount_cents}"
        raise ValueError(msg)
    parts = 11 if inclusive else 10
    return (2 * amount_cents + parts) // (2 * parts)
