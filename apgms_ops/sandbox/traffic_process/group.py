"""One consumer group: a member that consumes and commits, and can be told to stop, to stall or to fail."""

import queue
import threading
from collections.abc import Sequence
from enum import StrEnum

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from prometheus_client import Counter

from apgms_ops.sandbox.traffic_process.driver import Complaints, options
from apgms_ops.sandbox.traffic_process.production import Production
from apgms_ops.sandbox.traffic_process.refusal import RefusedError

_COMMIT_MS = 200
_POLL = 0.1
_BATCH = 500
_LEAVE = 5.0
_EFFECT = 30.0
"""Seconds within which an order takes effect, or is refused."""


class Order(StrEnum):
    """What a group can be told."""

    STOP = "stop"
    START = "start"
    HOLD = "hold"
    RELEASE = "release"
    FAIL = "fail"
    RECOVER = "recover"


class Group:
    """A consumer group of one member, in a thread of its own that alone touches the consumer."""

    def __init__(
        self, bootstrap: str, name: str, topics: Sequence[str], production: Production, handled: Counter
    ) -> None:
        """Describe the group; `start` lets its member join.

        Args:
            bootstrap: The broker.
            name: The group.
            topics: What it reads.
            production: Takes its dead letters.
            handled: Counts what it handled, by group, topic and result.
        """
        self.name = name
        self._bootstrap = bootstrap
        self._topics = list(topics)
        self._production = production
        self._consumer: Consumer | None = None
        self._assigned: list[TopicPartition] = []
        self._held = False
        self._failing = False
        self._committed: set[tuple[str, int]] = set()
        self._orders: queue.Queue[tuple[Order, threading.Event]] = queue.Queue()
        self._stopping = threading.Event()
        self._handled = handled
        self._complaints = Complaints()
        for topic in self._topics:
            for result in ("ok", "dead-lettered"):
                self._handled.labels(name, topic, result)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Let the member join."""
        self._consumer = self._join()
        self._thread.start()

    def stop(self) -> None:
        """Let the member leave the group, for good."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until it has left, or for some seconds, should the broker not answer."""
        self._thread.join(_LEAVE)

    def order(self, order: Order) -> None:
        """Carry out an order, and return once it took effect.

        Raises:
            RefusedError: It did not take effect in time.
        """
        done = threading.Event()
        self._orders.put((order, done))
        if not done.wait(_EFFECT):
            msg = f"group {self.name} did not {order} within {_EFFECT:g} s: does the broker answer?"
            raise RefusedError(msg)

    @property
    def state(self) -> dict[str, object]:
        """What the group is doing, for `/status`."""
        return {
            "member": self._consumer is not None,
            "held": self._held,
            "failing": self._failing,
            "assigned": sorted(f"{p.topic}/{p.partition}" for p in self._assigned),
            "committed_partitions": len(self._committed),
        }

    @property
    def settled(self) -> bool:
        """Whether the member has partitions, and the broker has taken a commit of each since it joined."""
        return bool(self._assigned) and {(p.topic, p.partition) for p in self._assigned} <= self._committed

    def _run(self) -> None:
        waiting: list[tuple[Order, threading.Event]] = []
        while not self._stopping.is_set():
            try:
                order, done = self._orders.get(timeout=_POLL if self._consumer is None else 0.0001)
            except queue.Empty:
                pass
            else:
                self._carry_out(order)
                waiting.append((order, done))
            self._consume()
            waiting = [(order, done) for order, done in waiting if not self._announce(order, done)]
        self._leave()

    def _announce(self, order: Order, done: threading.Event) -> bool:
        """Say that an order took effect, if it did."""
        if order is Order.START and not self._assigned:
            return False
        done.set()
        return True

    def _carry_out(self, order: Order) -> None:
        match order:
            case Order.STOP:
                self._leave()
            case Order.START if self._consumer is None:
                self._consumer = self._join()
            case Order.HOLD:
                self._held = True
                if self._consumer is not None:
                    self._commit(self._consumer)
                    self._consumer.pause(self._assigned)
            case Order.RELEASE:
                self._held = False
                if self._consumer is not None:
                    self._consumer.resume(self._assigned)
            case Order.FAIL | Order.RECOVER:
                self._failing = order is Order.FAIL
            case _:
                return

    def _join(self) -> Consumer:
        configuration = options(
            self._bootstrap,
            self._complaints,
            group_id=self.name,
            client_id=f"{self.name}-1",
            auto_offset_reset="earliest",
            enable_auto_offset_store=False,
            auto_commit_interval_ms=_COMMIT_MS,
            session_timeout_ms=6000,
            heartbeat_interval_ms=500,
            fetch_wait_max_ms=100,
        )
        consumer = Consumer({**configuration, "on_commit": self._on_commit})
        self._committed.clear()
        consumer.subscribe(self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke)
        return consumer

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.assign(partitions)
        if self._held:
            consumer.pause(partitions)
        self._assigned = partitions

    def _on_revoke(self, consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        consumer.unassign()
        self._assigned = []

    def _on_commit(self, error: KafkaError | None, places: list[TopicPartition]) -> None:
        if error is None:
            taken = (place for place in places if place.error is None and place.offset >= 0)
            self._committed.update((place.topic, place.partition) for place in taken)

    def _consume(self) -> None:
        if self._consumer is None:
            return
        try:
            messages = [message for message in self._consumer.consume(_BATCH, _POLL) if message.error() is None]
            if self._held or (self._failing and not self._dead_letter(messages)):
                self._rewind(self._consumer, messages)
            else:
                self._done_with(self._consumer, messages)
        except KafkaException:  # fenced, or the topic is gone: a worker starts anew
            self._leave()
            self._stopping.wait(_POLL)
            self._consumer = self._join()

    def _done_with(self, consumer: Consumer, messages: Sequence[Message]) -> None:
        result = "dead-lettered" if self._failing else "ok"
        for message in messages:
            consumer.store_offsets(message)
            self._handled.labels(self.name, message.topic(), result).inc()

    def _rewind(self, consumer: Consumer, messages: Sequence[Message]) -> None:
        """Go back to where these messages begin, so that none is passed over."""
        first: dict[tuple[str, int], int] = {}
        for message in messages:
            first.setdefault((str(message.topic()), int(message.partition() or 0)), int(message.offset() or 0))
        for (topic, partition), offset in first.items():
            consumer.seek(TopicPartition(topic, partition, offset))

    def _dead_letter(self, messages: Sequence[Message]) -> bool:
        for message in messages:
            self._production.forward(f"{message.topic()}.dlq", message.key(), message.value())
        return self._production.flush()

    def _commit(self, consumer: Consumer) -> None:
        try:
            consumer.commit(asynchronous=False)
        except KafkaException:
            return  # nothing to commit, or no broker: either way nothing is committed from here on

    def _leave(self) -> None:
        if self._consumer is not None:
            self._consumer.close()  # commits what is stored
            self._consumer = None
            self._assigned = []
