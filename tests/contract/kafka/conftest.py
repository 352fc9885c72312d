"""The brokers of the contract: Apache Kafka and its stand-in. The same tests on both, minus what the latter states."""

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from apgms_ops.clients.kafka import Offset, Reading
from apgms_ops.clients.kafka.client import KafkaClient
from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.observation import Recorder
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kafka import ApacheKafka
from apgms_ops.sandbox.noida import EXCLUDED, StandInBroker
from apgms_ops.sandbox.world import World

BROKERS: dict[str, Callable[[], Component]] = {"apache-kafka": ApacheKafka, "stand-in": StandInBroker}


@dataclass
class Broker:
    """A running broker, and what a test does to it."""

    world: World
    component: Component

    def __post_init__(self) -> None:
        """Hold one administration client."""
        self.bootstrap = self.world.get("kafka.bootstrap")
        self.admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def topic(self, partitions: int = 3) -> str:
        """Make a topic of a new name."""
        name = f"t-{uuid.uuid4().hex[:8]}"
        self.admin.create_topics([NewTopic(name, partitions, 1)])[name].result(20)
        return name

    def produce(self, topic: str, counts: list[int], **settings: Any) -> None:  # noqa: ANN401 — the driver's settings
        """Produce so many messages to each partition."""
        producer = Producer({"bootstrap.servers": self.bootstrap, **settings})
        for partition, count in enumerate(counts):
            for _ in range(count):
                producer.produce(topic, b"x", partition=partition)
        assert producer.flush(20) == 0

    def commit(self, group: str, topic: str, offsets: dict[int, int]) -> None:
        """Commit offsets for a group without members."""
        places = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
        self.admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)])[group].result(20)

    def member(self, group: str, topic: str, **settings: Any) -> Consumer:  # noqa: ANN401 — the driver's settings
        """Let a member join, and return it once it holds partitions."""
        own = {"bootstrap.servers": self.bootstrap, "group.id": group, "auto.offset.reset": "earliest"}
        consumer = Consumer({**own, "enable.auto.commit": False, "client.id": "one", **settings})
        consumer.subscribe([topic])
        until = time.monotonic() + 20
        while not consumer.assignment():
            assert time.monotonic() < until, "the member got no partitions"
            consumer.poll(0.05)
        return consumer

    def client(self, isolation_level: str = "read_committed", recorder: Recorder | None = None) -> KafkaClient:
        """Return our client of it."""
        return KafkaClient(
            bootstrap=[self.bootstrap],
            protocol="PLAINTEXT",
            mechanism=None,
            username=None,
            password=None,
            ca_file=None,
            isolation_level=isolation_level,
            recorder=recorder or Recorder(lambda text: text),
        )

    def read(self, *groups: str, isolation_level: str = "read_committed") -> Reading:
        """Read everything."""
        return self.client(isolation_level).read(Deadline(20), groups=groups)


@pytest.fixture(scope="package", params=list(BROKERS))
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of this folder's own."""
    component = BROKERS[request.param]()
    world = World(tmp_path_factory.mktemp(request.param) / "world", report=lambda _line: None)
    try:
        component.install(world, Deadline(300))
    except SandboxError as error:
        pytest.skip(str(error))
    try:
        component.start(world, Deadline(60))
        component.ready(world, Deadline(60))
        yield Broker(world, component)
    finally:
        world.destroy(Deadline(20))


@pytest.fixture
def broker(running: Broker, request: pytest.FixtureRequest) -> Broker:
    """The broker, if this test is one that it is to pass."""
    if isinstance(running.component, StandInBroker) and request.node.originalname in EXCLUDED:
        pytest.skip(f"the stand-in: {EXCLUDED[request.node.originalname]}")
    return running


def rows(reading: Reading, group: str) -> dict[int, Offset]:
    """Return where a group stands, by partition."""
    return {offset.partition: offset for offset in reading.offsets if offset.group == group}
