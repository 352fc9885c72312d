"""The write-ahead log's way into the repository."""

from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.pgbackrest import programs
from apgms_ops.sandbox.postgres.component import connection
from apgms_ops.sandbox.world import World

TIMEOUT: Final = 15
"""Seconds after which a segment is archived that is not full."""
_POLL: Final = 0.1


def archive_through(world: World, deadline: Deadline) -> None:
    """Have the primary archive through pgBackRest, from now on."""
    command = " ".join(programs.command(world, "archive-push", '"%p"', deadline=deadline))
    set_command(world, command, deadline)


def set_command(world: World, command: str, deadline: Deadline) -> str:
    """Have the primary archive by another command, and return what it did so by before."""
    from psycopg import sql  # noqa: PLC0415 — heavy

    with connection(world, deadline) as primary:
        (before,) = primary.execute("SELECT current_setting('archive_command')").fetchone() or ("",)
        primary.execute(sql.SQL("ALTER SYSTEM SET archive_command = {}").format(sql.Literal(command)))
        primary.execute(sql.SQL("ALTER SYSTEM SET archive_timeout = {}").format(sql.Literal(f"{TIMEOUT}s")))
        primary.execute("SELECT pg_reload_conf()")
    return str(before)


def switch(world: World, deadline: Deadline) -> str:
    """Have the primary begin another segment, and return the one before it."""
    with connection(world, deadline) as primary:
        # Something must be written: a segment without anything in it is not ended.
        primary.execute("SELECT pg_logical_emit_message(true, 'apgms', 'another segment')")
        (segment,) = _row(primary.execute("SELECT pg_walfile_name(pg_switch_wal())"))
    return str(segment)


def await_heartbeat(world: World, deadline: Deadline) -> None:
    """Return once there is a heartbeat."""
    with connection(world, deadline) as primary:
        while not _row(primary.execute("SELECT count(*) FROM backup_heartbeats"))[0]:
            deadline.require("a heartbeat to be written")
            deadline.pause(_POLL, "a heartbeat to be written")


def await_archived(world: World, deadline: Deadline) -> str:
    """Have the primary begin another segment, and return the one before it once that is archived.

    Raises:
        SandboxError: It is not by the deadline.
    """
    segment = switch(world, deadline)
    with connection(world, deadline) as primary:
        while True:
            archived, failed = _row(primary.execute("SELECT last_archived_wal, last_failed_wal FROM pg_stat_archiver"))
            if archived is not None and str(archived) >= segment:
                return segment
            if deadline.remaining <= _POLL:
                msg = f"segment {segment} is not archived within {deadline.seconds:g} s; last failed: {failed}"
                raise SandboxError(msg)
            deadline.pause(_POLL, f"segment {segment} to be archived")


def await_failing(world: World, deadline: Deadline) -> None:
    """Return once the archiver has failed since it last worked.

    Raises:
        DeadlineExceeded: It has not by the deadline.
    """
    switch(world, deadline)
    failing = (
        "SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) FROM pg_stat_archiver"
    )
    with connection(world, deadline) as primary:
        while not _row(primary.execute(failing))[0]:
            deadline.pause(_POLL, "the archiver to fail")


def _row(cursor: Any) -> tuple[Any, ...]:  # noqa: ANN401 — psycopg's, heavy
    row: tuple[Any, ...] | None = cursor.fetchone()
    return row or (None, None)
