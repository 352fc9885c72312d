"""One member of a consumer group: works, then commits, and comes back from whatever happens to it."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, Message, TopicPartition

from apgms_ops.sandbox.service_process.guard import guarded
from apgms_ops.sandbox.service_process.kafka_options import options
from apgms_ops.sandbox.service_process.log import Log
from apgms_ops.sandbox.service_process.unavailable import Unavailable

_COMMIT_MS: Final = 200
_POLL: Final = 0.1
_BATCH: Final = 500
_ASK: Final = 2.0
_RETRY: Final = 0.3
"""Seconds before work that failed is tried again."""
_LEAVE: Final = 3.0
_WITHOUT: Final = 20.0
"""Seconds that a member may be without partitions while the broker answers: then it is done for, and another joins.

Longer than a session, which a broker that comes back waits for before it gives a member's partitions to another.
"""
_WITHOUT_AT_ALL: Final = 40.0
_LOOK_EVERY: Final = 1.0
_EFFECT: Final = 20.0
"""Seconds within which holding takes effect, or is refused."""

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Received:
    """One event as it came."""

    topic: str
    partition: int
    offset: int
    value: bytes

    def envelope(self) -> dict[str, Any] | None:
        """Return the event; None if it is none, which is then for the service to park."""
        try:
            decoded = json.loads(self.value)
        except (ValueError, RecursionError):
            return None
        return decoded if isinstance(decoded, dict) and isinstance(decoded.get("id"), str) else None


Work = Callable[[Sequence[Received]], None]
"""Does all the work of these events, or raises Unavailable and is given all of them again."""


class Member:
    """The member, in a thread of its own that alone touches the driver's consumer."""

    def __init__(  # noqa: PLR0913 — what a member is
        self, bootstrap: str, group: str, topics: Sequence[str], work: Work, *, log: Log, instance: str
    ) -> None:
        """Describe the member; `start` lets it join.

        Args:
            bootstrap: The broker.
            group: The group.
            topics: What it reads.
            work: What is done with the events, in the order of each partition.
            log: Hears of what went wrong.
            instance: What the broker shows the member as.
        """
        self.group = group
        self._bootstrap = bootstrap
        self._topics = list(topics)
        self._work = work
        self._log = log
        self._instance = instance
        self._assigned: list[TopicPartition] = []
        self._without_commit: set[Place] = set()
        self._wants_hold: Callable[[], bool] = lambda: False
        self._held = False
        self._consumer: Consumer | None = None
        self._without = self._answering = self._look = 0.0
        self._stopping = threading.Event()
        self._cycle = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=group, daemon=True)

    def hold_while(self, wanted: Callable[[], bool]) -> None:
        """Let the member stay in the group and consume nothing for as long as this says so."""
        self._wants_hold = wanted

    def start(self) -> None:
        """Join."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the member to leave."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until it has left, or for some seconds, should the broker not answer."""
        self._thread.join(_LEAVE)

    def in_force(self) -> bool:
        """Return once the member holds, or works, as it is wanted to; False if that takes too long."""
        with self._cycle:
            return self._cycle.wait_for(lambda: self._held == self._wants_hold(), _EFFECT)

    @property
    def settled(self) -> bool:
        """Whether it has partitions, and a committed position for each."""
        return bool(self._assigned) and not self._without_commit

    @property
    def state(self) -> dict[str, object]:
        """What it does, for the control port."""
        return {
            "assigned": sorted(f"{place.topic}/{place.partition}" for place in self._assigned),
            "settled": self.settled,
            "held": self._held,
        }

    def _run(self) -> None:
        while not self._stopping.is_set():
            failed = guarded(self._member, lambda trace: trace)
            if failed is not None:
                self._log.trouble("consumer failed", group=self.group, trace=failed)
            self._stopping.wait(_RETRY)

    def _member(self) -> None:
        """Be a member until asked to leave, or until this one is done for.

        The driver can lose its way when a broker hangs: it then polls for ever, and never joins again.
        """
        self._without = self._answering = self._look = time.monotonic()
        consumer = Consumer(
            options(
                self._bootstrap,
                f"{self.group}-{self._instance}",
                self._log,
                group_id=self.group,
                auto_offset_reset="earliest",
                enable_auto_offset_store=False,
                auto_commit_interval_ms=_COMMIT_MS,
                session_timeout_ms=6000,
                heartbeat_interval_ms=500,
                fetch_wait_max_ms=100,
            )
        )
        self._consumer = consumer
        try:
            consumer.subscribe(self._topics, on_assign=self._assign, on_revoke=self._revoke, on_lost=self._revoke)
            while not (self._stopping.is_set() or self._forgotten(consumer)):
                self._once(consumer)
        except KafkaException as error:  # fenced, say: a worker starts anew
            self._log.trouble("consumer starts anew", group=self.group, why=str(error))
        finally:
            # Commits what is stored; not waited for without end, for the driver waits for a broker that may be away.
            self._consumer = None
            leaving = threading.Thread(target=consumer.close, name=f"{self.group} leaves", daemon=True)
            leaving.start()
            leaving.join(_LEAVE)
            self._assigned = []

    def _forgotten(self, consumer: Consumer) -> bool:
        """Whether it has had no partitions for long although the broker answers, or for longer still whatever it says.

        The driver's own view of whether the broker answers may be what is broken.
        """
        now = time.monotonic()
        if self._assigned:
            self._without = self._answering = self._look = now
            return False
        if now < self._look:
            return False
        self._look = now + _LOOK_EVERY
        try:
            consumer.list_topics(timeout=_LOOK_EVERY)
        except KafkaException:
            self._answering = time.monotonic()
        if now - self._answering < _WITHOUT and now - self._without < _WITHOUT_AT_ALL:
            return False
        self._log.trouble("consumer starts anew", group=self.group, why="it has no partitions")
        return True

    def _once(self, consumer: Consumer) -> None:
        self._hold(consumer)
        if self._without_commit:
            self._commit_positions(consumer)
        received = [message for message in consumer.consume(_BATCH, _POLL) if message.error() is None]
        if not received:
            return
        if self._held or not self._worked(received):
            _rewind(consumer, received)
            self._stopping.wait(_RETRY)
            return
        for message in received:
            consumer.store_offsets(message)

    def _worked(self, messages: Sequence[Message]) -> bool:
        events = [Received(*_place(message), message.offset() or 0, message.value() or b"") for message in messages]

        def work() -> str:
            try:
                self._work(events)
            except Unavailable as error:
                return str(error)
            return ""

        why = guarded(work, lambda trace: trace)
        if why:
            self._log.trouble("work failed, and is tried again", group=self.group, events=len(events), why=why)
        return not why

    def _hold(self, consumer: Consumer) -> None:
        wanted = self._wants_hold()
        if wanted != self._held:
            (consumer.pause if wanted else consumer.resume)(self._assigned)
            if wanted:
                _commit(consumer)
            with self._cycle:
                self._held = wanted
                self._cycle.notify_all()

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.assign(partitions)
        if self._held:
            consumer.pause(partitions)
        self._without_commit = {(place.topic, place.partition) for place in partitions}
        self._assigned = partitions

    def _revoke(self, consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        consumer.unassign()
        if consumer is self._consumer:  # not one that was left behind, and leaves at last
            self._assigned = []

    def _commit_positions(self, consumer: Consumer) -> None:
        """Commit a position where there is none: without, nobody could tell an idle partition from a forgotten one."""
        asked = [TopicPartition(topic, partition) for topic, partition in self._without_commit]
        try:
            known = consumer.committed(asked, timeout=_ASK)
            missing = [place for place in known if place.offset == OFFSET_INVALID]
            for place in missing:
                place.offset = consumer.get_watermark_offsets(place, timeout=_ASK)[0]
            if missing:
                consumer.commit(offsets=missing, asynchronous=False)
        except KafkaException as error:  # the broker is away: it is asked again in the next round
            self._log.trouble("positions are not committed", group=self.group, why=str(error))
            self._stopping.wait(_RETRY)
            return
        self._without_commit.clear()


def _place(message: Message) -> Place:
    return str(message.topic()), int(message.partition() or 0)


def _commit(consumer: Consumer) -> None:
    try:
        consumer.commit(asynchronous=False)
    except KafkaException:
        return  # nothing to commit, or no broker: either way nothing is committed from here on


def _rewind(consumer: Consumer, messages: Sequence[Message]) -> None:
    """Go back to where these messages begin, so that none is passed over."""
    first: dict[Place, int] = {}
    for message in messages:
        first.setdefault(_place(message), int(message.offset() or 0))
    for (topic, partition), offset in first.items():
        consumer.seek(TopicPartition(topic, partition, offset))
