"""The member of `audit-writer`: persists each event once, and what can be wrong with that on purpose."""

from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client import Counter

from apgms_ops.sandbox.service_process import audit_entry
from apgms_ops.sandbox.service_process.audit_entry import Entry, Malformed
from apgms_ops.sandbox.service_process.audit_store import AuditStore, Batch
from apgms_ops.sandbox.service_process.consumer import Received
from apgms_ops.sandbox.service_process.log import Log
from apgms_ops.sandbox.service_process.switches import Switches
from apgms_ops.sandbox.service_process.unavailable import Unavailable

Park = Callable[[Received, str], None]
"""Hands an event that can never be written, and why, to those who look after dead letters."""
_MOST_IN_DOUBT: Final = 10_000


class AuditWriter:
    """Writes what it is given."""

    def __init__(self, store: AuditStore, switches: Switches, persisted: Counter, park: Park, log: Log) -> None:
        """Take what it works with.

        Args:
            store: The table.
            switches: What is wrong on purpose.
            persisted: Counts, by source, what is in the table for sure.
            park: Takes malformed events; raises Unavailable if it cannot.
            log: Hears of what was not written.
        """
        self._store = store
        self._switches = switches
        self._persisted = persisted
        self._park = park
        self._log = log
        self._last: Entry | None = None
        self._in_doubt: set[str] = set()
        """Ids whose commit was not answered: found in the table later, they were written here."""

    def work(self, received: Sequence[Received]) -> None:
        """Persist events, each once.

        Raises:
            Unavailable: The database or the broker is away: nothing is lost, the same events come again.
        """
        batch = self._sorted_out(received)
        if self._switches.on("swallow_writes"):
            self._log.trouble("write failed", events=len(batch.entries))
            return
        try:
            self._store.write(batch)
        except Unavailable:
            if len(self._in_doubt) < _MOST_IN_DOUBT:
                self._in_doubt.update(entry.event_id for entry in batch.entries)
            raise
        for entry in (*batch.written, *batch.repeated):
            self._persisted.labels(entry.source).inc()
        for entry in batch.known:
            if entry.event_id in self._in_doubt:
                self._persisted.labels(entry.source).inc()
        self._in_doubt.difference_update(entry.event_id for entry in batch.entries)

    def _sorted_out(self, received: Sequence[Received]) -> Batch:
        entries: list[Entry] = []
        repeated: list[Entry] = []
        for event in received:
            try:
                entry = audit_entry.read(event.value)
            except Malformed as error:
                self._park(event, str(error))
                continue
            if self._switches.take("lose"):
                self._log.trouble("write failed", events=1)
            elif self._last is not None and self._switches.take("duplicate"):
                repeated.append(self._last)
            else:
                entries.append(entry)
                self._last = entry
        return Batch(entries, repeated)
