"""Events: the platform's envelope, handed to the broker and acknowledged before the work goes on."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from prometheus_client import CollectorRegistry, Counter

from apgms_ops.sandbox.service_process.kafka_options import options
from apgms_ops.sandbox.service_process.log import Log
from apgms_ops.sandbox.service_process.unavailable import TimedOut, Unavailable

AUDIT_TOPIC: Final = "audit.log"
_KAFKA: Final = "kafka"
_DELIVERY_MS: Final = 4000
_PATIENCE: Final = 5.0
_POLL: Final = 0.5
_METADATA: Final = 1.0
_SETTLED: Final = 8.0
"""Seconds that a producer is given before another one takes its place."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, before it has an envelope."""

    topic: str
    event_type: str
    org_id: str
    key: str
    payload: Mapping[str, object]
    trace_id: str
    dedupe_id: str | None = None
    """What tells a repetition of the same event; by default its own id."""


class Emitter:
    """The one producer of a process."""

    def __init__(self, bootstrap: str, source: str, instance: str, registry: CollectorRegistry, log: Log) -> None:
        """Prepare to emit in the name of `source`; a broker that is away is noticed at the first event."""
        self._source = source
        self._emitted = Counter(
            "apgms_audit_events_emitted", "Audit events that were to be emitted.", ["source"], registry=registry
        )
        self._emitted.labels(source)
        self._options = options(
            bootstrap,
            instance,
            log,
            acks="all",
            linger_ms=0,
            message_timeout_ms=_DELIVERY_MS,
            # Never twice: an event whose acknowledgement was lost is the caller's to repeat, as another event.
            retries=0,
        )
        self._lock = threading.Lock()
        self._producer, self._born = Producer(self._options), time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="events", daemon=True)
        self._thread.start()

    def emit(self, event: Event) -> str:
        """Emit an event and return its id, once the broker has acknowledged it.

        Raises:
            Unavailable: It did not. Whether the event is in the log is then not known.
        """
        identity = str(uuid.uuid4())
        done = threading.Event()
        errors: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                errors.append(error)
            done.set()

        value = json.dumps(envelope(event, identity, self._source, datetime.now(UTC)), separators=(",", ":"))
        producer = self._producer
        try:
            producer.produce(event.topic, value.encode(), event.key.encode(), on_delivery=delivered)
        except (BufferError, KafkaException) as error:
            raise Unavailable(_KAFKA, f"takes no event for {event.topic}") from error
        if not done.wait(_PATIENCE):
            self._renew(producer)
            raise TimedOut(_KAFKA, f"no answer to an event for {event.topic}")
        if errors:
            self._renew(producer)
            raise Unavailable(_KAFKA, errors[0].str())
        return identity

    def _renew(self, failed: Producer) -> None:
        """Go on with another producer: one whose broker hung may never find it again, however well that is since."""
        with self._lock:
            if self._producer is not failed or time.monotonic() - self._born < _SETTLED:
                return
            self._producer, self._born = Producer(self._options), time.monotonic()
        failed.purge()  # whoever waits for an event of it hears at once
        failed.flush(_POLL)

    def audit(  # noqa: PLR0913 — what an audit event consists of
        self,
        *,
        org_id: str,
        actor_id: str,
        action: str,
        correlation_id: str,
        facts: Mapping[str, object] | None = None,
        drop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Emit an audit event, and count it. One that the broker did not take is not counted: the request is refused.

        Args:
            org_id: The tenant.
            actor_id: Who did it.
            action: What was done: `deposit.create`.
            correlation_id: The request's.
            facts: More for the payload; no secret, no personal data.
            drop: Whether this one's emission goes wrong unnoticed: the fault of a swallowed error.

        Raises:
            Unavailable: The broker did not take it.
        """
        payload = {"action": action, "actorId": actor_id, "correlationId": correlation_id, **(facts or {})}
        if not drop():
            self.emit(Event(AUDIT_TOPIC, "AuditEventRecorded", org_id, org_id, payload, correlation_id))
        self._emitted.labels(self._source).inc()

    def ask(self) -> None:
        """Ask the broker for an answer.

        Raises:
            Unavailable: There is none in time.
        """
        try:
            self._producer.list_topics(timeout=_METADATA)
        except KafkaException as error:
            raise Unavailable(_KAFKA, "no answer") from error

    def stop(self) -> None:
        """Give the broker a moment for what is on its way."""
        self._stopping.set()
        self._producer.flush(1.0)

    def _poll(self) -> None:
        while not self._stopping.is_set():
            self._producer.poll(_POLL)


def envelope(event: Event, identity: str, source: str, at: datetime) -> dict[str, object]:
    """Return an event in the platform's envelope, its time in UTC with microseconds."""
    return {
        "id": identity,
        "orgId": event.org_id,
        "eventType": event.event_type,
        "key": event.key,
        "ts": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "schemaVersion": 1,
        "source": source,
        "dedupeId": event.dedupe_id or identity,
        "traceId": event.trace_id,
        "payload": dict(event.payload),
    }
