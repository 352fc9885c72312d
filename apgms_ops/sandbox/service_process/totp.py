"""One-time passwords of an authenticator app: RFC 6238 with its usual choices (SHA-1, 30 s, six digits)."""

import base64
import hashlib
import hmac
from typing import Final

STEP: Final = 30
"""Seconds that a code is shown for."""
_DIGITS: Final = 6


def code(secret: str, at: float) -> str:
    """Return the code that is shown at a time, in seconds since 1970, for a secret in base32."""
    counter = int(at // STEP).to_bytes(8, "big")
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def accepted(secret: str, given: str, at: float) -> bool:
    """Whether a code is the one that is shown, or was or will be a step away, for clocks that differ."""
    shown = (code(secret, at + STEP * steps) for steps in (-1, 0, 1))
    return any(hmac.compare_digest(known.encode(), given.encode()) for known in shown)
