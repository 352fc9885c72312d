"""Backups, step 2: last night's snapshot of Kafka is there, holds every topic whole, and could be restored."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.probes.kafka_snapshot_facts import KafkaSnapshots
from apgms_ops.probes.snapshot_bounds import SnapshotBounds
from apgms_ops.probes.snapshot_schedule import SnapshotSchedule

pytestmark = [
    pytest.mark.runbook("backups", 2),
    pytest.mark.control("audit-logging"),
]


def test_every_topic_has_a_recent_snapshot(kafka_snapshots: KafkaSnapshots, environment: Environment) -> None:
    """Of every declared topic and its dead-letter topic there is a snapshot of last night, and of no later time."""
    assert not kafka_snapshots.not_recent(environment)


def test_every_snapshot_is_complete(kafka_snapshots: KafkaSnapshots) -> None:
    """The newest snapshot of a topic has a manifest that is whole, and an object with content for every partition."""
    assert not kafka_snapshots.incomplete()


def test_no_snapshot_is_damaged(kafka_snapshots: KafkaSnapshots) -> None:
    """Every object of the newest snapshots has the digest that its manifest says, and as many records."""
    assert not kafka_snapshots.damaged()


def test_snapshots_hold_what_their_topics_held(
    kafka_snapshots: KafkaSnapshots, snapshot_bounds: SnapshotBounds, environment: Environment
) -> None:
    """The newest snapshots hold the records that their topics held when they were taken, partition by partition."""
    assert not snapshot_bounds.not_held(kafka_snapshots, environment)


def test_snapshots_hold_the_offsets_of_every_group(kafka_snapshots: KafkaSnapshots) -> None:
    """The newest snapshot of a topic says where each group stood that is declared to read it, in every partition."""
    assert not kafka_snapshots.without_offsets()


def test_the_nightly_snapshot_goes_on(snapshot_schedule: SnapshotSchedule, environment: Environment) -> None:
    """The CronJob that takes the snapshots is there, is not suspended, and has succeeded lately."""
    assert not snapshot_schedule.idle(environment)
