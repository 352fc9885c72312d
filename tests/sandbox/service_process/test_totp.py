"""One-time passwords are those of RFC 6238."""

from base64 import b32encode

import pytest

from apgms_ops.sandbox.service_process.totp import accepted, code

SECRET = b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "expected"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(at: int, expected: str) -> None:
    """The test vectors of RFC 6238, appendix B, cut to six digits."""
    assert code(SECRET, at) == expected


def test_a_code_is_accepted_a_step_early_or_late_and_not_two() -> None:
    """Clocks may differ by half a minute."""
    shown = code(SECRET, 1_000_000)
    assert [accepted(SECRET, shown, 1_000_000 + 30 * steps) for steps in (-2, -1, 0, 1, 2)] == [
        False, True, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("given", ["", "12345", "abcdef", "\u0665\u0665\u0665\u0665\u0665\u0665"])
def test_what_is_no_code_is_not_accepted(given: str) -> None:
    """Nonsense is refused, not raised."""
    assert not accepted(SECRET, given, 1_000_000)
