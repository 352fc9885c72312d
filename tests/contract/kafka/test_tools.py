"""Kafka's own tools and the driver, asked the same: they must give the same facts."""

import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import MappingProxyType

import pytest
from confluent_kafka import Consumer, TopicPartition

from apgms_ops.clients.kafka import Reading
from apgms_ops.clients.kafka.client import KafkaClient
from apgms_ops.clients.kafka.facts import GroupState
from apgms_ops.clients.kafka.tool_reader import Ran, ToolReader
from apgms_ops.deadline import Deadline
from apgms_ops.errors import Incomplete
from apgms_ops.observation import Recorder
from apgms_ops.sandbox.kafka import ApacheKafka
from apgms_ops.sandbox.kafka.jars import Jars
from tests.contract.kafka.conftest import Broker

pytestmark = pytest.mark.sandbox
TOOLS = MappingProxyType(
    {
        "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        "kafka-get-offsets.sh": "org.apache.kafka.tools.GetOffsetShell",
        "kafka-cluster.sh": "org.apache.kafka.tools.ClusterTool",
    }
)


@pytest.fixture
def apache(running: Broker) -> Broker:
    """The real broker: its stand-in has no tools."""
    if not isinstance(running.component, ApacheKafka):
        pytest.skip("Kafka's own tools come with Apache Kafka alone")
    return running


@pytest.fixture
def live(apache: Broker) -> Iterator[tuple[str, str, list[Consumer]]]:
    """A topic of three partitions and a group of two members, one of whom has committed."""
    topic, group = apache.topic(3), f"live-{uuid.uuid4().hex[:8]}"
    apache.produce(topic, [5, 3, 0])
    members = [apache.member(group, topic, **{"client.id": "a client"})]
    members[0].commit(offsets=[TopicPartition(topic, 0, 2), TopicPartition(topic, 1, 3)], asynchronous=False)
    yield topic, group, members
    for member in members:
        member.close()


def tools(broker: Broker) -> KafkaClient:
    """Return a client that runs Kafka's tools as processes."""

    def run(command: Sequence[str], deadline: Deadline) -> Ran:
        java = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", Jars(broker.world.cache).class_path]
        argv = [*java, TOOLS[command[0]], *command[1:]]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=deadline.remaining)
        return Ran(done.stdout, done.stderr, done.returncode, cut=False)

    return KafkaClient(
        bootstrap=[],
        protocol="PLAINTEXT",
        mechanism=None,
        username=None,
        password=None,
        ca_file=None,
        isolation_level="read_uncommitted",
        recorder=Recorder(lambda text: text),
        tools=ToolReader(run, [broker.bootstrap], None),
    )


def comparable(reading: Reading, *groups: str) -> tuple[object, ...]:
    """Return what two readings of the same brokers have in common: these groups, and all topics."""
    return (
        reading.topics,
        [group for group in reading.groups if group.name in groups],
        [offset for offset in reading.offsets if offset.group in groups],
        reading.notes,
    )


def test_the_tools_give_the_facts_that_the_driver_gives(apache: Broker, live: tuple[str, str, list[Consumer]]) -> None:
    """Groups, members, assignments, commits, ends, log starts and ages are the same, and so is a group that is gone."""
    topic, group, _ = live
    empty, gone = f"empty-{uuid.uuid4().hex[:8]}", f"gone-{uuid.uuid4().hex[:8]}"
    apache.commit(empty, topic, {0: 1})
    named, age = (group, empty, gone), timedelta(milliseconds=1)
    time.sleep(0.01)
    driver = apache.client("read_uncommitted").read(Deadline(30), groups=named, topics=[topic], older_than=age)
    theirs = tools(apache).read(Deadline(120), groups=named, topics=[topic], older_than=age)
    assert comparable(theirs, *named) == comparable(driver, *named)
    states = {found.name: found.state for found in theirs.groups}
    assert (states[group], states[empty], states[gone]) == (GroupState.STABLE, GroupState.EMPTY, GroupState.DEAD)
    (first,) = [o for o in theirs.offsets if (o.group, o.topic, o.partition) == (group, topic, 0)]
    assert (first.lag, first.start, first.waiting) == (3, 0, 3)


def test_dead_letters_are_those_that_the_driver_counts(apache: Broker) -> None:
    """The ends of topics now and a while ago are the same."""
    topic = apache.topic(2)
    apache.produce(topic, [4, 0])
    driver = apache.client().dead_letters([topic, "no-such"], timedelta(hours=1), Deadline(30))
    assert tools(apache).dead_letters([topic, "no-such"], timedelta(hours=1), Deadline(120)) == driver
    assert sum(partition.arrived for partition in driver) == 4


def test_a_broker_that_is_not_there_is_unknown_though_the_tool_exits_with_0(apache: Broker) -> None:
    """The tool's own error, on whichever output and with whichever exit code, is UNKNOWN."""
    tool = tools(apache)._process
    assert isinstance(tool, ToolReader)
    tool._brokers, tool._config = ("--bootstrap-server", "127.0.0.1:9"), ("--timeout", "1000")
    with pytest.raises(Incomplete, match="Kafka's tool says: Error: Executing consumer group command failed"):
        tool._rows(Deadline(60))
