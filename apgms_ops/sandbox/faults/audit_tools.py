"""What the faults of the audit log are made with: its rows, changed as their owner, and its writer, sent back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, LiteralString

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.kafka_tools import another_past, commits, ends, group_of, move, wait
from apgms_ops.sandbox.postgres import owner_dsn
from apgms_ops.sandbox.services import Audit
from apgms_ops.sandbox.world import World

if TYPE_CHECKING:
    from psycopg import Connection

CHECKS: Final = "checks/service_levels/test_audit.py::"
PERSISTED: Final = f"{CHECKS}test_every_emitted_event_is_persisted"
ONCE: Final = f"{CHECKS}test_no_event_is_persisted_twice"
EMITTED: Final = f"{CHECKS}test_only_emitted_events_are_persisted"
REACHES: Final = f"{CHECKS}test_every_event_reaches_the_topic"
CHAIN: Final = f"{CHECKS}test_the_chain_is_unbroken"
HEAD: Final = f"{CHECKS}test_the_verified_head_is_still_there"
KEPT: Final = f"{CHECKS}test_audit_rows_are_kept"
GROUP: Final = "audit-writer"
TOPIC: Final = "audit.log"
REPLICA: Final = "audit.1"
SETTLING: Final = 5.0
"""Seconds that the sandbox's environment gives an event to be persisted."""
_KEPT_ROWS: Final = "audit_log_kept"
_NEARLY: Final = 20


@contextmanager
def log(world: World, deadline: Deadline) -> Iterator["Connection[tuple[Any, ...]]"]:
    """Yield a transaction in which nobody else appends to the audit log."""
    import psycopg  # noqa: PLC0415 — heavy

    patience = max(2, round(deadline.require("changing the audit log")))
    with psycopg.connect(owner_dsn(world), connect_timeout=patience) as own:
        own.execute("SELECT pg_advisory_xact_lock(hashtext('audit_log'))")
        yield own


def number(world: World, deadline: Deadline, select: LiteralString, *values: object) -> int:
    """Return the one number that a question about the audit log is answered with."""
    with log(world, deadline) as own:
        row = own.execute(select, values).fetchone()
    return 0 if row is None else int(row[0])


def head(world: World, deadline: Deadline) -> int:
    """Return the sequence number of the last row."""
    return number(world, deadline, "SELECT coalesce(max(seq), 0) FROM audit_log")


def settle(deadline: Deadline) -> None:
    """Wait until what is missing now counts as lost."""
    deadline.pause(SETTLING + 1.0, "the settling time to be over")


def keep(own: "Connection[tuple[Any, ...]]", where: LiteralString) -> None:
    """Put rows aside, and delete them."""
    from psycopg import sql  # noqa: PLC0415 — heavy

    kept, condition = sql.Identifier(_KEPT_ROWS), sql.SQL(where)
    own.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {} AS SELECT * FROM audit_log WHERE {}").format(kept, condition))
    own.execute(sql.SQL("DELETE FROM audit_log WHERE {}").format(condition))


def give_back(own: "Connection[tuple[Any, ...]]") -> None:
    """Put back what was put aside, row by row as it was."""
    from psycopg import sql  # noqa: PLC0415 — heavy

    kept = sql.Identifier(_KEPT_ROWS)
    if own.execute("SELECT to_regclass(%s)", (_KEPT_ROWS,)).fetchone() == (None,):
        return
    own.execute(sql.SQL("INSERT INTO audit_log SELECT * FROM {} ON CONFLICT (seq) DO NOTHING").format(kept))
    own.execute(sql.SQL("DROP TABLE {}").format(kept))


def read_again(world: World, deadline: Deadline, after: int | None = None) -> None:
    """Let the audit service read its topic again from the beginning, so that it persists what is not in its log.

    Args:
        world: Whose.
        deadline: For all of it.
        after: The last row that stays; those behind it are deleted first, and written anew.
    """
    audit = Audit()
    audit.stop(world, deadline)
    wait(lambda: group_of(world, GROUP, deadline).state in {"Empty", "Dead"}, deadline, f"{GROUP} having no member")
    if after is not None:
        with log(world, deadline) as own:
            own.execute("DELETE FROM audit_log WHERE seq > %s", (after,))
            give_back(own)
    move(world, GROUP, dict.fromkeys(ends(world, TOPIC, deadline), 0), deadline)
    audit.start(world, deadline)
    audit.ready(world, deadline)
    wait_read(world, deadline)
    another_past(world, deadline)  # in which nobody set the group's offsets back


def wait_read(world: World, deadline: Deadline) -> None:
    """Wait until the audit service has read, and written, nearly all that there is."""

    def caught_up() -> bool:
        committed = commits(world, GROUP, deadline)
        return group_of(world, GROUP, deadline).state == "Stable" and all(
            committed.get(place, -1) >= end - _NEARLY for place, end in ends(world, TOPIC, deadline).items()
        )

    wait(caught_up, deadline, f"{GROUP} having caught up")
