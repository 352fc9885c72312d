"""Produces events: steadily to each topic, and on demand."""

import threading
from collections.abc import Callable, Iterable, Mapping

from confluent_kafka import KafkaError, Message, Producer
from prometheus_client import CollectorRegistry, Counter

from apgms_ops.sandbox.traffic_process.driver import Complaints, options
from apgms_ops.sandbox.traffic_process.envelope import Events
from apgms_ops.sandbox.traffic_process.refusal import RefusedError, require_known

_PERIOD = 0.3
"""Seconds between two events on a topic; partitions take turns, so that each grows about once a second."""
_FLUSH = 60.0
_QUEUE = 10_000
"""Messages handed over before we wait for some to be acknowledged."""


class Production:
    """The one producer of this process."""

    def __init__(
        self,
        bootstrap: str,
        partitions: Mapping[str, int],
        steady: Iterable[str],
        events: Events,
        registry: CollectorRegistry,
    ) -> None:
        """Prepare to produce.

        Args:
            bootstrap: The broker.
            partitions: Topic → its number of partitions.
            steady: Topics that are produced to all the time.
            events: Makes what is produced.
            registry: Where the counts are exported.
        """
        self._partitions = partitions
        self._running = dict.fromkeys(steady, True)
        self._next = dict.fromkeys(partitions, 0)
        self._events = events
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._produced = Counter(
            "apgms_traffic_produced", "Events that the broker acknowledged.", ["topic"], registry=registry
        )
        self._failed = Counter(
            "apgms_traffic_produce_failures", "Events that the broker did not take.", ["topic"], registry=registry
        )
        for topic in partitions:
            self._produced.labels(topic)
            self._failed.labels(topic)
        self._producer = Producer(options(bootstrap, Complaints(), acks="all", linger_ms=2, message_timeout_ms=30_000))
        self._thread = threading.Thread(target=self._run, name="production", daemon=True)

    def start(self) -> None:
        """Put one event on every partition of every steady topic, then go on steadily."""
        for topic in self._running:
            for partition in range(self._partitions[topic]):
                self._send(topic, partition, None)
        self._producer.flush(_FLUSH)
        self._thread.start()

    def stop(self) -> None:
        """Stop, and give the broker a moment for what is on its way."""
        self._stopping.set()
        self._producer.flush(1.0)

    def pause(self, topic: str, *, paused: bool) -> None:
        """Stop or go on with the steady production to a topic; once this returns no more comes, or it comes again.

        Raises:
            RefusedError: There is no steady production to that topic.
        """
        require_known("topic", topic, self._running)
        with self._lock:
            self._running[topic] = not paused
        if paused:
            self._producer.flush(_FLUSH)

    def produce(self, topic: str, count: int, partition: int | None) -> int:
        """Produce `count` events now, and return the number that was acknowledged: all of them.

        Args:
            topic: A declared topic, dead-letter topics included.
            count: How many.
            partition: Where to; None takes turns.

        Raises:
            RefusedError: There is no such topic or partition, or the broker did not take them all.
        """
        require_known("topic", topic, self._partitions)
        if partition is not None and not 0 <= partition < self._partitions[topic]:
            msg = f"{topic} has partitions 0 to {self._partitions[topic] - 1}, not {partition}"
            raise RefusedError(msg)
        errors: list[str] = []
        acknowledged: list[int] = []

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is None:
                acknowledged.append(message.offset() or 0)
            else:
                errors.append(error.str())

        for number in range(count):
            if number % _QUEUE == _QUEUE - 1:
                self._producer.flush(_FLUSH)
            self._send(topic, partition, delivered)
        self._producer.flush(_FLUSH)
        if len(acknowledged) != count:
            msg = (
                f"the broker took {len(acknowledged)} of {count} events: {errors[0] if errors else 'no answer in time'}"
            )
            raise RefusedError(msg)
        return count

    def forward(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Hand an event to a dead-letter topic; `flush` waits for it."""
        self._put(topic, self._turn(topic), key, value, None)

    def flush(self) -> bool:
        """Wait until everything handed over is acknowledged; return whether it is."""
        return self._producer.flush(_FLUSH) == 0

    @property
    def running(self) -> dict[str, bool]:
        """Steady topics, and whether each is being produced to."""
        return dict(self._running)

    def _run(self) -> None:
        while not self._stopping.wait(_PERIOD):
            with self._lock:
                for topic, running in self._running.items():
                    if running:
                        self._send(topic, None, None)
            self._producer.poll(0)

    def _turn(self, topic: str) -> int:
        turn = self._next[topic]
        self._next[topic] = (turn + 1) % self._partitions[topic]
        return turn

    def _send(
        self, topic: str, partition: int | None, delivered: Callable[[KafkaError | None, Message], None] | None
    ) -> None:
        key, value = self._events.next(topic)
        self._put(topic, self._turn(topic) if partition is None else partition, key, value, delivered)

    def _put(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        delivered: Callable[[KafkaError | None, Message], None] | None,
    ) -> None:
        def count(error: KafkaError | None, message: Message) -> None:
            (self._produced if error is None else self._failed).labels(topic).inc()
            if delivered is not None:
                delivered(error, message)

        try:
            self._producer.produce(topic, value, key, partition, on_delivery=count)
        except BufferError:  # the broker is away: this event is lost, and counted as such
            self._failed.labels(topic).inc()
