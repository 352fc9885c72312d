"""Goods and services tax: a tenth of the value, an eleventh of a price that holds it, in whole cents.

A fraction of a cent is rounded to the nearest cent, half a cent up: A New Tax System (Goods and Services Tax) Act 1999,
sections 9-70 and 9-90 (1).
"""

from typing import Final

_EXCLUSIVE: Final = 10
_INCLUSIVE: Final = 11


def gst(cents: int, *, inclusive: bool) -> int:
    """Return the tax on one supply, in cents.

    Args:
        cents: Its price, 0 or more.
        inclusive: Whether the tax is in the price.
    """
    parts = _parts(inclusive=inclusive)
    return (2 * cents + parts) // (2 * parts)


def gst_cut_off(cents: int, *, inclusive: bool) -> int:
    """Return the tax with its fraction of a cent cut off, which is not what is prescribed."""
    return cents // _parts(inclusive=inclusive)


def _parts(*, inclusive: bool) -> int:
    return _INCLUSIVE if inclusive else _EXCLUSIVE
