"""Backups, step 2: whether snapshots hold what their topics held when they were taken."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.kafka import Bounds
from apgms_ops.deadline import Deadline
from apgms_ops.environment.backups import Snapshots
from apgms_ops.environment.model import Environment
from apgms_ops.environment.types import format_ratio
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.consumer_lag import kafka_section
from apgms_ops.probes.kafka_snapshot_facts import KafkaSnapshots, PartSeen, declared
from apgms_ops.probes.kafka_snapshots import listed
from apgms_ops.probes.probe import probe

if TYPE_CHECKING:
    from apgms_ops.clients.kafka.client import KafkaClient
    from apgms_ops.clients.objectstore import ObjectStoreClient

_LEEWAY: Final = timedelta(seconds=2)
"""By which the clocks of producers may be behind that of the snapshot."""
_FEW: Final = 10
"""Records that no share is counted of: the last of a quiet topic may be on its way while it is read."""
_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class SnapshotBounds:
    """What the declared topics hold now, and what they held when their newest snapshots were taken."""

    partitions: tuple[Bounds, ...]

    def not_held(self, snapshots: KafkaSnapshots, environment: Environment) -> Findings:
        """Say which snapshots cannot hold what their topic held: too few records, or offsets that it never had.

        Raises:
            Unobserved: Nothing is wrong, and of some partition it could not be told.
        """
        return self._not_held(snapshots, declared(environment))

    def _not_held(self, snapshots: KafkaSnapshots, wanted: Snapshots) -> Findings:
        bounds = {(one.topic, one.partition): one for one in self.partitions}
        parts = {(one.topic, part.partition): part for one in snapshots.snapshots for part in one.parts}
        places = [(one.topic, number) for one in snapshots.snapshots for number in range(one.declared)]
        found = Findings(
            f"{topic}, partition {number}: {why}"
            for topic, number in places
            if (topic, number) in bounds and (topic, number) in parts
            for why in _implausible(
                parts[topic, number], bounds[topic, number], wanted, compacted=topic in wanted.compacted
            )
        )
        blind = [
            f"{topic}, partition {number}"
            for topic, number in places
            if not {(topic, number)} <= set(bounds) & set(parts)
        ]
        if not found and (blind or not places):
            msg = f"there is no snapshot, or no partition, to compare: {', '.join(blind[:3]) or 'no topic is declared'}"
            raise Unobserved(msg)
        return found


def _implausible(part: PartSeen, now: Bounds, wanted: Snapshots, *, compacted: bool) -> Iterator[str]:
    """Yield what a snapshot of a partition cannot be right in, by what the partition holds now."""
    if part.next > now.end:
        yield f"the snapshot goes up to offset {part.next}, and the topic ends at {now.end}: it is of another one"
        return
    if part.first > now.start:
        yield f"the snapshot begins at offset {part.first}, and the topic holds records from {now.start} on"
    held = part.records if part.found_records is None else min(part.records, part.found_records)
    if part.records > part.next - part.first:
        yield f"the snapshot says {part.records} records, for {part.next - part.first} offsets"
    # What came before it was taken is in it, whatever it says itself; when that came which is gone nobody knows.
    expected = part.next - part.first + max(0, now.since - max(part.next, now.start))
    lacking = expected - held
    if not compacted and lacking > _FEW and Decimal(lacking) > wanted.lacking.value * expected:
        limit = f"{format_ratio(wanted.lacking.value)} ({wanted.lacking.source})"
        yield f"the snapshot holds {held} records, and the topic had {expected} offsets; lacking may be {limit}"


@probe(deadline=30.0)
def snapshot_bounds(
    kafka: "KafkaClient", backups: "ObjectStoreClient", environment: Environment, deadline: Deadline
) -> SnapshotBounds:
    """What the declared topics hold, and what they held when their newest snapshots were taken."""
    topics, wanted = kafka_section(environment).required_topics, declared(environment)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda topic: listed(backups, wanted.prefix, topic, deadline).whole, topics))
    newest = {topic: epochs[-1] for topic, epochs in zip(topics, found, strict=True) if epochs}
    if not newest:
        msg = f"there are no snapshots in {backups.source}/{wanted.prefix} to compare with"
        raise Unobserved(msg)
    now = datetime.now(UTC)
    since = {topic: min(datetime.fromtimestamp(epoch, UTC), now) - _LEEWAY for topic, epoch in newest.items()}
    return SnapshotBounds(kafka.bounds(since, deadline))
