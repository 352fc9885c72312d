"""How a run, or a job, takes its course by the clock: queued, in progress, completed. Pure."""

from datetime import UTC, datetime
from typing import Any, Final

_QUEUED: Final = 0.2
"""Share of its time for which it waits."""


def standing(record: dict[str, Any], now: float) -> tuple[str, str | None]:
    """Return `status` and `conclusion` of a record that begins `at` and takes `takes` seconds."""
    passed = now - record["at"]
    if passed >= record["takes"]:
        return "completed", record["conclusion"]
    return ("queued" if passed < record["takes"] * _QUEUED else "in_progress"), None


def time_of(seconds: float) -> str:
    """Return a time as GitHub writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ended(record: dict[str, Any], now: float) -> str | None:
    """Return when a record was completed, or None."""
    return time_of(record["at"] + record["takes"]) if standing(record, now)[0] == "completed" else None
