"""One snapshot of a topic, as a drill compares with it: read without the program that restores it."""

import tempfile
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apgms_ops.clients.kafka.fingerprint import Fingerprint
from apgms_ops.clients.objectstore import Version
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, ConfigurationError
from apgms_ops.evidence.files import file_digest
from apgms_ops.probes import kafka_snapshot_manifest as manifests
from apgms_ops.probes.kafka_snapshot_manifest import MANIFEST, Manifest, ManifestInvalid, Part
from apgms_ops.probes.kafka_snapshot_records import ContentInvalid, records
from apgms_ops.probes.kafka_snapshots import listed

if TYPE_CHECKING:
    from apgms_ops.clients.objectstore import ObjectStoreClient


@dataclass(frozen=True, slots=True)
class Expected:
    """What a partition holds once it is restored."""

    partition: int
    records: int
    sha256: str
    """Of the records, as `Fingerprint` has it."""
    offsets: Mapping[str, int]
    """Group → the offset that it must get: the number of records that lay before the one at which it stood."""


class Snapshot:
    """One snapshot."""

    def __init__(self, store: "ObjectStoreClient", topic: str, epoch: int, objects: Mapping[str, Version]) -> None:
        """Take what the store lists of it."""
        self._store = store
        self._objects = objects
        self.topic = topic
        self.epoch = epoch

    def manifest(self, deadline: Deadline) -> Manifest:
        """Return its manifest.

        Raises:
            ConfigurationError: It is damaged, so that nothing can be restored.
            Unobserved: It cannot be read.
        """
        version = self._objects[MANIFEST]
        if version.size > manifests.LARGEST:
            msg = f"the snapshot {self.epoch} of {self.topic} cannot be restored: its manifest is larger than any"
            raise ConfigurationError(msg)
        try:
            with tempfile.TemporaryDirectory(prefix="apgms-ops-drill-") as made:
                file = Path(made) / MANIFEST
                self._store.fetch(version.key, file, deadline, version=version.id)
                return manifests.parse(file.read_bytes(), self.topic)
        except ManifestInvalid as error:
            msg = f"the snapshot {self.epoch} of {self.topic} cannot be restored: {error}"
            raise ConfigurationError(msg) from error

    def expected(self, manifest: Manifest, part: Part, deadline: Deadline) -> Expected:
        """Read a partition's records, and return what is to become of them.

        Raises:
            BadAnswer: They are not what the manifest says.
            Unobserved: They cannot be read.
        """
        version = self._objects.get(part.object)
        where = f"the snapshot {self.epoch} of {self.topic}, partition {part.partition}"
        if version is None or version.marker:
            msg = f"{where}: its object is not there"
            raise BadAnswer(msg)
        seen, offsets = Fingerprint(), []
        with tempfile.TemporaryDirectory(prefix="apgms-ops-drill-") as made:
            file = Path(made) / "records"
            self._store.fetch(version.key, file, deadline, version=version.id)
            if file_digest(file) != part.sha256:
                msg = f"{where}: its object is damaged"
                raise BadAnswer(msg)
            try:
                for record in records(file):
                    seen.take(record.key, record.value, record.headers, record.timestamp)
                    offsets.append(record.offset)
            except ContentInvalid as error:
                msg = f"{where}: {error}"
                raise BadAnswer(msg) from error
        translated = {
            group: bisect_left(offsets, committed)
            for group, own in manifest.groups.items()
            if (committed := own.get(str(part.partition))) is not None
        }
        return Expected(part.partition, seen.records, seen.sha256, translated)


def snapshots(store: "ObjectStoreClient", prefix: str, topic: str, deadline: Deadline) -> dict[int, Snapshot]:
    """Return the snapshots of a topic that have a manifest, by their epoch, in order.

    Raises:
        Unobserved: They cannot be listed.
    """
    found = listed(store, prefix, topic, deadline)
    return {epoch: Snapshot(store, topic, epoch, found.epochs[epoch]) for epoch in found.whole}
