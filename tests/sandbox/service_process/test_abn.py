"""The check of a business number is the register's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.sandbox.service_process.abn import numbered, valid


@pytest.mark.parametrize("abn", ["53004085616", "51824753556", "11000000948", "64600000010"])
def test_a_number_with_right_check_digits_is_valid(abn: str) -> None:
    """Numbers that pass modulus 89 are taken."""
    assert valid(abn)


@pytest.mark.parametrize(
    "abn", ["12345678901", "53004085617", "5300408561", "530040856160", "53 004 085 616", "", "\u0665" * 11]
)
def test_any_other_text_is_not(abn: str) -> None:
    """Wrong digits, too few, too many, spaces and digits of other scripts are refused."""
    assert not valid(abn)


def test_one_wrong_digit_is_always_noticed() -> None:
    """No number that differs in one digit from a valid one is valid."""
    good = "53004085616"
    wrong = [good[:i] + digit + good[i + 1 :] for i in range(11) for digit in "0123456789" if digit != good[i]]
    assert not [abn for abn in wrong if valid(abn)]


@given(st.text("0123456789", min_size=9, max_size=9))
def test_nine_digits_make_one_number(digits: str) -> None:
    """Two check digits are put before them, of which no others are right."""
    made = numbered(digits)
    assert made.endswith(digits)
    assert [f"{check}{digits}" for check in range(10, 99) if valid(f"{check}{digits}")] == [made]


@pytest.mark.parametrize("digits", ["", "12345678", "1234567890", "12345678x", "-12345678"])
def test_other_digits_make_none(digits: str) -> None:
    """Too few, too many and what is no digit are refused."""
    with pytest.raises(ValueError, match="nine digits"):
        numbered(digits)
