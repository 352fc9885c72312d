"""Runbook, Service Overview, step 2: every audit event, from the topic into the log."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.kafka.window_process import digest
from apgms_ops.clients.postgres.statement import Kind, Statement
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, Persistence
from apgms_ops.probes.audit_facts import AuditEvent, AuditPersistence, Repeated, Slot
from apgms_ops.probes.audit_misdated import misdated, never_emitted
from apgms_ops.probes.database import persistence_of, require_current
from apgms_ops.probes.digests import Digests
from apgms_ops.probes.probe import probe

if TYPE_CHECKING:
    from apgms_ops.clients.kafka.client import KafkaClient
    from apgms_ops.clients.kafka.window import Emitted, Event
    from apgms_ops.clients.postgres import PostgresClient
    from apgms_ops.clients.postgres.client import Snapshot

NAMED: Final = 20
"""Events of one kind that are named."""
SLOTS: Final = 60
"""Parts of the window that are drawn."""
_LOOKED_UP: Final = 2000
"""Events that are looked for one by one."""
_AT_ONCE: Final = 500
_AGAIN: Final = 0.5
"""Seconds between two looks for an event that may still come."""
_KEPT_BACK: Final = 5.0
"""Seconds of the deadline that are left for what comes after the looking."""


@probe(deadline=90.0)
def audit_persistence(
    kafka: "KafkaClient", postgres: "PostgresClient", environment: Environment, deadline: Deadline
) -> AuditPersistence:
    """The ids of the events of the audit topic within its window, and those of the rows of the audit log."""
    service, promised = persistence_of(environment)
    at = datetime.now(UTC)
    begin = at - promised.window
    slot = promised.window / SLOTS
    # The topic first, up to where it ends now: what is in it by now must be found in the log thereafter.
    extents = kafka.windows.extents(promised.topic, begin, deadline)
    emitted = kafka.windows.read(promised.topic, extents, begin=begin, slot=slot, ranges={}, deadline=deadline)
    sent = Digests()
    sent.add_all(piece.digests for piece in emitted.pieces)
    with postgres.snapshot(deadline) as snapshot:
        require_current(snapshot.server)
        rows = _Rows(snapshot, begin, at, promised, deadline)
        stored = rows.ids()
        unknown = tuple(rows.named(set(stored.missing_from(sent))))
        elsewhen = misdated(snapshot, begin, at, promised, deadline)
        repeated = rows.repeated()
        persisted = rows.by_slot(begin, slot)
    forged = never_emitted(kafka, promised.topic, elsewhen, at, deadline)
    unknown = (*unknown, *forged)
    absent = sent.missing_from(stored)
    del stored
    absent_from = emitted.around(absent)
    emitted.pieces.clear()
    events = kafka.windows.find(promised.topic, absent_from, absent[:_LOOKED_UP], deadline) if absent else ()
    found, looked_at = _look(postgres, events, promised, deadline)
    missing = [event for event in events if event.id not in found]
    # What is missing and cannot be looked up is missing all the same.
    unread = max(0, len(absent) - len({event.id for event in events}))
    return AuditPersistence(
        service=service,
        topic=promised.topic,
        window=promised.window,
        settling_time=promised.settling_time,
        begin=begin,
        at=at,
        looked_at=looked_at,
        emitted=emitted.count,
        distinct=sent.distinct(),
        sources=emitted.sources,
        persisted=sum(persisted.values()),
        cut_off=tuple(extent.partition for extent in extents if extent.cut_off),
        malformed=tuple(emitted.malformed),
        malformed_count=emitted.malformed_count,
        missing=tuple(AuditEvent(e.id, e.source, e.at) for e in sorted(missing, key=lambda e: e.at)[:NAMED]),
        missing_count=len({event.id for event in missing}) + unread,
        repeated=tuple(repeated[:NAMED]),
        repeated_count=len(repeated),
        unknown=unknown[:NAMED],
        unknown_count=len(unknown),
        course=_course(begin, slot, emitted, persisted),
    )


class _Rows:
    """The audit log's rows of a window, in one snapshot."""

    def __init__(
        self, snapshot: "Snapshot", begin: datetime, at: datetime, promised: Persistence, deadline: Deadline
    ) -> None:
        self._snapshot = snapshot
        self._deadline = deadline
        # A row tells when the event happened, the topic when it was handed over, a moment later: so around the edges
        # of the window a row need not have its event in it, nor an event its row.
        self._margin = {
            "begin": begin - promised.settling_time,
            "inside": begin + promised.settling_time,
            "until": at - promised.settling_time,
        }

    def ids(self) -> Digests:
        """Return the ids of all rows of the window and around it."""
        stored = Digests()
        statement = Statement(
            "ids of the audit log",
            "SELECT event_id FROM audit_log WHERE at >= %(begin)s",
            {"event_id": Kind.TEXT},
            self._margin,
        )
        for (identity,) in self._snapshot.stream(statement, self._deadline):
            stored.add(digest(str(identity)))
        return stored

    def named(self, wanted: set[bytes]) -> Iterator[AuditEvent]:
        """Return the rows that lie in the window for certain and whose ids have these digests."""
        if not wanted:
            return
        statement = Statement(
            "rows of events that nobody emitted",
            "SELECT event_id, at FROM audit_log WHERE at >= %(inside)s AND at <= %(until)s ORDER BY at",
            {"event_id": Kind.TEXT, "at": Kind.TIME},
            self._margin,
        )
        for identity, at in self._snapshot.stream(statement, self._deadline):
            if digest(str(identity)) in wanted and isinstance(at, datetime):
                yield AuditEvent(str(identity), "", at)

    def repeated(self) -> list[Repeated]:
        statement = Statement(
            "events that are in the audit log more than once",
            "SELECT event_id, count(*) FROM audit_log WHERE at >= %(begin)s GROUP BY event_id HAVING count(*) > 1"
            " ORDER BY 2 DESC, 1",
            {"event_id": Kind.TEXT, "rows": Kind.INTEGER},
            self._margin,
        )
        return [
            Repeated(row.text("event_id"), row.integer("rows"))
            for row in self._snapshot.rows(statement, self._deadline)
        ]

    def by_slot(self, begin: datetime, slot: timedelta) -> dict[int, int]:
        statement = Statement(
            "rows of the audit log by their time",
            "SELECT floor(extract(epoch FROM at - %(begin)s) / extract(epoch FROM %(slot)s))::bigint, count(*)"
            " FROM audit_log WHERE at >= %(begin)s GROUP BY 1",
            {"slot": Kind.INTEGER, "rows": Kind.INTEGER},
            {"begin": begin, "slot": slot},
        )
        return {row.integer("slot"): row.integer("rows") for row in self._snapshot.rows(statement, self._deadline)}


def _look(
    postgres: "PostgresClient", events: Iterable["Event"], promised: Persistence, deadline: Deadline
) -> tuple[set[str], datetime]:
    """Look for events in the log, again and again until they are there, count as lost, or there is no time left.

    Returns:
        The ids of those that are there, and when was last looked.
    """
    found: set[str] = set()
    events = tuple(events)
    while True:
        looked_at = datetime.now(UTC)
        out = [event for event in events if event.id not in found]
        for at in range(0, len(out), _AT_ONCE):
            found |= _present(postgres, [event.id for event in out[at : at + _AT_ONCE]], deadline)
        young = [e for e in out if e.id not in found and looked_at - e.at < promised.settling_time]
        if not young or deadline.remaining < _KEPT_BACK + _AGAIN:
            return found, looked_at
        deadline.pause(_AGAIN, "events that may still be persisted")


def _present(postgres: "PostgresClient", ids: list[str], deadline: Deadline) -> set[str]:
    names = {f"id_{_letters(number)}": identity for number, identity in enumerate(ids)}
    places = ", ".join(f"%({name})s" for name in names)
    statement = Statement(
        "events that were missing",
        f"SELECT DISTINCT event_id FROM audit_log WHERE event_id IN ({places})",  # noqa: S608 — places, not values
        {"event_id": Kind.TEXT},
        names,
    )
    return {row.text("event_id") for row in postgres.rows(statement, deadline)}


def _letters(number: int) -> str:
    """Return a number in letters: places of a statement are named in letters."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def _course(begin: datetime, slot: timedelta, emitted: "Emitted", persisted: dict[int, int]) -> tuple[Slot, ...]:
    return tuple(
        Slot(begin + number * slot, emitted.slots.get(number, 0), persisted.get(number, 0)) for number in range(SLOTS)
    )
