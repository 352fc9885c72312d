"""What is known of the snapshots of Kafka's topics, and what is wrong with them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apgms_ops.environment.backups import Snapshots
from apgms_ops.environment.model import Backups, Environment
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.inventory import DeclaredGroup
from apgms_ops.redact import printable

LEEWAY: Final = timedelta(minutes=5)
"""By which clocks differ."""


@dataclass(frozen=True, slots=True)
class PartSeen:
    """One partition of a snapshot: what its manifest says, and what is there."""

    partition: int
    first: int
    next: int
    records: int
    bytes: int
    sha256: str
    size: int | None
    """Bytes of the object that is there; None: there is none."""
    deleted: bool
    """Whether somebody deleted it: there is a marker over it."""
    found_sha256: str | None
    """Of what was read; None: it was not."""
    found_records: int | None
    """That were counted in it; None: it was not read, or does not hold records."""
    trouble: str
    """Why it does not hold the records that it should; empty where it does, or was not read."""
    unread: str
    """Why it was not read; empty where it was, or is not there."""


@dataclass(frozen=True, slots=True)
class SnapshotSeen:
    """The newest snapshot of a topic."""

    topic: str
    declared: int
    """Partitions of the topic."""
    epoch: int | None
    """Its name: seconds since 1970. None: there is no snapshot that has a manifest."""
    stored_at: datetime | None
    """When the store took its manifest."""
    taken_at: datetime | None
    """When it was taken, as its manifest says."""
    invalid: str
    """What is wrong with its manifest; empty where it is whole."""
    parts: tuple[PartSeen, ...]
    groups: dict[str, dict[str, int | None]]
    """Group → partition → the offset that it had committed; None where it had committed none."""
    broken_off: int
    """Newer ones that have no manifest: still being taken, or broken off."""
    deleted: int
    """Manifests that somebody deleted."""


@dataclass(frozen=True, slots=True)
class KafkaSnapshots:
    """The newest snapshot of every declared topic."""

    at: datetime
    """When they were read."""
    place: str
    snapshots: tuple[SnapshotSeen, ...]
    groups: tuple[DeclaredGroup, ...]

    def not_recent(self, environment: Environment) -> Findings:
        """Say which topics have no snapshot that is new enough, or one that is from the future."""
        return Findings(self._not_recent(declared(environment)))

    def _not_recent(self, wanted: Snapshots) -> Iterator[str]:
        self._require_some()
        limit = f"{format_duration(wanted.newest.value)} ({wanted.newest.source})"
        for one in self.snapshots:
            beside = "".join(
                f", {count} {what}"
                for count, what in ((one.deleted, "deleted"), (one.broken_off, "without manifest"))
                if count
            )
            if one.epoch is None:
                yield f"{one.topic}: there is no snapshot in {self.place}{beside}; wanted is one within {limit}"
                continue
            taken = datetime.fromtimestamp(one.epoch, self.at.tzinfo)
            if taken > self.at + LEEWAY:
                yield f"{one.topic}: the newest snapshot is from the future, {taken:%Y-%m-%d %H:%M:%S} UTC"
            elif taken + wanted.newest.value < self.at:
                when = f"{taken:%Y-%m-%d %H:%M} UTC{beside}"
                yield f"{one.topic}: the newest snapshot is of {when}; wanted is one within {limit}"
            if one.stored_at is not None and one.stored_at + LEEWAY < taken <= self.at + LEEWAY:
                yield f"{one.topic}: the snapshot of {one.epoch} was stored before it was taken"
            if one.taken_at is not None and abs(one.taken_at - taken) > LEEWAY:
                yield f"{one.topic}: the snapshot of {one.epoch} says that it was taken at {one.taken_at.isoformat()}"

    def incomplete(self) -> Findings:
        """Say what the newest snapshots lack: a manifest that is whole, a partition, an object, its content.

        Raises:
            Unobserved: Nothing is wrong, and a topic has no snapshot.
        """
        found = Findings(sentence for one in self._there() for sentence in _incomplete(one))
        self._require_all(found)
        return found

    def damaged(self) -> Findings:
        """Say which objects are not what their manifest says: another content, other records.

        Raises:
            Unobserved: Nothing is wrong, and something could not be read.
        """
        found = Findings(
            f"{one.topic}, partition {part.partition}: {why}"
            for one in self._there()
            for part in one.parts
            for why in _damaged(part)
        )
        self._require_all(found, manifests=True)
        parts = [(one, part) for one in self._there() for part in one.parts]
        missed = [f"{one.topic}, partition {part.partition}: {part.unread}" for one, part in parts if part.unread]
        gone = [f"{one.topic}, partition {part.partition}: not there" for one, part in parts if part.size is None]
        if not found and (missed or gone):
            msg = f"{len(missed) + len(gone)} objects were not read: {(missed + gone)[0]}"
            raise Unobserved(msg)
        return found

    def without_offsets(self) -> Findings:
        """Say of which groups a snapshot does not hold the offsets, so that after a restore they begin anywhere.

        Raises:
            Unobserved: Nothing is wrong, and a manifest could not be read.
        """
        found = Findings(self._without_offsets())
        self._require_all(found, manifests=True)
        return found

    def _without_offsets(self) -> Iterator[str]:
        if not self.groups:
            msg = "no consumer group is declared: there are no offsets to look for"
            raise Unobserved(msg)
        for one in self._there():
            for group in (group for group in self.groups if one.topic in group.topics and not one.invalid):
                own = one.groups.get(group.name)
                missing = [p for p in range(one.declared) if own is not None and str(p) not in own]
                if own is None:
                    yield f"{one.topic}: the snapshot does not hold the offsets of group {group.name}"
                elif missing:
                    yield f"{one.topic}: no offset of group {group.name} for partitions {', '.join(map(str, missing))}"
                elif all(offset is None for offset in own.values()):
                    yield f"{one.topic}: group {group.name} had committed nothing, says the snapshot"

    def _there(self) -> list[SnapshotSeen]:
        return [one for one in self.snapshots if one.epoch is not None]

    def _require_some(self) -> None:
        if not self.snapshots:
            msg = "no topic is declared: there are no snapshots to look for"
            raise Unobserved(msg)

    def _require_all(self, found: Findings, *, manifests: bool = False) -> None:
        """See that what is not red was seen of every topic."""
        self._require_some()
        blind = [one.topic for one in self.snapshots if one.epoch is None or (manifests and one.invalid)]
        if not found and blind:
            msg = f"there is no snapshot that can be read of {', '.join(blind)}"
            raise Unobserved(msg)


def declared(environment: Environment) -> Snapshots:
    """Return what an environment declares of Kafka's snapshots.

    Raises:
        Unobserved: It declares no backups.
    """
    if not isinstance(environment.backups, Backups):
        msg = f"environment {environment.name} has no section [backups]"
        raise Unobserved(msg)
    return environment.backups.kafka


def _incomplete(one: SnapshotSeen) -> Iterator[str]:
    if one.invalid:
        yield f"{one.topic}: the snapshot of {one.epoch} cannot be restored: {printable(one.invalid, limit=200)}"
        return
    held = {part.partition for part in one.parts}
    missing = [str(number) for number in range(one.declared) if number not in held]
    if missing:
        yield f"{one.topic}: the snapshot of {one.epoch} lacks partitions {', '.join(missing)}"
    for part in one.parts:
        where = f"{one.topic}, partition {part.partition}"
        if part.size is None:
            yield f"{where}: its object was {'deleted' if part.deleted else 'never stored, or is gone'}"
        elif part.size == 0:
            yield f"{where}: its object is empty, and even one without records is not"
        elif part.size != part.bytes:
            yield f"{where}: its object has {part.size} bytes, and not {part.bytes}"


def _damaged(part: PartSeen) -> Iterator[str]:
    if part.found_sha256 is not None and part.found_sha256 != part.sha256:
        yield "its object is damaged: its SHA-256 is not that of the manifest"
    elif part.trouble:
        yield f"its object does not hold what it should: {printable(part.trouble, limit=200)}"
    elif part.found_records is not None and part.found_records != part.records:
        yield f"its object holds {part.found_records} records, and the manifest says {part.records}"
