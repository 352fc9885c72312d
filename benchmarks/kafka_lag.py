"""How long we take to read 1,000 consumer groups, beside Kafka's own tool.

A scratch broker holds 100 topics of 12 partitions, and 1,000 groups with a commit for each partition of one topic; 20
groups have a live member. Kafka's tool is `kafka-consumer-groups.sh --all-groups --describe`; the start of its JVM is
part of its time, and that of our process for the driver is part of ours. Prints both, the smallest of five runs each,
and the ratio; exits with 1 if a row differs, or if we take more than a tenth of its time.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from apgms_ops.clients.kafka import Reading
from apgms_ops.clients.kafka.client import KafkaClient
from apgms_ops.clients.kafka.tool import ToolRow, parse_describe
from apgms_ops.deadline import Deadline
from apgms_ops.observation import Recorder
from apgms_ops.sandbox.kafka import ApacheKafka
from apgms_ops.sandbox.kafka.jars import Jars
from apgms_ops.sandbox.world import World

GROUPS, TOPICS, PARTITIONS, LIVE, MESSAGES, RUNS, LIMIT = 1000, 100, 12, 20, 10, 5, 0.1
T = TypeVar("T")


@contextmanager
def broker() -> Iterator[World]:
    """Run a scratch broker."""
    root = Path(tempfile.mkdtemp(prefix="apgms-ops-bench-"))
    world, kafka = World(root / "world"), ApacheKafka()
    try:
        kafka.install(world, Deadline(300))
        kafka.start(world, Deadline(60))
        kafka.ready(world, Deadline(60))
        yield world
    finally:
        world.destroy(Deadline(30))
        shutil.rmtree(root, ignore_errors=True)


def fill(bootstrap: str) -> None:
    """Make the topics, their messages and the groups' commits."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for made in admin.create_topics([NewTopic(_topic(n), PARTITIONS, 1) for n in range(TOPICS)]).values():
        made.result()
    producer = Producer({"bootstrap.servers": bootstrap, "queue.buffering.max.messages": 1_000_000})
    for n in range(TOPICS):
        for partition in range(PARTITIONS):
            for _ in range(MESSAGES):
                producer.produce(_topic(n), b"x", partition=partition)
    producer.flush()
    commits = []
    for n in range(GROUPS):
        places = [TopicPartition(_topic(n), p, (n + p) % MESSAGES) for p in range(PARTITIONS)]
        asked = [ConsumerGroupTopicPartitions(_group(n), places)]
        commits.append(admin.alter_consumer_group_offsets(asked, request_timeout=60)[_group(n)])
    for commit in commits:
        commit.result()


def join(bootstrap: str) -> list[Consumer]:
    """Let a member join the first groups; it commits nothing."""
    members = []
    for n in range(LIVE):
        settings = {"bootstrap.servers": bootstrap, "group.id": _group(n), "enable.auto.commit": False}
        member = Consumer(settings)
        member.subscribe([_topic(n)])
        members.append(member)
    while not all(member.assignment() for member in members):
        for member in members:
            member.poll(0.02)
    return members


def _topic(n: int) -> str:
    return f"bench-{n % TOPICS:03}"


def _group(n: int) -> str:
    return f"group-{n:04}"


def ours(bootstrap: str) -> Reading:
    """Read with a new client: its process and its connection are part of the time."""
    client = KafkaClient(
        bootstrap=[bootstrap],
        protocol="PLAINTEXT",
        mechanism=None,
        username=None,
        password=None,
        ca_file=None,
        isolation_level="read_uncommitted",  # as the tool does
        recorder=Recorder(lambda text: text),
    )
    return client.read(Deadline(60))


def theirs(world: World, bootstrap: str) -> tuple[ToolRow, ...]:
    """Run Kafka's tool."""
    tool = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
    arguments = ["--bootstrap-server", bootstrap, "--all-groups", "--describe"]
    command = ["java", "-cp", Jars(world.cache).class_path, tool, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return parse_describe(done.stdout, done.stderr)


def timed(run: Callable[[], T]) -> tuple[float, T]:
    """Return the smallest wall time of several runs, in seconds, and what the last one returned."""
    runs = []
    for _ in range(RUNS):
        began = time.perf_counter()
        result = run()
        runs.append((time.perf_counter() - began, result))
    return min(seconds for seconds, _ in runs), runs[-1][1]


def main() -> int:
    """Compare, print, and return the exit code."""
    with broker() as world:
        bootstrap = world.get("kafka.bootstrap")
        fill(bootstrap)
        members = join(bootstrap)
        their_time, their_rows = timed(lambda: theirs(world, bootstrap))
        our_time, reading = timed(lambda: ours(bootstrap))
        for member in members:
            member.close()
    left = {(r.group, r.topic, r.partition, r.committed, r.end, r.lag, r.member) for r in their_rows}
    right = {(o.group, o.topic, o.partition, o.committed, o.end, o.lag, o.member) for o in reading.offsets}
    ratio = our_time / their_time
    sys.stdout.write(
        f"rows       {len(right)} ours, {len(left)} Kafka's tool's, {len(left ^ right)} different\n"
        f"ours       {our_time:.3f} s (min of {RUNS})\n"
        f"the tool   {their_time:.3f} s (min of {RUNS})\n"
        f"ratio      {ratio:.3f} (limit {LIMIT})\n"
    )
    return 0 if left == right and len(left) == GROUPS * PARTITIONS and ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
