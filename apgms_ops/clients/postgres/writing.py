"""Whether a server takes writes: tried, with a table of the session's own that is gone when it commits."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from apgms_ops.clients.postgres.errors import translated
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Unreachable
from apgms_ops.secret import Secret

if TYPE_CHECKING:
    import psycopg

_READ_ONLY: Final = "25006"
_REFUSED: Final = "Connection refused"
_SHORTEST: Final = 2
_WHO: Final = (
    "SELECT system_identifier::text, pg_postmaster_start_time(), pg_is_in_recovery(),"
    " CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn,"
    " CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() END, clock_timestamp()"
    " FROM pg_control_system()"
)


class Writes(StrEnum):
    """What came of the try."""

    TAKEN = "takes writes"
    REFUSED = "takes no writes"
    CLOSED = "no server listens there"
    UNTRIED = "was not asked to write"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a server is, at one moment."""

    writes: Writes
    system_id: str | None = None
    """None where no server listens."""
    started: datetime | None = None
    """When it was started: which of two servers with the same data it is."""
    in_recovery: bool | None = None
    position: int | None = None
    """How far its log is written, or replayed, in bytes."""
    replayed: datetime | None = None
    """When the last transaction that a replica has was committed; None where it does not know."""
    now: datetime | None = None
    """Its clock."""


def standing(dsn: Secret, name: str, deadline: Deadline, *, trying: bool) -> Standing:
    """Return what a server is, and whether it takes writes where that is to be tried.

    To try it, the role must be one that may write: a role that only reads is refused by every server.

    Raises:
        Unobserved: It does not say. A server that does not answer may well take writes from others.
    """
    import psycopg  # noqa: PLC0415 — heavy

    seconds = deadline.require(f"asking {name}")
    try:
        with psycopg.connect(
            dsn.reveal(), connect_timeout=max(_SHORTEST, int(seconds)), autocommit=True, application_name="apgms-ops"
        ) as server:
            server.execute("SELECT set_config('statement_timeout', %s, false)", (str(max(1, round(seconds * 1000))),))
            row = server.execute(_WHO).fetchone()
            if row is None:
                msg = f"{name} does not say which server it is"
                raise BadAnswer(msg)
            position = None if row[3] is None else int(row[3])
            writes = _tried(server) if trying else Writes.UNTRIED
            return Standing(writes, row[0], row[1], row[2], position, row[4], row[5])
    except psycopg.OperationalError as error:
        lines = [line for line in str(error).splitlines() if "failed:" in line]
        if error.sqlstate is None and lines and all(_REFUSED in line for line in lines):
            return Standing(Writes.CLOSED)
        raise translated(error, name, "asking whether it takes writes", seconds) from None
    except psycopg.Error as error:
        raise translated(error, name, "asking whether it takes writes", seconds) from None
    except OSError as error:
        msg = f"{name} cannot be reached: {error.strerror}"
        raise Unreachable(msg) from None


def _tried(server: "psycopg.Connection[tuple[Any, ...]]") -> Writes:
    import psycopg  # noqa: PLC0415 — heavy

    try:
        with server.transaction():
            server.execute("CREATE TEMPORARY TABLE apgms_ops_writes (at timestamptz) ON COMMIT DROP")
            server.execute("INSERT INTO apgms_ops_writes VALUES (clock_timestamp())")
    except psycopg.Error as error:
        if error.sqlstate == _READ_ONLY:
            return Writes.REFUSED
        raise
    return Writes.TAKEN
