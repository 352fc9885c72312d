"""Consumer groups and topics as Kafka reports them, under the names that kafka_exporter gives them."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec  # public as admin.OffsetSpec, but not to type checkers
from prometheus_client.core import GaugeMetricFamily, Metric

from apgms_ops.sandbox.traffic_process.driver import Complaints, options

_PERIOD = 0.5
_PATIENCE = 2.0
"""Seconds for one request, and that a look is told for."""
_NO_COMMIT = -1
DLQ = ".dlq"

Partition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the broker."""

    ends: Mapping[Partition, int] = field(default_factory=dict)
    """The offset that the next message gets."""
    begins: Mapping[Partition, int] = field(default_factory=dict)
    """The offset of the oldest message that is kept."""
    members: Mapping[str, int] = field(default_factory=dict)
    """Group → members."""
    commits: Mapping[str, Mapping[Partition, int]] = field(default_factory=dict)
    """Group → partition → committed offset; -1 where there is none."""


class KafkaMetrics:
    """Looks at the broker again and again, and answers scrapes with the last look while it is fresh."""

    def __init__(self, bootstrap: str) -> None:
        """Prepare to look at a broker."""
        self._options = options(bootstrap, Complaints())
        self._admin = AdminClient(self._options)
        self._reading = Reading()
        self._read_at = float("-inf")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka metrics", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    @property
    def fresh(self) -> bool:
        """Whether the last look is recent enough to be told: an old one would hide that the broker is away."""
        return time.monotonic() - self._read_at < _PATIENCE

    def collect(self) -> Iterator[Metric]:
        """Yield the last look; nothing if it is old."""
        if self.fresh:
            yield from families(self._reading)

    def _run(self) -> None:
        while not self._stopping.wait(_PERIOD):
            try:
                self._reading = self._read()
                self._read_at = time.monotonic()
            except (KafkaException, TimeoutError):
                # The last look grows old, and the scrape fails. A client that outlived a broker's restart may insist on
                # the leader epoch it knew, and be refused for ever: a new one asks anew.
                self._admin = AdminClient(self._options)

    def _read(self) -> Reading:
        topics = self._admin.list_topics(timeout=_PATIENCE).topics
        partitions = [
            (name, partition)
            for name, topic in topics.items()
            if topic.error is None and not name.startswith("__")
            for partition in topic.partitions
        ]
        listed = self._admin.list_consumer_groups(request_timeout=_PATIENCE).result(_PATIENCE)
        if listed.errors:
            raise KafkaException(listed.errors[0])
        groups = [group.group_id for group in listed.valid]
        described = self._admin.describe_consumer_groups(groups, request_timeout=_PATIENCE) if groups else {}
        members = {group: len(future.result(_PATIENCE).members) for group, future in described.items()}
        commits = {group: self._commits(group) for group in groups}  # before the ends, so that no lag is negative
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the library's gap
        earliest = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
        return Reading(self._offsets(partitions, latest), self._offsets(partitions, earliest), members, commits)

    def _offsets(self, partitions: Iterable[Partition], which: OffsetSpec) -> dict[Partition, int]:
        asked = {TopicPartition(topic, partition): which for topic, partition in partitions}
        if not asked:
            return {}
        answers = self._admin.list_offsets(asked, request_timeout=_PATIENCE)
        return {(p.topic, p.partition): future.result(_PATIENCE).offset for p, future in answers.items()}

    def _commits(self, group: str) -> dict[Partition, int]:
        asked = [ConsumerGroupTopicPartitions(group)]
        (future,) = self._admin.list_consumer_group_offsets(asked, request_timeout=_PATIENCE).values()
        found = future.result(_PATIENCE).topic_partitions or []
        return {(p.topic, p.partition): p.offset if p.offset >= 0 else _NO_COMMIT for p in found}


def families(reading: Reading) -> Iterator[Metric]:
    """Yield the metrics of one look. A partition without a commit has offset and lag -1, as kafka_exporter has it."""
    current = GaugeMetricFamily(
        "kafka_topic_partition_current_offset", "End of the log of a partition.", labels=("topic", "partition")
    )
    for (topic, partition), end in reading.ends.items():
        current.add_metric((topic, str(partition)), end)
    yield current

    names = ("consumergroup", "topic", "partition")
    committed = GaugeMetricFamily("kafka_consumergroup_current_offset", "Committed offset of a group.", labels=names)
    lag = GaugeMetricFamily("kafka_consumergroup_lag", "Messages a group is behind on a partition.", labels=names)
    for group, commits in reading.commits.items():
        for (topic, partition), offset in commits.items():
            labels = (group, topic, str(partition))
            committed.add_metric(labels, offset)
            log_end = reading.ends.get((topic, partition))
            if log_end is not None:
                lag.add_metric(labels, _NO_COMMIT if offset == _NO_COMMIT else log_end - offset)
    yield committed
    yield lag

    members = GaugeMetricFamily("kafka_consumergroup_members", "Members of a group.", labels=("consumergroup",))
    for group, count in reading.members.items():
        members.add_metric((group,), count)
    yield members

    letters = GaugeMetricFamily(
        "apgms_dlq_messages", "Messages in the dead-letter topic of this topic.", labels=("topic",)
    )
    counts: dict[str, int] = {}
    for (topic, partition), end in reading.ends.items():
        if topic.endswith(DLQ):
            name = topic.removesuffix(DLQ)
            counts[name] = counts.get(name, 0) + end - reading.begins.get((topic, partition), 0)
    for topic, messages in counts.items():
        letters.add_metric((topic,), messages)
    yield letters
