"""The driver's errors, made ours."""

from typing import TYPE_CHECKING, Final

from apgms_ops.errors import AccessDenied, BadAnswer, DeadlineExceeded, Unobserved, Unreachable

if TYPE_CHECKING:
    import psycopg

_DENIED: Final = ("28", "42501", "25006")
"""SQLSTATE, or its beginning: credentials, privileges, a statement that would write."""
_AWAY: Final = ("08", "53", "57P")
"""Connections that broke off, too many of them, a server that starts or stops."""
_CANCELLED: Final = "57014"


def translated(error: "psycopg.Error", where: str, doing: str, seconds: float) -> Unobserved:
    """Return our error for the driver's, in one line.

    Args:
        error: What the driver raised.
        where: The server and database: `127.0.0.1:5432/apgms`.
        doing: What was being done: "reading the audit log".
        seconds: How long it was given, at most.
    """
    return of_state(error.sqlstate or "", error.diag.message_primary or _last_line(str(error)), where, doing, seconds)


def of_state(state: str, said: str, where: str, doing: str, seconds: float) -> Unobserved:
    """Return our error for a SQLSTATE, empty where there is none, and what was said with it."""
    if state == _CANCELLED:
        return DeadlineExceeded(f"PostgreSQL at {where} did not answer within {seconds:.3g} s while {doing}")
    if state.startswith(_DENIED) or "authentication failed" in said or "no pg_hba.conf entry" in said:
        return AccessDenied(f"PostgreSQL at {where} refused us while {doing}: {said}")
    if not state or state.startswith(_AWAY):
        return Unreachable(f"PostgreSQL at {where} cannot be reached: {said}")
    return BadAnswer(f"PostgreSQL at {where} answered with an error while {doing}: {said} ({state})")


def _last_line(text: str) -> str:
    """Return why: libpq says first where it tried, then, after the last colon of its kind, what came of it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = next((line for line in lines if "failed:" in line or "FATAL" in line), lines[0] if lines else "no reason")
    for mark in ("FATAL: ", "failed: "):
        told = told.rpartition(mark)[2]
    return " ".join(told.split())
