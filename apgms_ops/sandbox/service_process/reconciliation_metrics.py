"""How old the oldest payment is that is not reconciled, and how many are parked: looked at, never assumed."""

import threading
import time
from collections.abc import Iterator
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition
from prometheus_client.core import GaugeMetricFamily

from apgms_ops.sandbox.service_process.database import Database
from apgms_ops.sandbox.service_process.executor import START
from apgms_ops.sandbox.service_process.kafka_options import options
from apgms_ops.sandbox.service_process.log import Log
from apgms_ops.sandbox.service_process.settings import Settings
from apgms_ops.sandbox.service_process.switches import Switches
from apgms_ops.sandbox.service_process.unavailable import Unavailable

_OLDEST: Final = (
    "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(requested_at)), 0)::float8 FROM payments"
    " WHERE reconciled_at IS NULL AND state <> 'FAILED'"
)
_STALE: Final = 5.0
"""Seconds after which a number that could not be looked at again is no longer told."""
_PATIENCE: Final = 2.0


class Reading:
    """The last number seen, for as long as it is fresh."""

    def __init__(self) -> None:
        """Begin with none."""
        self._seen: tuple[float, float] | None = None

    def put(self, value: float) -> None:
        """Take a number that was seen just now."""
        self._seen = (value, time.monotonic())

    def get(self, *, however_old: bool = False) -> float | None:
        """Return the number, if there is a fresh one."""
        seen = self._seen
        if seen is None or (not however_old and time.monotonic() - seen[1] > _STALE):
            return None
        return seen[0]


class ReconciliationMetrics:
    """Exports both numbers."""

    def __init__(self, database: Database, settings: Settings, switches: Switches, log: Log) -> None:
        """Take where they are looked at."""
        self._database = database
        self._settings = settings
        self._switches = switches
        self._log = log
        self._oldest, self._parked = Reading(), Reading()
        self._reader: Consumer | None = None
        self._lock = threading.Lock()

    def look_at_database(self) -> None:
        """See how old the oldest unreconciled payment is; 0 where everything is reconciled.

        Raises:
            Unavailable: The database is away.
        """
        if self._switches.on("freeze_collector"):
            return
        with self._database.transaction(seconds=_PATIENCE) as connection:
            found = connection.execute(_OLDEST).fetchone()
        age = found[0] if found else None
        if isinstance(age, float):
            self._oldest.put(max(0.0, age))

    def look_at_broker(self) -> None:
        """See how many dead letters of the reconciliation are there.

        Raises:
            Unavailable: The broker is away, or has no such topic.
        """
        topic = f"{START}.dlq"
        with self._lock:
            if self._reader is None:
                # It reads positions only: it subscribes to nothing, so the broker never sees a group of this name.
                name = f"{self._settings.instance}-dead-letters"
                self._reader = Consumer(options(self._settings.bootstrap, name, self._log, group_id=name))
            try:
                partitions = self._reader.list_topics(topic, timeout=_PATIENCE).topics[topic].partitions
                positions = [
                    self._reader.get_watermark_offsets(
                        TopicPartition(topic, partition), timeout=_PATIENCE, cached=False
                    )
                    for partition in partitions
                ]
            except KafkaException as error:
                raise Unavailable("kafka", "dead letters are not counted") from error  # noqa: EM101 — what is away
        if not positions:
            raise Unavailable("kafka", "there is no topic for dead letters")  # noqa: EM101 — what is away
        self._parked.put(sum(high - low for low, high in positions))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Tell Prometheus; a number that cannot be looked at is not told, for an old one would be taken for true."""
        oldest = self._oldest.get(however_old=self._switches.on("freeze_collector"))
        if oldest is not None:
            factor = 1000 if self._switches.on("gauge_seconds_as_ms") else 1
            yield GaugeMetricFamily(
                "apgms_reconciliation_oldest_unreconciled_seconds",
                "Age of the oldest payment that is not reconciled; 0 if there is none.",
                value=oldest * factor,
            )
        parked = self._parked.get()
        if parked is not None:
            yield GaugeMetricFamily(
                "apgms_reconciliation_dlq_depth", "Dead letters of the reconciliation.", value=parked
            )

    def close(self) -> None:
        """Leave the broker."""
        with self._lock:
            if self._reader is not None:
                self._reader.close()
