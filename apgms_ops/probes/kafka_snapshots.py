"""Backups, step 2: reads the newest snapshot of every declared topic, whole."""

import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.objectstore import NotThere, Version
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unobserved
from apgms_ops.evidence.files import file_digest
from apgms_ops.probes import kafka_snapshot_manifest as manifests
from apgms_ops.probes.consumer_lag import kafka_section
from apgms_ops.probes.inventory import DeclaredGroup
from apgms_ops.probes.kafka_snapshot_facts import KafkaSnapshots, PartSeen, SnapshotSeen, declared
from apgms_ops.probes.kafka_snapshot_manifest import MANIFEST, Manifest, ManifestInvalid, Part
from apgms_ops.probes.kafka_snapshot_records import ContentInvalid, offsets
from apgms_ops.probes.probe import probe

if TYPE_CHECKING:
    from apgms_ops.clients.objectstore import ObjectStoreClient

_AT_ONCE: Final = 8
"""Requests at once."""
_MOST: Final = 20_000
"""Versions of a topic's objects that are listed: more than a year of snapshots."""
MOST_READ: Final = 512 * 1024 * 1024
"""Bytes of all objects that are read in one run; what is beyond is not read, and so UNKNOWN."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What is stored of one topic: by snapshot and object, the newest version."""

    epochs: Mapping[int, Mapping[str, Version]]

    @property
    def whole(self) -> list[int]:
        """Those that have a manifest, in order."""
        return sorted(epoch for epoch, found in self.epochs.items() if MANIFEST in found and not found[MANIFEST].marker)


class Budget:
    """How much may still be read."""

    def __init__(self, size: int) -> None:
        """Begin with so many bytes."""
        self._left = size
        self._lock = Lock()

    def take(self, size: int) -> bool:
        """Take some bytes of it; False if there are not as many."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True


@probe(deadline=90.0)
def kafka_snapshots(backups: "ObjectStoreClient", environment: Environment, deadline: Deadline) -> KafkaSnapshots:
    """The newest snapshot of every declared topic: its manifest, and every object of it, read and hashed."""
    kafka, wanted = kafka_section(environment), declared(environment)
    budget = Budget(MOST_READ)
    with tempfile.TemporaryDirectory(prefix="apgms-ops-snapshots-") as made, ThreadPoolExecutor(_AT_ONCE) as pool:
        reader = Reader(backups, wanted.prefix, Path(made), deadline, budget)
        found = tuple(pool.map(lambda item: reader.newest(*item), kafka.required_topics.items()))
    return KafkaSnapshots(
        at=datetime.now(UTC),
        place=f"{backups.source}/{wanted.prefix}",
        snapshots=found,
        groups=tuple(DeclaredGroup(group.name, group.topics) for group in kafka.groups),
    )


def listed(store: "ObjectStoreClient", prefix: str, topic: str, deadline: Deadline) -> Listed:
    """Return what is stored of a topic.

    Raises:
        Unobserved: It cannot be listed.
    """
    root = f"{prefix}/{topic}/"
    epochs: dict[int, dict[str, Version]] = {}
    for version in store.versions(root, deadline, most=_MOST):
        epoch, _, name = version.key.removeprefix(root).partition("/")
        if version.latest and name and epoch.isascii() and epoch.isdecimal() and len(epoch) <= len(str(2**31)):
            epochs.setdefault(int(epoch), {})[name] = version
    return Listed(epochs)


class Reader:
    """Reads snapshots into files of a folder, one object at a time for each thread."""

    def __init__(
        self, store: "ObjectStoreClient", prefix: str, folder: Path, deadline: Deadline, budget: Budget
    ) -> None:
        """Take where they are, where they are put meanwhile, and what limits it."""
        self._store = store
        self._prefix = prefix
        self._folder = folder
        self._deadline = deadline
        self._budget = budget

    def newest(self, topic: str, partitions: int) -> SnapshotSeen:
        """Return the newest snapshot of a topic that has a manifest.

        Raises:
            Unobserved: It cannot be read.
        """
        found = listed(self._store, self._prefix, topic, self._deadline)
        epoch = found.whole[-1] if found.whole else None
        objects = found.epochs[epoch] if epoch is not None else {}
        manifest, invalid = self._manifest(topic, objects) if epoch is not None else (None, "")
        return SnapshotSeen(
            topic=topic,
            declared=partitions,
            epoch=epoch,
            stored_at=objects[MANIFEST].modified if epoch is not None else None,
            taken_at=None if manifest is None else manifest.taken_at,
            invalid=invalid,
            parts=() if manifest is None else tuple(self._part(objects, part) for part in manifest.parts),
            groups={} if manifest is None else manifest.groups,
            broken_off=sum(MANIFEST not in held for at, held in found.epochs.items() if at > (epoch or 0)),
            deleted=sum(MANIFEST in held and held[MANIFEST].marker for held in found.epochs.values()),
        )

    def _manifest(self, topic: str, objects: Mapping[str, Version]) -> tuple[Manifest | None, str]:
        version = objects[MANIFEST]
        if version.size > manifests.LARGEST:
            return None, "the manifest is larger than any"
        file = self.fetch(version)
        try:
            return manifests.parse(file.read_bytes(), topic), ""
        except ManifestInvalid as error:
            return None, str(error)
        finally:
            file.unlink()

    def _part(self, objects: Mapping[str, Version], part: Part) -> PartSeen:
        version = objects.get(part.object)
        there = version if version is not None and not version.marker else None
        sha256: str | None = None
        records: int | None = None
        trouble = unread = ""
        if there is not None and not self._budget.take(there.size):
            unread = f"of {there.size} bytes, which is more than a run reads of all snapshots ({MOST_READ} bytes)"
        elif there is not None:
            file = self.fetch(there)
            try:
                sha256 = file_digest(file)
                records = _counted(file, part)
            except ContentInvalid as error:
                trouble = str(error)
            finally:
                file.unlink()
        return PartSeen(
            partition=part.partition,
            first=part.first,
            next=part.next,
            records=part.records,
            bytes=part.bytes,
            sha256=part.sha256,
            size=None if there is None else there.size,
            deleted=version is not None and version.marker,
            found_sha256=sha256,
            found_records=records,
            trouble=trouble,
            unread=unread,
        )

    def fetch(self, version: Version) -> Path:
        """Return the content of an object, as a file that the caller removes.

        Raises:
            Unobserved: It cannot be had.
        """
        descriptor, name = tempfile.mkstemp(dir=self._folder)
        file = Path(name)
        os.close(descriptor)
        try:
            self._store.fetch(version.key, file, self._deadline, version=version.id)
        except NotThere as error:  # it was, a moment ago
            msg = f"{self._store.source}: an object went away while it was read"
            raise Unobserved(msg) from error
        return file


def _counted(file: Path, part: Part) -> int:
    """Return the number of records, whose offsets must rise within those that the manifest says.

    Raises:
        ContentInvalid: They do not, or it holds something else.
    """
    count, before = 0, part.first - 1
    for offset in offsets(file):
        if not before < offset < part.next:
            msg = f"offset {offset} is not in its place"
            raise ContentInvalid(msg)
        count, before = count + 1, offset
    return count
