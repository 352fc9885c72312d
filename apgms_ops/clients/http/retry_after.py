"""How long a rate-limited answer asks us to wait. Pure."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LEAST = 0.5
"""Seconds waited where the answer says 0, a negative number, a time that has passed, or nothing that can be read."""


def seconds_to_wait(value: str | None, *, now: datetime, tries: int) -> float:
    """Return the seconds to wait before the next try.

    Args:
        value: The header `Retry-After`: seconds, an HTTP date, nonsense, or None where there is none.
        now: The present, for a date.
        tries: How many answers of this kind came before; without a usable header the wait doubles with each.
    """
    fallback = float(_LEAST * 2 ** min(tries, 16))
    if value is None:
        return fallback
    asked = value.strip()
    try:
        wait = float(asked) if asked.lstrip("+-").isdecimal() else (_date(asked) - now).total_seconds()
    except (ValueError, OverflowError):
        return fallback
    return wait if wait > 0 else fallback


def _date(text: str) -> datetime:
    at = parsedate_to_datetime(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
