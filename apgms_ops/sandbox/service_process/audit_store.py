"""The audit log's table: entries are added at the end of the one chain, each once, by one writer at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from apgms_ops.sandbox.service_process import audit_history, chain
from apgms_ops.sandbox.service_process.audit_entry import Entry
from apgms_ops.sandbox.service_process.database import Connection, Database
from apgms_ops.sandbox.service_process.unavailable import Unavailable

# A transaction's lock: whoever adds to the chain has read its head, and nobody else moves it until the commit.
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('audit_log'))"
_HEAD: Final = "SELECT hash FROM audit_log ORDER BY seq DESC LIMIT 1"
_KNOWN: Final = "SELECT DISTINCT event_id FROM audit_log WHERE event_id = ANY(%s)"
_ADD: Final = (
    "INSERT INTO audit_log (event_id, org_id, actor_id, action, at, payload, prev_hash, hash)"
    " VALUES (%s, %s, %s, %s, %s, %s::json, %s, %s)"
)
_FOUND: Final = (
    "SELECT seq, event_id, org_id, actor_id, action, at, payload, prev_hash, hash FROM audit_log"
    " WHERE payload ->> 'correlationId' = %s ORDER BY seq LIMIT 500"
)


@dataclass(slots=True)
class Batch:
    """What is to be written, and what became of it."""

    entries: Sequence[Entry]
    repeated: Sequence[Entry] = ()
    """Entries that are written although their ids are there: the fault of a writer that repeats itself."""
    known: list[Entry] = field(default_factory=list)
    """Those that were there already."""
    written: list[Entry] = field(default_factory=list)


class AuditStore:
    """The table `audit_log`."""

    def __init__(self, database: Database) -> None:
        """Use a database."""
        self._database = database

    def seed(self) -> None:
        """Give an empty log its past.

        Raises:
            Unavailable: The database is away.
        """
        with self._database.transaction() as connection:
            connection.execute(_LOCK)
            if connection.execute(_HEAD).fetchone() is None:
                _append(connection, list(audit_history.entries(datetime.now(UTC))))

    def write(self, batch: Batch) -> None:
        """Add entries whose ids are not in the log, in their order, and say in the batch which those were.

        Raises:
            Unavailable: The database is away; whether the entries are in the log is then not known.
        """
        with self._database.transaction() as connection:
            connection.execute(_LOCK)
            wanted = [entry.event_id for entry in batch.entries]
            known = {str(row[0]) for row in connection.execute(_KNOWN, (wanted,))}
            batch.known = [entry for entry in batch.entries if entry.event_id in known]
            fresh: dict[str, Entry] = {}
            for entry in batch.entries:
                if entry.event_id not in known:
                    fresh.setdefault(entry.event_id, entry)
            batch.written = list(fresh.values())
            _append(connection, [*batch.written, *batch.repeated])

    def events_of(self, correlation_id: str) -> list[dict[str, object]]:
        """Return what was done under a correlation id, oldest first, each with all that its hash vouches for.

        Raises:
            Unavailable: The database is away.
        """
        names = ("seq", "eventId", "orgId", "actorId", "action", "at", "payload", "prevHash", "hash")
        with self._database.transaction() as connection:
            found = connection.execute(_FOUND, (correlation_id,)).fetchall()
        return [
            {
                name: chain.instant(value) if isinstance(value, datetime) else value
                for name, value in zip(names, row, strict=True)
            }
            for row in found
        ]


def _append(connection: Connection, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    head = connection.execute(_HEAD).fetchone()
    previous = chain.GENESIS if head is None else head[0]
    if not isinstance(previous, str):
        # Nothing can follow an entry without a hash: the events wait in the topic until somebody has mended it.
        raise Unavailable("database", "the head of the audit chain has no hash")  # noqa: EM101 — what is away
    rows = []
    for entry in entries:
        linked = entry.linked(previous)
        rows.append(
            (
                entry.event_id,
                entry.org_id,
                entry.actor_id,
                entry.action,
                entry.at,
                entry.payload,
                previous,
                linked,
            )
        )
        previous = linked
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, rows)
