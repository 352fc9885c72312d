"""Restores a topic from a snapshot: verifies all of it first, then produces every record, partition by partition."""

import gzip
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from apgms_ops.sandbox.kafka_snapshots.format import FORMAT, MANIFEST, Part, Record, folder
from apgms_ops.sandbox.kafka_snapshots.settings import Settings
from apgms_ops.sandbox.kafka_snapshots.store import Store
from apgms_ops.sandbox.kafka_snapshots.taking import Failed

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message
    from confluent_kafka.admin import AdminClient

_PATIENCE: Final = 20.0
_MILLISECONDS: Final = 10**11
"""Seconds of which nobody lives to see the day: whoever gives as many means milliseconds."""
_EVERY: Final = 5000
"""Records between two lines of progress."""
_FLUSH: Final = 60.0
_STARTING: Final = frozenset({"NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE", "UNKNOWN_TOPIC_OR_PART"})
"""The driver's names of what brokers say of a topic that was made a moment ago."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be restored, and how."""

    topic: str
    timestamp: int
    """The newest snapshot of that second or before."""
    target: str
    """The topic that is restored into."""
    into_live: bool = False
    """Whether the target may hold records already."""
    offsets: bool = False
    """Whether groups get their offsets, translated."""
    group_suffix: str = ""
    """What is put behind the names of the groups that get them."""


class Restore:
    """One restore."""

    def __init__(self, settings: Settings, wanted: Wanted, say: Callable[[str], None]) -> None:
        """Take what is wanted, and what takes a line of progress."""
        from confluent_kafka.admin import AdminClient  # noqa: PLC0415 — heavy

        self._settings = settings
        self._wanted = wanted
        self._say = say
        self._store = Store(settings)
        self._admin: AdminClient = AdminClient({"bootstrap.servers": settings.bootstrap, "log_level": 0})

    def run(self) -> int:
        """Carry it out, and return the number of records.

        Raises:
            Failed: It cannot be; until the first record is produced, nothing has changed but that the target exists.
        """
        wanted = self._wanted
        if wanted.timestamp >= _MILLISECONDS:
            msg = f"--timestamp {wanted.timestamp}: that is in milliseconds; seconds are wanted"
            raise Failed(msg)
        epoch = self._epoch()
        content, parts = self._manifest(epoch)
        with ExitStack() as held:
            files = {part.partition: held.enter_context(tempfile.TemporaryFile()) for part in parts}
            for part in parts:
                self._verify(epoch, part, files[part.partition])
            self._say(f"verified snapshot {epoch} of {wanted.topic}: {len(parts)} partitions")
            bases = self._prepare(len(parts))
            total = sum(part.records for part in parts)
            done = 0
            for part in parts:
                done = self._produce(part, files[part.partition], done, total)
            self._compare(parts, bases)
            groups = self._translate(content["groups"], files, bases) if wanted.offsets else 0
        self._say(f"restored {done} of {total} records of {len(parts)} partitions into {wanted.target}")
        if wanted.offsets:
            self._say(f"set the offsets of {groups} groups")
        return done

    def _epoch(self) -> int:
        wanted = self._wanted
        there = self._store.snapshots(self._settings.prefix, wanted.topic)
        earlier = [epoch for epoch in there if epoch <= wanted.timestamp]
        if not earlier:
            msg = f"there is no snapshot of {wanted.topic} of {wanted.timestamp} or before; there are {there[:5]}"
            raise Failed(msg)
        return earlier[-1]

    def _manifest(self, epoch: int) -> tuple[Mapping[str, Any], list[Part]]:
        topic = self._wanted.topic
        try:
            content = json.loads(self._store.get(folder(self._settings.prefix, topic, epoch) + MANIFEST))
            parts = sorted((Part(**entry) for entry in content["partitions"]), key=lambda part: part.partition)
            whole = [part.partition for part in parts] == list(range(len(parts)))
            if (content["format"], content["topic"]) == (FORMAT, topic) and parts and whole:
                return content, parts
        except (ValueError, KeyError, TypeError):
            pass
        msg = f"the manifest of snapshot {epoch} of {topic} is damaged, or is of another topic"
        raise Failed(msg)

    def _verify(self, epoch: int, part: Part, file: IO[bytes]) -> None:
        """Fetch an object, and see that it is what was written, before anything is produced."""
        name = folder(self._settings.prefix, self._wanted.topic, epoch) + part.object
        if self._store.fetch(name, file) != part.sha256:
            msg = f"{name} is damaged: its SHA-256 is not that of the manifest"
            raise Failed(msg)
        records = sum(1 for _ in _records(file))
        if records != part.records:
            msg = f"{name} holds {records} records, and the manifest says {part.records}"
            raise Failed(msg)

    def _prepare(self, partitions: int) -> dict[int, int]:
        """See to the target, and return the end of each of its partitions."""
        from confluent_kafka.cimpl import NewTopic  # noqa: PLC0415 — heavy

        target = self._wanted.target
        listed = self._admin.list_topics(timeout=_PATIENCE).topics
        if target not in listed:
            # Its records are as old as they were: a retention by time would remove them at once.
            config = {"retention.ms": "-1", "message.timestamp.type": "CreateTime"}
            made = self._admin.create_topics(
                [NewTopic(target, partitions, 1, config=config)], request_timeout=_PATIENCE
            )
            made[target].result(_PATIENCE)
            until = time.monotonic() + _PATIENCE
            while len(_partitions(self._admin, target)) < partitions:
                if time.monotonic() > until:
                    msg = f"{target} was made, and is not there"
                    raise Failed(msg)
                time.sleep(0.05)
        there = len(_partitions(self._admin, target))
        if there != partitions:
            msg = f"{target} has {there} partitions, and the snapshot {partitions}"
            raise Failed(msg)
        ends = _ends(self._admin, target, partitions)
        if any(ends.values()) and not self._wanted.into_live:
            msg = f"{target} is not empty"
            raise Failed(msg)
        return ends

    def _produce(self, part: Part, file: IO[bytes], done: int, total: int) -> int:
        """Produce a partition's records, in their order, and return how many are there by now."""
        from confluent_kafka import Producer  # noqa: PLC0415 — heavy

        options = {"bootstrap.servers": self._settings.bootstrap, "acks": "all", "enable.idempotence": True}
        producer = Producer({**options, "linger.ms": 5, "log_level": 0})
        failed: list[str] = []

        def delivered(error: "KafkaError | None", _message: "Message") -> None:
            if error is not None:
                failed.append(error.str())

        for record in _records(file):
            at: dict[str, Any] = {} if record.timestamp is None else {"timestamp": record.timestamp}
            while True:
                try:
                    producer.produce(
                        self._wanted.target,
                        record.value,
                        record.key,
                        part.partition,
                        on_delivery=delivered,
                        headers=list(record.headers),
                        **at,
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
            done += 1
            if done % _EVERY == 0:
                producer.poll(0)
                self._say(f"progress {done} of {total} records, partition {part.partition}")
        if producer.flush(_FLUSH) or failed:
            msg = f"{self._wanted.target}, partition {part.partition}: {failed[0] if failed else 'not taken in time'}"
            raise Failed(msg)
        self._say(f"progress {done} of {total} records, partition {part.partition} is there")
        return done

    def _compare(self, parts: Sequence[Part], bases: Mapping[int, int]) -> None:
        """See that as many records are there as were produced."""
        ends = _ends(self._admin, self._wanted.target, len(parts))
        for part in parts:
            grown = ends[part.partition] - bases[part.partition]
            if grown != part.records and not self._wanted.into_live:
                msg = f"partition {part.partition} grew by {grown} and not by {part.records} records"
                raise Failed(msg)

    def _translate(
        self, groups: Mapping[str, Mapping[str, int | None]], files: Mapping[int, IO[bytes]], bases: Mapping[int, int]
    ) -> int:
        """Set each group's offsets to the records at which it stood: as many behind it as were in the snapshot.

        Returns how many groups have offsets now: one that had committed nowhere has none to be set.
        """
        from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition  # noqa: PLC0415 — heavy

        set_ = 0
        for group, own in groups.items():
            places = []
            for partition, base in bases.items():
                committed = own.get(str(partition))
                if committed is not None:
                    behind = sum(1 for record in _records(files[partition]) if record.offset < committed)
                    places.append(TopicPartition(self._wanted.target, partition, base + behind))
            if not places:
                continue
            name = group + self._wanted.group_suffix
            wanted = [ConsumerGroupTopicPartitions(name, places)]
            try:
                self._admin.alter_consumer_group_offsets(wanted, request_timeout=_PATIENCE)[name].result(_PATIENCE)
            except KafkaException as error:
                msg = f"the records are there, and the offsets of group {name} are not: {error.args[0].str()}"
                raise Failed(msg) from error
            set_ += 1
        return set_


def _records(file: IO[bytes]) -> Iterator[Record]:
    file.seek(0)
    with gzip.GzipFile(fileobj=file, mode="rb") as lines:
        for line in lines:
            yield Record.read(line)


def _partitions(admin: "AdminClient", topic: str) -> Mapping[int, object]:
    found = admin.list_topics(topic, timeout=_PATIENCE).topics[topic]
    return {} if found.error is not None else found.partitions


def _ends(admin: "AdminClient", topic: str, partitions: int) -> dict[int, int]:
    from confluent_kafka import KafkaException, TopicPartition  # noqa: PLC0415 — heavy
    from confluent_kafka.admin._listoffsets import OffsetSpec  # noqa: PLC0415 — heavy; not exported to types

    latest: Any = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    until = time.monotonic() + _PATIENCE
    while True:
        asked = admin.list_offsets({TopicPartition(topic, number): latest for number in range(partitions)})
        try:
            return {place.partition: future.result(_PATIENCE).offset for place, future in asked.items()}
        except KafkaException as error:
            if error.args[0].name() not in _STARTING or time.monotonic() > until:
                raise
            time.sleep(0.05)
