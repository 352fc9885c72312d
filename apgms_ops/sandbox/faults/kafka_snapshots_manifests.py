"""Snapshots whose manifest is damaged, or says what is not so."""

import gzip
import hashlib
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_snapshots_tools import (
    COMPLETE,
    HELD,
    OFFSETS,
    RECENT,
    REHEARSED,
    UNDAMAGED,
    Objects,
    SnapshotFault,
    forget,
)
from apgms_ops.sandbox.faults.kafka_tools import produce
from apgms_ops.sandbox.kafka_snapshots import component, drilled
from apgms_ops.sandbox.kafka_snapshots.format import MANIFEST, object_of
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_DAY: Final = 86_400
_OLDER: Final = 3.5
"""Seconds by which the snapshot is younger."""
_SOME: Final = 60
"""Records: more than a check lets pass because they are few."""
_INVALID: Final = {COMPLETE: Verdict.FAIL, **dict.fromkeys((UNDAMAGED, HELD, OFFSETS), Verdict.UNKNOWN)}


class Truncated(SnapshotFault):
    """A disk that was full, a connection that broke off."""

    id = "kafka-snapshot-manifest-truncated"
    title = f"The manifest of the snapshot of {SnapshotFault.topic} ends in its middle."
    expected: ClassVar[Mapping[str, Verdict]] = _INVALID

    def spoil(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — S3's own patience is short
        """Store the first half of it."""
        found = Objects(world, self.topic)
        content = found.store.get(found.root + MANIFEST)
        found.store.put(found.root + MANIFEST, content[: len(content) // 2])


class OfAnotherTopic(SnapshotFault):
    """A script that mixed up its variables: a restore would bring back other records."""

    id = "kafka-snapshot-of-another-topic"
    title = f"What is stored as the snapshot of {SnapshotFault.topic} has the manifest of another topic."
    expected: ClassVar[Mapping[str, Verdict]] = _INVALID

    def spoil(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — as above
        """Store the other's."""
        found, other = Objects(world, self.topic), Objects(world, "registries.update")
        found.store.put(found.root + MANIFEST, other.store.get(other.root + MANIFEST))


class _Dated(SnapshotFault):
    """The only snapshot is said to be taken at another time."""

    expected: ClassVar[Mapping[str, Verdict]] = {RECENT: Verdict.FAIL}
    off: ClassVar[int]
    """Seconds from now."""

    def spoil(self, world: World, deadline: Deadline) -> None:
        """Take it so."""
        forget(world, f"kafka/{self.topic}/", deadline)
        component.take(world, [self.topic], deadline, int(time.time()) + self.off)


class TooOld(_Dated):
    """Nobody has taken one since."""

    id = "kafka-snapshot-too-old"
    title = f"The newest snapshot of {SnapshotFault.topic} is of two days ago."
    off = -2 * _DAY


class Future(_Dated):
    """A clock that is wrong: it would be the newest for a day, whatever happened to those that follow."""

    id = "kafka-snapshot-from-the-future"
    title = f"The newest snapshot of {SnapshotFault.topic} is of tomorrow."
    off = _DAY


class _Fewer(SnapshotFault):
    """Records are missing, and the manifest agrees with what is there."""

    topic = "registries.update"
    expected: ClassVar[Mapping[str, Verdict]] = {HELD: Verdict.FAIL}

    def spoil(self, world: World, deadline: Deadline) -> None:
        """Take a snapshot with some records, and take them out of it."""
        produce(world, self.topic, _SOME, deadline, partition=0)
        time.sleep(_OLDER)  # than what was produced, by more than clocks may differ
        component.take(world, [self.topic], deadline)
        found = Objects(world, self.topic)
        lines = gzip.decompress(found.store.get(found.root + object_of(0))).splitlines(keepends=True)
        kept = self.kept(lines)
        content = gzip.compress(b"".join(kept), mtime=0)
        found.store.put(found.root + object_of(0), content)
        found.say(lambda manifest: self.agree(manifest["partitions"][0], kept, content))

    def kept(self, lines: list[bytes]) -> list[bytes]:
        """Return what is left of the lines."""
        raise NotImplementedError

    def agree(self, part: dict[str, Any], kept: list[bytes], content: bytes) -> None:
        """Let the manifest's entry say what is there."""
        part |= {"records": len(kept), "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


class Cut(_Fewer):
    """A reader that gave up early, and was content."""

    id = "kafka-snapshot-count-cut"
    title = f"The snapshot of {_Fewer.topic} holds half of the records, and its manifest agrees with that."

    def kept(self, lines: list[bytes]) -> list[bytes]:
        """Return half of them."""
        return lines[: len(lines) // 2]


class Nothing(_Fewer):
    """A reader that may not read sees an empty topic."""

    id = "kafka-snapshot-says-empty"
    title = f"The snapshot of {_Fewer.topic} says that there was nothing in partition 0."

    def kept(self, lines: list[bytes]) -> list[bytes]:  # noqa: ARG002 — of none any
        """Return none."""
        return []

    def agree(self, part: dict[str, Any], kept: list[bytes], content: bytes) -> None:
        """Say that there was nothing to read."""
        super().agree(part, kept, content)
        part["next"] = part["first"]


class Ahead(SnapshotFault):
    """The snapshot of another cluster, or of a topic that was made anew."""

    id = "kafka-snapshot-ahead"
    title = f"The snapshot of {SnapshotFault.topic} goes up to an offset that the topic has never had."
    expected: ClassVar[Mapping[str, Verdict]] = {HELD: Verdict.FAIL}

    def spoil(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — as above
        """Say so."""
        Objects(world, self.topic).say(lambda manifest: manifest["partitions"][0].update(next=10**9))


class NoOffsets(SnapshotFault):
    """The records are there, and after a restore the group begins anywhere."""

    id = "kafka-snapshot-without-offsets"
    topic = "sbr.submit"
    title = f"The snapshot of {topic} does not say where its groups stood."
    references = ("K1.5",)
    expected: ClassVar[Mapping[str, Verdict]] = {OFFSETS: Verdict.FAIL}

    def spoil(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — as above
        """Leave them out."""
        Objects(world, self.topic).say(lambda manifest: manifest.update(groups={}))


class DrillFailed(NoOffsets):
    """All records came back, and the group did not: the rehearsal says so, and is kept."""

    id = "kafka-snapshot-drill-failed"
    title = "The last rehearsal of a topic's restore found that its group's offsets do not come back."
    expected: ClassVar[Mapping[str, Verdict]] = {OFFSETS: Verdict.FAIL, REHEARSED: Verdict.FAIL}

    def spoil(self, world: World, deadline: Deadline) -> None:
        """Leave the offsets out, and rehearse a restore."""
        super().spoil(world, deadline)
        drilled.drill(world, str(Objects(world, self.topic).epoch), deadline, codes=(1,))

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Take another snapshot, and rehearse its restore."""
        super().heal(world, memo, deadline)
        drilled.drill(world, str(Objects(world, self.topic).epoch), deadline, codes=(0,))


FAULTS: tuple[type[Fault], ...] = (
    Truncated,
    OfAnotherTopic,
    TooOld,
    Future,
    Cut,
    Nothing,
    Ahead,
    NoOffsets,
    DrillFailed,
)
