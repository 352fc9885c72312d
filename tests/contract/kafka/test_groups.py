"""What the Kafka client reads of consumer groups and their members."""

import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from confluent_kafka import Consumer, TopicPartition

from apgms_ops.clients.kafka import GroupProtocol, GroupState, Reading
from apgms_ops.deadline import Deadline
from apgms_ops.observation import Identity, Recorder
from tests.contract.kafka.conftest import Broker, rows

pytestmark = pytest.mark.sandbox


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
