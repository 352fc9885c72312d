"""What the Kafka client reads, on Apache Kafka and on the stand-in: the same tests, minus what the stand-in states."""

import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from apgms_ops.clients.kafka import GroupProtocol, GroupState, KafkaClient, Offset, Reading
from apgms_ops.clients.kafka.tool import parse_describe
from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError, Unobserved
from apgms_ops.observation import Identity, Recorder
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kafka import ApacheKafka
from apgms_ops.sandbox.kafka.jars import Jars
from apgms_ops.sandbox.noida import EXCLUDED, StandInBroker
from apgms_ops.sandbox.world import World

pytestmark = pytest.mark.sandbox
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


@pytest.fixture(scope="module", params=list(BROKERS))
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of this module's own."""
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


def state(reading: Reading, group: str) -> GroupState:
    """Return a group's state."""
    return next(found.state for found in reading.groups if found.name == group)


def test_the_broker_says_who_it_is(broker: Broker) -> None:
    """Every read records the cluster's own id."""
    recorder = Recorder(lambda text: text)
    broker.client(recorder=recorder).read(Deadline(20))
    assert recorder.seen[0] == (Identity("kafka", broker.world.get("kafka.cluster_id")),)


def test_topics_are_listed_with_their_partitions(broker: Broker) -> None:
    """A topic is there, with as many partitions as it was made with."""
    name = broker.topic(5)
    assert {topic.name: topic.partitions for topic in broker.read().topics}[name] == 5


def test_a_topic_that_is_looked_up_is_not_made(broker: Broker) -> None:
    """Asking for a topic by name does not bring it to life."""
    name = f"missing-{uuid.uuid4().hex[:8]}"
    for _ in range(2):
        reading = broker.client().read(Deadline(20), topics=[name])
        assert name not in {topic.name for topic in reading.topics}


def test_lag_is_what_was_produced_and_not_committed(broker: Broker) -> None:
    """Start, end, commit and lag of each partition are right; a partition without a commit has no row, and no lag."""
    topic = broker.topic()
    broker.produce(topic, [10, 4, 7])
    broker.commit("behind", topic, {0: 3, 1: 4})
    found = rows(broker.read(), "behind")
    assert {p: (o.start, o.end, o.committed, o.lag) for p, o in found.items()} == {0: (0, 10, 3, 7), 1: (0, 4, 4, 0)}


def test_a_group_that_does_not_exist_is_dead(broker: Broker) -> None:
    """A group that is asked for by name and is not there reads as DEAD, without offsets."""
    reading = broker.read("nobody")
    assert state(reading, "nobody") is GroupState.DEAD
    assert rows(reading, "nobody") == {}


def test_a_group_without_members_is_empty(broker: Broker) -> None:
    """A group that has commits and no members reads as EMPTY."""
    broker.commit("left", broker.topic(), {0: 0})
    assert state(broker.read(), "left") is GroupState.EMPTY


def test_members_hold_partitions_even_uncommitted(broker: Broker) -> None:
    """A group with a member is STABLE, and each partition names its member though nothing is committed."""
    topic = broker.topic()
    consumer = broker.member("reading", topic)
    try:
        reading = broker.read()
    finally:
        consumer.close()
    found = rows(reading, "reading")
    (group,) = (group for group in reading.groups if group.name == "reading")
    assert group.state is GroupState.STABLE
    assert [member.client_id for member in group.members] == ["one"]
    assert {o.member for o in found.values()} == {group.members[0].id}
    assert {(p, o.committed, o.lag) for p, o in found.items()} == {(0, None, None), (1, None, None), (2, None, None)}


def test_a_group_of_the_new_consumer_protocol_is_read_like_any_other(broker: Broker) -> None:
    """KIP-848 groups have members, partitions and commits too."""
    topic = broker.topic()
    broker.produce(topic, [2, 2, 2])
    consumer = broker.member("new-protocol", topic, **{"group.protocol": "consumer"})
    try:
        consumer.commit(offsets=[TopicPartition(topic, p, 1) for p in range(3)], asynchronous=False)
        reading = broker.read()
    finally:
        consumer.close()
    (group,) = (group for group in reading.groups if group.name == "new-protocol")
    assert (group.state, group.protocol) == (GroupState.STABLE, GroupProtocol.CONSUMER)
    assert {(o.lag, o.member) for o in rows(reading, "new-protocol").values()} == {(1, group.members[0].id)}


@dataclass
class HeldUp:
    """A group in which one member hangs and another one waits to join."""

    hangs: Consumer
    waits: Consumer
    group: str


@pytest.fixture
def held_up(broker: Broker) -> Iterator[HeldUp]:
    """A rebalance that does not end."""
    topic, group = broker.topic(), f"moving-{uuid.uuid4().hex[:8]}"
    hangs = broker.member(group, topic)
    waits = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": group, "client.id": "two"})
    waits.subscribe([topic])
    over = threading.Event()

    def join() -> None:
        while not over.is_set():
            waits.poll(0.05)

    joining = threading.Thread(target=join)
    joining.start()
    try:
        yield HeldUp(hangs, waits, group)
    finally:
        over.set()
        joining.join()
        hangs.close()
        waits.close()


def until_settled(broker: Broker, group: str, *, settled: bool) -> Reading:
    """Read again and again until a group is settled, or is not."""
    until = time.monotonic() + 15
    while True:
        reading = broker.read(group)
        if state(reading, group).rebalancing is not settled:
            return reading
        assert time.monotonic() < until, f"the group is still {state(reading, group)}"


def test_a_rebalance_shows(broker: Broker, held_up: HeldUp) -> None:
    """While a member hangs and another one joins, the group does not read as settled."""
    until_settled(broker, held_up.group, settled=False)


def test_a_rebalance_ends_once_the_member_that_holds_it_up_leaves(broker: Broker, held_up: HeldUp) -> None:
    """Once the hanging member leaves, the waiting one holds every partition."""
    until_settled(broker, held_up.group, settled=False)
    held_up.hangs.close()
    reading = until_settled(broker, held_up.group, settled=True)
    (group,) = (group for group in reading.groups if group.name == held_up.group)
    assert [(member.client_id, len(member.assignment)) for member in group.members] == [("two", 3)]


def test_an_open_transaction_is_not_lag_for_readers_of_committed_messages(broker: Broker) -> None:
    """With read_committed the end is the last stable offset; with read_uncommitted it is the high watermark."""
    topic = broker.topic(1)
    broker.produce(topic, [3])
    broker.commit("careful", topic, {0: 3})
    producer = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": uuid.uuid4().hex})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topic, b"x", partition=0)
    producer.flush(20)
    try:
        assert rows(broker.read(), "careful")[0].lag == 0
        assert rows(broker.read(isolation_level="read_uncommitted"), "careful")[0].lag == 1
        broker.commit("hasty", topic, {0: 4})
        hasty = rows(broker.read(), "hasty")[0]
        assert (hasty.end, hasty.high, hasty.lag, hasty.beyond) == (3, 4, 0, False)
    finally:
        producer.abort_transaction(20)


def test_old_messages_that_are_not_read_are_told_from_young_ones(broker: Broker) -> None:
    """Of three old messages and a young one that a named group has not read, three have waited."""
    topic = broker.topic(1)
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for _ in range(5):
        producer.produce(topic, b"x", partition=0, timestamp=int((time.time() - 3600) * 1000))
    producer.flush(20)
    broker.commit("patient", topic, {0: 2})

    def waiting(*groups: str) -> int:
        found = broker.client().read(Deadline(20), groups=groups, older_than=timedelta(minutes=10))
        return rows(found, "patient")[0].waiting

    assert waiting("patient") == 3
    broker.produce(topic, [1])
    assert (waiting("patient"), waiting()) == (3, 0)
    broker.commit("patient", topic, {0: 5})
    assert waiting("patient") == 0


def test_removed_messages_move_the_start(broker: Broker) -> None:
    """Once messages are removed, a commit below the new start counts what is lost."""
    topic = broker.topic(1)
    broker.produce(topic, [9])
    broker.commit("late", topic, {0: 2})
    broker.admin.delete_records([TopicPartition(topic, 0, 6)])[TopicPartition(topic, 0, 6)].result(20)
    found = rows(broker.read(), "late")[0]
    assert (found.start, found.end, found.lost) == (6, 9, 4)


def test_a_commit_of_a_deleted_topic_has_no_lag(broker: Broker) -> None:
    """What remains committed for a topic that is gone is not lag 0."""
    topic = broker.topic(1)
    broker.produce(topic, [1])
    broker.commit("orphan", topic, {0: 1})
    broker.admin.delete_topics([topic])[topic].result(20)
    until = time.monotonic() + 10
    reading = broker.read()
    while topic in {found.name for found in reading.topics}:
        assert time.monotonic() < until, "the topic is still there"
        reading = broker.read()
    assert all(offset.lag is None for offset in rows(reading, "orphan").values())


def test_dead_letters_are_counted_from_a_moment_on(broker: Broker) -> None:
    """What arrived before the moment does not count, what arrived after it does, and a missing topic is left out."""
    topic = broker.topic(2)
    broker.produce(topic, [3, 1])
    time.sleep(1.2)  # the timestamps of messages are a broker's affair: no clock of ours to hand over
    broker.produce(topic, [2, 0])
    found = broker.client().dead_letters([topic, "no-such-topic"], timedelta(seconds=0.6), Deadline(20))
    assert {(letters.partition, letters.arrived, letters.end) for letters in found} == {(0, 2, 5), (1, 0, 1)}


def test_our_rows_equal_those_of_kafkas_own_tool(broker: Broker) -> None:
    """Row by row, we read what `kafka-consumer-groups.sh --all-groups --describe` prints."""
    topic = broker.topic()
    broker.produce(topic, [5, 5, 5])
    broker.commit("by-tool", topic, {0: 1, 2: 5})
    consumer = broker.member("by-tool-live", topic)
    try:
        tool = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
        java = shutil.which("java") or "java"
        command = [java, "-cp", Jars(broker.world.cache).class_path, tool, "--bootstrap-server", broker.bootstrap]
        done = subprocess.run(
            [*command, "--describe", "--group", "by-tool", "--group", "by-tool-live"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        reading = broker.read(isolation_level="read_uncommitted")
    finally:
        consumer.close()
    theirs = {
        (r.group, r.topic, r.partition, r.committed, r.lag, r.member) for r in parse_describe(done.stdout, done.stderr)
    }
    ours = {
        (o.group, o.topic, o.partition, o.committed, o.lag, o.member)
        for o in reading.offsets
        if o.group in {"by-tool", "by-tool-live"}
    }
    assert ours == theirs


def bring_down_and_up(broker: Broker, number: signal.Signals) -> None:
    """See that a broker, ended by a signal and started again, has the topic, the messages and the commit it had."""
    topic, group = broker.topic(1), f"survivor-{uuid.uuid4().hex[:8]}"
    broker.produce(topic, [5])
    broker.commit(group, topic, {0: 2})
    client = broker.client()
    assert rows(client.read(Deadline(20)), group)[0].lag == 3
    broker.world.signal(broker.component.name, number)
    broker.world.stop(broker.component.name, Deadline(20))
    with pytest.raises(Unobserved):
        client.read(Deadline(5))
    broker.component.start(broker.world, Deadline(60))
    broker.component.ready(broker.world, Deadline(60))
    assert rows(broker.client().read(Deadline(20)), group)[0].lag == 3


def test_a_broker_that_is_stopped_keeps_what_it_acknowledged(broker: Broker) -> None:
    """Stopped, it is unreachable; started again on the same port, its topics, messages and commits are there."""
    bring_down_and_up(broker, signal.SIGTERM)


def test_a_broker_that_is_killed_keeps_what_it_acknowledged(broker: Broker) -> None:
    """Killed, it comes back on the same port with all that it acknowledged."""
    bring_down_and_up(broker, signal.SIGKILL)
