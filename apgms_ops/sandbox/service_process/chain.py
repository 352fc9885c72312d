"""The hash chain that audit log and ledger are written in, as APGMS specifies it.

`hash = SHA-256(prev_hash ‖ RFC 8785 of the row's fields)`. `prev_hash` goes in as the 64 characters that are stored,
the fields as the UTF-8 bytes of their canonical JSON, with nothing between them; the first row's `prev_hash` is 64
zeros. A time is written in UTC, always with six digits of microseconds: `2026-11-24T01:02:03.000004Z`.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785

GENESIS: Final = "0" * 64
"""The `prev_hash` of the first row."""


def instant(at: datetime) -> str:
    """Return a time as it is hashed: `2026-11-24T01:02:03.000004Z`.

    Raises:
        ValueError: It has no zone.
    """
    if at.tzinfo is None:
        msg = f"{at} has no zone"
        raise ValueError(msg)
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def canonical(value: Any) -> str:  # noqa: ANN401 — any JSON
    """Return the canonical JSON (RFC 8785) of a value.

    Raises:
        ValueError: It holds what canonical JSON cannot say: NaN, an integer beyond 2⁵³, half a surrogate pair.
    """
    return rfc8785.dumps(value).decode()


def link(prev_hash: str, fields: Mapping[str, Any]) -> str:
    """Return the hash of a row that follows the row with the hash `prev_hash`, in lower-case hex.

    Args:
        prev_hash: 64 hex digits.
        fields: What the row's hash vouches for, times by `instant`.

    Raises:
        ValueError: A field holds what canonical JSON cannot say.
    """
    return hashlib.sha256(f"{prev_hash}{canonical(dict(fields))}".encode()).hexdigest()
