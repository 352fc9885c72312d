"""GitHub's rate limits, which come as 403 as well as 429. Pure."""

from datetime import UTC, datetime
from typing import Final

from apgms_ops.clients.http.answer import Answer
from apgms_ops.clients.http.retry_after import seconds_to_wait

_STATUSES: Final = (403, 429)
_SECONDARY: Final = 60.0
"""Seconds to wait at least where a secondary limit names none; twice as long each further time."""
_LEAST: Final = 1.0
_WORDS: Final = ("secondary rate limit", "rate limit exceeded", "abuse detection")
"""What the message of a limit says, in some spelling; without any of them a 403 is a refusal."""


def limited(answer: Answer, now: datetime, tries: int) -> float | None:
    """Return the seconds that a rate limit asks to wait, or None of an answer that is none.

    Args:
        answer: What came.
        now: The present.
        tries: How many limits came before.
    """
    if answer.status not in _STATUSES:
        return None
    asked = answer.headers.get("retry-after")
    if asked is not None:
        return seconds_to_wait(asked, now=now, tries=tries)
    if answer.headers.get("x-ratelimit-remaining", "").strip() == "0":
        reset = _reset(answer.headers.get("x-ratelimit-reset", ""))
        if reset is not None:
            return max(_LEAST, (reset - now).total_seconds() + _LEAST)
    elif answer.status == _STATUSES[0] and not any(words in answer.text[:2000].lower() for words in _WORDS):
        return None
    return float(_SECONDARY * 2 ** min(tries, 10))


def _reset(value: str) -> datetime | None:
    digits = value.strip()
    if not digits.isdecimal():
        return None
    try:
        return datetime.fromtimestamp(int(digits), UTC)
    except (ValueError, OverflowError, OSError):
        return None
