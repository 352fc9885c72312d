"""What the faults of Kafka's snapshots have in common: a topic's objects read, written, forgotten, and taken anew."""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.objectstore_tools import order
from apgms_ops.sandbox.kafka_snapshots import component
from apgms_ops.sandbox.kafka_snapshots.format import MANIFEST, folder
from apgms_ops.sandbox.kafka_snapshots.store import Store
from apgms_ops.sandbox.objectstore import BACKUPS
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

FILE: Final = "checks/backups/test_kafka_snapshots.py"
RECENT: Final = f"{FILE}::test_every_topic_has_a_recent_snapshot"
COMPLETE: Final = f"{FILE}::test_every_snapshot_is_complete"
UNDAMAGED: Final = f"{FILE}::test_no_snapshot_is_damaged"
HELD: Final = f"{FILE}::test_snapshots_hold_what_their_topics_held"
OFFSETS: Final = f"{FILE}::test_snapshots_hold_the_offsets_of_every_group"
GOES_ON: Final = f"{FILE}::test_the_nightly_snapshot_goes_on"
REHEARSED: Final = "checks/backups/test_drills.py::test_a_restore_of_a_topic_was_rehearsed"
OF_THE_STORE: Final = (RECENT, COMPLETE, UNDAMAGED, HELD, OFFSETS)
"""The checks that read the store."""
BACKUPS_CHECKS: Final = "checks/backups/"
_PREFIX: Final = "kafka"

Json = dict[str, Any]


class Objects:
    """The newest snapshot of one topic, as whoever holds the writer's key may change it."""

    def __init__(self, world: World, topic: str) -> None:
        """Find it."""
        settings = component.settings_of(world)
        self.store = Store(settings)
        self.epoch = self.store.snapshots(_PREFIX, topic)[-1]
        self.root = folder(_PREFIX, topic, self.epoch)

    @property
    def manifest(self) -> Json:
        """Its manifest."""
        found: Json = json.loads(self.store.get(self.root + MANIFEST))
        return found

    def say(self, change: Callable[[Json], object]) -> None:
        """Write the manifest anew, changed."""
        found = self.manifest
        change(found)
        self.store.put(self.root + MANIFEST, json.dumps(found).encode())


class SnapshotFault(Fault):
    """Something is wrong with the snapshot of one topic. Healed, it is gone, and another was taken."""

    component = component.NAME
    reach = BACKUPS_CHECKS
    topic: ClassVar[str] = "reconciliation.completed"
    """One that no group reads."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Do it."""
        self.spoil(world, deadline)
        return {}

    def spoil(self, world: World, deadline: Deadline) -> None:
        """Do what is wrong."""
        raise NotImplementedError

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Take another snapshot in place of all that there are."""
        forget(world, f"{_PREFIX}/{self.topic}/", deadline)
        component.take(world, [self.topic], deadline)


def forget(world: World, prefix: str, deadline: Deadline) -> None:
    """Forget objects and all their versions."""
    order(world, "/forget", {"prefix": prefix, "bucket": BACKUPS}, deadline)


def but(first: Mapping[str, Verdict], others: Verdict) -> dict[str, Verdict]:
    """Return the verdicts of all checks that read the store: those that are named, and one for all others."""
    return dict.fromkeys(OF_THE_STORE, others) | dict(first)
