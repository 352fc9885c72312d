"""What the Kafka client reads of offsets: ends, lag, age, and what Kafka's own tool says of them."""

import shutil
import subprocess
import time
import uuid
from datetime import timedelta

import pytest
from confluent_kafka import Producer, TopicPartition

from apgms_ops.clients.kafka.tool import parse_describe
from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.kafka.jars import Jars
from tests.contract.kafka.conftest import Broker, rows

pytestmark = pytest.mark.sandbox


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
