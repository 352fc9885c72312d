"""How long PagerDuty asks to wait. Pure."""

from datetime import datetime
from typing import Final

from apgms_ops.clients.http.answer import Answer
from apgms_ops.clients.http.client import TOO_MANY
from apgms_ops.clients.http.retry_after import seconds_to_wait

_RESET: Final = "ratelimit-reset"
"""Seconds until the limit is over, not a time; sent without `Retry-After`, as far as is known."""


def limited(answer: Answer, now: datetime, tries: int) -> float | None:
    """Return the seconds that a rate limit asks to wait, or None of an answer that is none.

    Args:
        answer: What came.
        now: The present.
        tries: How many limits came before.
    """
    if answer.status != TOO_MANY:
        return None
    headers = answer.headers
    return seconds_to_wait(headers.get("retry-after", headers.get(_RESET)), now=now, tries=tries)
