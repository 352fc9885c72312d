"""Takes snapshots: reads topics from their oldest records to the ends they had at the start, and stores them."""

import gzip
import hashlib
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, Final

from apgms_ops.sandbox.kafka_snapshots.format import MANIFEST, Part, Record, folder, manifest, object_of
from apgms_ops.sandbox.kafka_snapshots.settings import Settings
from apgms_ops.sandbox.kafka_snapshots.store import Store

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

Place = tuple[str, int]

_PATIENCE: Final = 20.0
"""Seconds for each question to the brokers."""
_QUIET: Final = 30.0
"""Seconds without any progress after which the reading is given up."""
_BATCH: Final = 1000
_LEVEL: Final = 6
_CHUNK: Final = 1 << 20


class Failed(Exception):
    """No snapshot was taken; the text says why."""


class _Part:
    """One partition that is being read, and the object that it becomes."""

    def __init__(self, first: int, after: int, file: IO[bytes]) -> None:
        self.first = first
        self.after = after
        self.records = 0
        self.file = file
        self.zipped = gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file, mtime=0)

    def take(self, record: Record) -> None:
        self.zipped.write(record.line())
        self.records += 1

    def close(self, partition: int) -> Part:
        self.zipped.close()
        size = self.file.tell()
        self.file.seek(0)
        digest = hashlib.sha256()
        while chunk := self.file.read(_CHUNK):
            digest.update(chunk)
        self.file.seek(0)
        return Part(partition, object_of(partition), self.first, self.after, self.records, size, digest.hexdigest())


def take(settings: Settings, topics: Sequence[str], epoch: int | None = None) -> int:
    """Take a snapshot of each topic, and return its epoch in seconds.

    Args:
        settings: Where everything is.
        topics: Which.
        epoch: When it is said to be taken; by default now.

    Raises:
        Failed: A topic cannot be read to its end.
    """
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415 — heavy

    admin = AdminClient({"bootstrap.servers": settings.bootstrap, "log_level": 0})
    cluster_id, counts = _topics(admin, topics)
    at = int(time.time()) if epoch is None else epoch
    places = [(topic, partition) for topic in topics for partition in range(counts[topic])]
    firsts, ends = _bounds(admin, places, latest=False), _bounds(admin, places, latest=True)
    taken_at = datetime.fromtimestamp(at, UTC).isoformat()
    groups = _groups(admin, settings.groups, counts)
    with ExitStack() as held:
        parts = {
            place: _Part(firsts[place], max(firsts[place], ends[place]), held.enter_context(tempfile.TemporaryFile()))
            for place in places
        }
        _read(settings, parts)
        store = Store(settings)
        for topic in topics:
            written = []
            for partition in range(counts[topic]):
                part = parts[topic, partition]
                written.append(part.close(partition))
                store.put(folder(settings.prefix, topic, at) + object_of(partition), part.file)
            content = manifest(topic, taken_at, cluster_id, written, groups[topic])
            store.put(folder(settings.prefix, topic, at) + MANIFEST, content)
    return at


def _topics(admin: "AdminClient", topics: Sequence[str]) -> tuple[str, dict[str, int]]:
    until = time.monotonic() + _PATIENCE
    while True:
        listed = admin.list_topics(timeout=_PATIENCE)
        counts = {topic: len(found.partitions) for topic, found in listed.topics.items() if found.error is None}
        if all(counts.get(topic) for topic in topics):
            return str(listed.cluster_id), {topic: counts[topic] for topic in topics}
        # A topic that was made a moment ago is told of without its partitions.
        if time.monotonic() > until:
            missing = ", ".join(topic for topic in topics if not counts.get(topic))
            msg = f"there is no topic {missing}, or it has no partitions"
            raise Failed(msg)
        time.sleep(0.05)


def _bounds(admin: "AdminClient", places: Sequence[Place], *, latest: bool) -> dict[Place, int]:
    """Return the oldest offset of each partition, or the end up to which transactions have ended."""
    from confluent_kafka import IsolationLevel, TopicPartition  # noqa: PLC0415 — heavy
    from confluent_kafka.admin._listoffsets import OffsetSpec  # noqa: PLC0415 — heavy; not exported to types

    spec: Any = OffsetSpec.latest() if latest else OffsetSpec.earliest()  # type: ignore[no-untyped-call]
    wanted = {TopicPartition(*place): spec for place in places}
    asked = admin.list_offsets(wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=_PATIENCE)
    return {(place.topic, place.partition): future.result(_PATIENCE).offset for place, future in asked.items()}


def _groups(
    admin: "AdminClient", groups: Mapping[str, Sequence[str]], counts: Mapping[str, int]
) -> dict[str, dict[str, dict[int, int | None]]]:
    """Return topic → group → partition → the offset that it has committed; None where it has committed none."""
    from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition  # noqa: PLC0415 — heavy

    found: dict[str, dict[str, dict[int, int | None]]] = {topic: {} for topic in counts}
    asked = {}
    for group, topics in groups.items():
        wanted = [
            TopicPartition(topic, number) for topic in topics if topic in counts for number in range(counts[topic])
        ]
        if wanted:
            request = [ConsumerGroupTopicPartitions(group, wanted)]
            asked[group] = admin.list_consumer_group_offsets(request, request_timeout=_PATIENCE)[group]
    for group, future in asked.items():
        for place in future.result(_PATIENCE).topic_partitions or ():
            own = found[place.topic].setdefault(group, {})
            own[place.partition] = None if place.offset < 0 else place.offset
    return found


def _read(settings: Settings, parts: Mapping[Place, _Part]) -> None:
    from confluent_kafka import Consumer, KafkaError, TopicPartition  # noqa: PLC0415 — heavy

    open_ = {place for place, part in parts.items() if part.first < part.after}
    reader = Consumer(
        {
            "bootstrap.servers": settings.bootstrap,
            "group.id": "kafka-snapshot",  # joins none; the driver asks for a name
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "fetch.wait.max.ms": 20,
            "log_level": 0,
        }
    )
    try:
        reader.assign([TopicPartition(*place, parts[place].first) for place in sorted(open_)])
        heard = time.monotonic()
        while open_:
            done = set()
            for message in reader.consume(_BATCH, 0.1):
                place = (message.topic() or "", message.partition() or 0)
                error, offset = message.error(), message.offset() or 0
                if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 — its public name
                    msg = f"{place[0]}, partition {place[1]}: {error.str()}"
                    raise Failed(msg)
                heard = time.monotonic()
                if place not in open_:
                    continue
                if error is not None or offset >= parts[place].after:
                    done.add(place)  # the end, though markers of transactions may be the last that is there
                    open_.discard(place)
                    continue
                parts[place].take(Record.of(message))
                if offset == parts[place].after - 1:
                    done.add(place)
                    open_.discard(place)
            if done:
                reader.incremental_unassign([TopicPartition(*place) for place in done])
            if time.monotonic() - heard > _QUIET:
                msg = f"nothing was read for {_QUIET:g} s; not at their end: {len(open_)} partitions"
                raise Failed(msg)
    finally:
        reader.close()
