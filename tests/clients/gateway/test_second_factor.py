"""One-time passwords: RFC 6238's own, and wrong ones."""

import base64

import pytest

from apgms_ops.clients.gateway.second_factor import STEP, code, wrong_code
from apgms_ops.errors import ConfigurationError
from apgms_ops.secret import Secret

RFC = Secret(base64.b32encode(b"12345678901234567890").decode())


@pytest.mark.parametrize(
    ("at", "shown"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_the_rfcs_own_codes_come_out(at: int, shown: str) -> None:
    """RFC 6238, appendix B, the last six digits."""
    assert code(RFC, at) == shown


def test_spaces_and_padding_do_not_matter() -> None:
    """A secret as an app shows it, in groups and in lower case, is the same."""
    grouped = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq"
    assert code(Secret(grouped), 59) == code(RFC, 59)


def test_a_wrong_code_is_none_that_is_shown() -> None:
    """The wrong code is not shown now, nor two steps away."""
    near = {code(RFC, 159 + STEP * step) for step in (-2, -1, 0, 1, 2)}
    assert wrong_code(RFC, 159) not in near
    assert len(wrong_code(RFC, 159)) == 6


def test_what_is_no_base32_is_not_repeated() -> None:
    """A secret that cannot be read is said to be none, and not shown."""
    with pytest.raises(ConfigurationError, match="is not base32") as caught:
        code(Secret("not base 32!"), 0)
    assert "not base 32!" not in str(caught.value)
