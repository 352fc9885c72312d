"""The check digits of an Australian Business Number, as the Australian Taxation Office describes them."""

import re
from typing import Final

_WEIGHTS: Final = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
_MODULUS: Final = 89
_LEAST: Final = 10
"""The check digits are two, so they begin at 10."""
_DIGITS: Final = re.compile(r"[0-9]{11}")


def valid(abn: str) -> bool:
    """Whether a text is an ABN: eleven digits whose weighted sum, one taken from the first, is a multiple of 89."""
    if not _DIGITS.fullmatch(abn):
        return False
    digits = [int(digit) for digit in abn]
    digits[0] -= 1
    return sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=True)) % _MODULUS == 0


def numbered(digits: str) -> str:
    """Return the ABN that nine digits make with the two check digits before them.

    Raises:
        ValueError: They are not nine digits.
    """
    if not re.fullmatch(r"[0-9]{9}", digits):
        msg = f"{digits!r} is not nine digits"
        raise ValueError(msg)
    rest = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS[2:], digits, strict=True))
    return f"{_LEAST + -rest % _MODULUS}{digits}"
