"""The traffic's group is settled only once the broker has its commits: a snapshot that follows at once finds them."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient
from prometheus_client import CollectorRegistry, Counter

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import kafka_tools
from apgms_ops.sandbox.traffic_process.envelope import Events
from apgms_ops.sandbox.traffic_process.group import Group
from apgms_ops.sandbox.traffic_process.production import Production
from apgms_ops.sandbox.world import World

pytestmark = pytest.mark.sandbox
TOPIC = "sbr.submit"
PARTITIONS = 3


@pytest.fixture
def group(world: World) -> Iterator[Group]:
    """A group that has just begun, on a topic with an event in each partition."""
    registry = CollectorRegistry()
    handled = Counter("handled", "Events.", ["group", "topic", "result"], registry=registry)
    events = Events(lambda: datetime.now(UTC), random.Random(1))  # noqa: S311 — payloads, not secrets
    bootstrap = world.get("kafka.bootstrap")
    production = Production(bootstrap, {TOPIC: PARTITIONS, f"{TOPIC}.dlq": 1}, (TOPIC,), events, registry)
    for partition in range(PARTITIONS):
        production.produce(TOPIC, 1, partition)
    group = Group(bootstrap, f"test-{uuid.uuid4()}", (TOPIC,), production, handled)
    group.start()
    yield group
    group.stop()
    group.join()
    production.stop()


def test_a_settled_group_has_committed_in_every_partition(world: World, group: Group) -> None:
    """Asked at the moment at which it says so; handled events are committed a fifth of a second later."""
    admin = AdminClient({"bootstrap.servers": world.get("kafka.bootstrap"), "log_level": 0})
    asked = [ConsumerGroupTopicPartitions(group.name, [TopicPartition(TOPIC, number) for number in range(PARTITIONS)])]
    admin.list_topics(timeout=20)  # connected, so that the question below takes a moment only
    kafka_tools.wait(lambda: group.settled, Deadline(60), "the group to settle")

    committed = admin.list_consumer_group_offsets(asked)[group.name].result(20).topic_partitions

    assert sorted((place.partition, place.offset > 0) for place in committed) == [(n, True) for n in range(PARTITIONS)]
