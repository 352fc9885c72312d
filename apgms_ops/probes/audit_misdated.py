"""Runbook, Service Overview, step 2: rows that were written lately and tell of another time: no window has them.

A row that is compared with the topic is found by its time; whoever forges one gives it a time of last year, or of
tomorrow. Its place in the log says when it was written.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.kafka.window_process import digest
from apgms_ops.clients.postgres.statement import Kind, Statement
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Persistence
from apgms_ops.probes.audit_facts import AuditEvent
from apgms_ops.probes.digests import Digests

if TYPE_CHECKING:
    from apgms_ops.clients.kafka.client import KafkaClient
    from apgms_ops.clients.postgres.client import Snapshot

_BEFORE: Final = timedelta(minutes=1)
"""An event reaches the topic about when it happened."""


def misdated(
    snapshot: "Snapshot", begin: datetime, at: datetime, promised: Persistence, deadline: Deadline
) -> list[AuditEvent]:
    """Return the rows behind the first one of the window, whose time is not in it.

    After a pause of the writer there may be good ones: it reads one partition after the other.

    Args:
        snapshot: Of the database.
        begin: Of the window.
        at: Its end.
        promised: Its settling time is left out at both ends.
        deadline: For all of it.

    Raises:
        Unobserved: They could not be read.
    """
    statement = Statement(
        "rows that were written lately, with another time",
        "SELECT event_id, at FROM audit_log WHERE (at < %(begin)s OR at > %(end)s)"
        " AND seq > (SELECT min(seq) FROM audit_log WHERE at >= %(inside)s AND at <= %(until)s) ORDER BY seq",
        {"event_id": Kind.TEXT, "at": Kind.TIME},
        {
            "begin": begin - promised.settling_time,
            "end": at + promised.settling_time,
            "inside": begin + promised.settling_time,
            "until": at - promised.settling_time,
        },
    )
    rows = snapshot.rows(statement, deadline)
    return [AuditEvent(row.text("event_id"), "", row.time("at")) for row in rows]


def never_emitted(
    kafka: "KafkaClient", topic: str, rows: list[AuditEvent], at: datetime, deadline: Deadline
) -> list[AuditEvent]:
    """Return those of the rows whose events are not in the topic, looked for back to the oldest of them.

    Raises:
        Unobserved: The topic could not be read.
    """
    if not rows:
        return []
    begin = min(at, *(row.at for row in rows)) - _BEFORE
    extents = kafka.windows.extents(topic, begin, deadline)
    read = kafka.windows.read(topic, extents, begin=begin, slot=at - begin, ranges={}, deadline=deadline)
    sent, written = Digests(), Digests()
    sent.add_all(piece.digests for piece in read.pieces)
    for row in rows:
        written.add(digest(row.id))
    missing = set(written.missing_from(sent))
    return [row for row in rows if digest(row.id) in missing]
