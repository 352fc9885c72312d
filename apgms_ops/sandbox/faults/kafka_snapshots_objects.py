"""Snapshots whose objects are not there, or are not what was stored."""

from collections.abc import Mapping
from typing import ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_snapshots_tools import (
    COMPLETE,
    HELD,
    RECENT,
    UNDAMAGED,
    Objects,
    SnapshotFault,
    but,
    forget,
)
from apgms_ops.sandbox.kafka_snapshots.format import MANIFEST, object_of
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_NOT_THERE: Mapping[str, Verdict] = but({RECENT: Verdict.FAIL}, Verdict.UNKNOWN)


class NeverTaken(SnapshotFault):
    """A topic that somebody added, and forgot to add to the snapshots."""

    id = "kafka-snapshot-topic-missing"
    title = f"There is no snapshot of {SnapshotFault.topic}."
    expected: ClassVar[Mapping[str, Verdict]] = _NOT_THERE

    def spoil(self, world: World, deadline: Deadline) -> None:
        """Forget it."""
        forget(world, f"kafka/{self.topic}/", deadline)


class BrokenOff(SnapshotFault):
    """The manifest is written last: what ends a snapshot before leaves objects that nobody knows to be whole."""

    id = "kafka-snapshot-broken-off"
    title = f"The only snapshot of {SnapshotFault.topic} has no manifest."
    expected: ClassVar[Mapping[str, Verdict]] = _NOT_THERE

    def spoil(self, world: World, deadline: Deadline) -> None:
        """Forget its manifest."""
        forget(world, Objects(world, self.topic).root + MANIFEST, deadline)


class InMilliseconds(SnapshotFault):
    """A script that was rewritten in a language whose clock counts otherwise: a restore by seconds finds nothing."""

    id = "kafka-snapshot-in-milliseconds"
    title = f"The snapshot of {SnapshotFault.topic} is named by milliseconds."
    references = ("K1.2",)
    expected: ClassVar[Mapping[str, Verdict]] = _NOT_THERE

    def spoil(self, world: World, deadline: Deadline) -> None:
        """Store it again by that name, and forget what it was."""
        found = Objects(world, self.topic)
        names = [part["object"] for part in found.manifest["partitions"]] + [MANIFEST]
        for name in names:
            found.store.put(f"kafka/{self.topic}/{found.epoch}000/{name}", found.store.get(found.root + name))
        forget(world, found.root, deadline)


class PartitionMissing(SnapshotFault):
    """A lifecycle rule that matched one object more."""

    id = "kafka-snapshot-partition-missing"
    title = f"The snapshot of {SnapshotFault.topic} has no object for partition 1."
    expected: ClassVar[Mapping[str, Verdict]] = {COMPLETE: Verdict.FAIL, UNDAMAGED: Verdict.UNKNOWN}

    def spoil(self, world: World, deadline: Deadline) -> None:
        """Forget it."""
        forget(world, Objects(world, self.topic).root + object_of(1), deadline)


class PartitionDeleted(SnapshotFault):
    """Versioning keeps what is under the marker, and a restore does not find it."""

    id = "kafka-snapshot-partition-deleted"
    title = f"Somebody deleted the object of partition 1 in the snapshot of {SnapshotFault.topic}."
    expected: ClassVar[Mapping[str, Verdict]] = {COMPLETE: Verdict.FAIL, UNDAMAGED: Verdict.UNKNOWN}

    def spoil(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — S3's own patience is short
        """Delete it, as S3 does."""
        found = Objects(world, self.topic)
        found.store.delete(found.root + object_of(1))


class EmptyFile(SnapshotFault):
    """An upload of which nothing came: it exists, and a look at the listing is content."""

    id = "kafka-snapshot-empty-file"
    title = f"The object of partition 1 in the snapshot of {SnapshotFault.topic} has no content."
    references = ("K1.7",)
    expected: ClassVar[Mapping[str, Verdict]] = {COMPLETE: Verdict.FAIL, UNDAMAGED: Verdict.FAIL}
    may_notice = frozenset({HELD})

    def spoil(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — as above
        """Store nothing in its place."""
        found = Objects(world, self.topic)
        found.store.put(found.root + object_of(1), b"")


class BitRot(SnapshotFault):
    """As large as it was, and as new: only a digest tells."""

    id = "kafka-snapshot-bit-rot"
    title = f"One bit of the object of partition 1 in the snapshot of {SnapshotFault.topic} is another."
    expected: ClassVar[Mapping[str, Verdict]] = {UNDAMAGED: Verdict.FAIL}

    def spoil(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — as above
        """Turn it over."""
        found = Objects(world, self.topic)
        content = bytearray(found.store.get(found.root + object_of(1)))
        content[len(content) // 2] ^= 1
        found.store.put(found.root + object_of(1), bytes(content))


FAULTS: tuple[type[Fault], ...] = (
    NeverTaken,
    BrokenOff,
    InMilliseconds,
    PartitionMissing,
    PartitionDeleted,
    EmptyFile,
    BitRot,
)
