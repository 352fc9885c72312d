"""One-time passwords of an authenticator app: RFC 6238 with its usual choices (SHA-1, 30 s, six digits). Pure."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

from apgms_ops.errors import ConfigurationError
from apgms_ops.secret import Secret

STEP: Final = 30
"""Seconds that a code is shown for."""
_DIGITS: Final = 6
_BASE32_BLOCK: Final = 8


def code(secret: Secret, at: float) -> str:
    """Return the code that is shown at a time.

    Args:
        secret: In base32; spaces and missing padding do not matter.
        at: Seconds since 1970.

    Raises:
        ConfigurationError: The secret is no base32; the text does not repeat it.
    """
    text = secret.reveal().replace(" ", "").upper().rstrip("=")
    try:
        key = base64.b32decode(text + "=" * (-len(text) % _BASE32_BLOCK))
    except binascii.Error:
        msg = "the secret of the second factor (otp_secret) is not base32"
        raise ConfigurationError(msg) from None
    digest = hmac.new(key, int(at // STEP).to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def wrong_code(secret: Secret, at: float) -> str:
    """Return a code that is not shown now, and neither just before nor just after."""
    shown = {code(secret, at + STEP * steps) for steps in (-2, -1, 0, 1, 2)}
    return next(wrong for number in range(10) if (wrong := f"{number:0{_DIGITS}d}") not in shown)
