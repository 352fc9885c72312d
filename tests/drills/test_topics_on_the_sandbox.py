"""Restores of topics and their rehearsals, by the commands, on a sandbox: what is restored, refused, and left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.kafka_snapshots_objects import BitRot
from apgms_ops.sandbox.faults.kafka_snapshots_tools import Objects, forget
from apgms_ops.sandbox.faults.kafka_tools import admin
from apgms_ops.sandbox.kafka_snapshots import component
from apgms_ops.sandbox.workloads import admin as cluster
from apgms_ops.sandbox.world import World
from tests.faults.looking import ROOT

pytestmark = pytest.mark.sandbox

COMMAND = (sys.executable, "-c", "import sys; from apgms_ops.cli import main; sys.exit(main())")
TOPIC = "sbr.submit.dlq"
"""Which nobody produces to."""
WRITTEN = int(time.time() * 1000) - 3_600_000
"""Milliseconds since 1970, an hour ago: what is restored has that time. What is a week old the broker removes."""
DRILLED = "sbr.submit"
JOBS = "/apis/batch/v1/namespaces/platform/jobs"
MANY = 60_000

Told = tuple[bytes | None, bytes | None, Any, int]


class Operator:
    """Somebody on call."""

    def __init__(self, root: Path, records: Path) -> None:
        """Take where the sandbox is, and where actions are recorded."""
        self.world = World(root)
        self._root = root
        self._records = records

    def start(self, *arguments: str, env: str = "sandbox") -> "subprocess.Popen[str]":
        """Start a command that changes something, without being asked."""
        command = [*COMMAND, *arguments, "--env", env, "--yes", "--records", str(self._records)]
        environ = os.environ | {"APGMS_SANDBOX": str(self._root), "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            command, cwd=ROOT, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, *arguments: str, env: str = "sandbox") -> tuple[int, str]:
        """Run it, and return its exit code and what it said."""
        process = self.start(*arguments, env=env)
        said, _ = process.communicate(timeout=240)
        return process.returncode, said

    def snapshot(self, topic: str) -> str:
        """Take a snapshot of a topic, and return its epoch."""
        component.take(self.world, [topic], Deadline(120))
        return self.world.get(component.EPOCH)

    def topics(self) -> dict[str, Any]:
        """Return the topics that there are."""
        return dict(admin(self.world).list_topics(timeout=20).topics)

    def jobs(self) -> set[str]:
        """Return the names of the Jobs that there are."""
        return {item["metadata"]["name"] for item in cluster(self.world).list(JOBS)["items"]}

    def held(self, topic: str, partition: int) -> list[Told]:
        """Return the records of a partition."""
        options = {"bootstrap.servers": self.world.get("kafka.bootstrap"), "group.id": "test", "log_level": 0}
        reader = Consumer({**options, "enable.partition.eof": True, "auto.offset.reset": "earliest"})
        reader.assign([TopicPartition(topic, partition, 0)])
        found: list[Told] = []
        until = time.monotonic() + 60
        while time.monotonic() < until:
            message = reader.poll(1)
            error = None if message is None else message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                reader.close()
                return found
            if message is not None and error is None:
                found.append((message.key(), message.value(), message.headers(), message.timestamp()[1]))
        msg = f"the end of {topic}, {partition} was not reached"
        raise AssertionError(msg)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """A sandbox that is up."""
    folder = tmp_path_factory.mktemp("drills")
    root = folder / "sandbox"
    environ = os.environ | {"APGMS_SANDBOX": str(root)}
    try:
        subprocess.run([*COMMAND, "sandbox", "up"], cwd=ROOT, env=environ, check=True, timeout=600)
        yield Operator(root, folder / "actions")
    finally:
        subprocess.run([*COMMAND, "sandbox", "down"], cwd=ROOT, env=environ, check=False, timeout=120)


@pytest.fixture(scope="module")
def epoch(operator: Operator) -> str:
    """The snapshot of a topic with known records: keys and none, headers, a tombstone, and times of an hour ago."""
    producer = Producer({"bootstrap.servers": operator.world.get("kafka.bootstrap"), "log_level": 0})
    for number in range(40):
        producer.produce(
            TOPIC,
            None if number % 7 == 0 else b"value %d" % number,
            None if number % 5 == 0 else b"\xffkey %d" % number,
            number % 2,
            timestamp=WRITTEN + number,
            headers=[("trace", b"\x00%d" % number), ("trace", None)] if number % 3 else [],
        )
    assert producer.flush(60) == 0
    return operator.snapshot(TOPIC)


def test_a_topic_is_restored_as_it_was(operator: Operator, epoch: str) -> None:
    """Every record, in its partition and its order, with its key, headers and time; given seconds or milliseconds."""
    for target, moment in ((f"{TOPIC}.restored-{epoch}", epoch), (f"{TOPIC}.again", f"{epoch}000")):
        named = [] if target.endswith(epoch) else ["--target", target]
        code, said = operator.run("restore-topic", "--topic", TOPIC, "--timestamp", moment, *named)
        assert code == 0, said
        assert f"40 records of 3 partitions are in {target}" in said
        for partition in range(3):
            assert operator.held(target, partition) == operator.held(TOPIC, partition)
    assert operator.jobs() == {"kafka-restore"}


def test_a_target_that_holds_records_is_refused(operator: Operator, epoch: str) -> None:
    """It was restored into already, say."""
    target = f"{TOPIC}.restored-{epoch}"
    before = operator.held(target, 0)
    code, said = operator.run("restore-topic", "--topic", TOPIC, "--timestamp", epoch)
    assert (code, "is not empty" in said) == (4, True), said
    assert operator.held(target, 0) == before


def test_a_live_topic_is_restored_into_only_by_its_name(operator: Operator, epoch: str) -> None:
    """Named once it is refused, and nothing was done; named twice, its records are there twice."""
    before = operator.held(TOPIC, 1)
    asked = ("restore-topic", "--topic", TOPIC, "--timestamp", epoch, "--target", TOPIC)
    for more in ((), ("--into-live", "sbr.submit")):
        code, said = operator.run(*asked, *more)
        assert (code, operator.held(TOPIC, 1)) == (4, before), said
    code, said = operator.run(*asked, "--into-live", TOPIC)
    assert (code, operator.held(TOPIC, 1)) == (0, before * 2), said


@pytest.mark.parametrize(
    ("moment", "says"),
    [("1000000000", "or before; there are"), ("4102444800", "in the future"), ("17956584", "expected seconds")],
)
def test_a_moment_without_a_snapshot_is_refused(operator: Operator, epoch: str, moment: str, says: str) -> None:
    """With what there is, and never as zero records that were restored well."""
    code, said = operator.run("restore-topic", "--topic", TOPIC, "--timestamp", moment)
    assert (code, says in said, moment != epoch) == (4, True, True), said


def test_a_restore_that_is_broken_off_leaves_nothing_that_is_not_named(operator: Operator) -> None:
    """Its Job is removed, and the topic that holds a part of the records is named."""
    producer = Producer({"bootstrap.servers": operator.world.get("kafka.bootstrap"), "log_level": 0})
    for number in range(MANY):
        producer.produce("registries.update.dlq", b"%d" % number, partition=0)
        producer.poll(0)
    assert producer.flush(60) == 0
    epoch = operator.snapshot("registries.update.dlq")
    process = operator.start("restore-topic", "--topic", "registries.update.dlq", "--timestamp", epoch)
    said = []
    for line in process.stdout or ():
        said.append(line)
        if line.startswith(("verified", "progress")):
            process.send_signal(signal.SIGINT)
            break
    rest, _ = process.communicate(timeout=120)
    assert process.returncode == 130, "".join(said) + rest
    assert f"LEFT: topic registries.update.dlq.restored-{epoch} may hold a part" in rest
    assert operator.jobs() == {"kafka-restore"}


def test_a_drill_passes_and_cleans_up(operator: Operator) -> None:
    """It compares records and offsets, records what came of it, and leaves no topic, no group and no Job."""
    epoch, before = operator.snapshot(DRILLED), set(operator.topics())
    code, said = operator.run("drill", "restore-topic", "--topic", DRILLED, "--timestamp", epoch)
    assert code == 0, said
    assert "the drill passed; recorded as s3://apgms-evidence/drills/sandbox/restore-topic/" in said
    groups = admin(operator.world).list_consumer_groups().result(20).valid
    assert set(operator.topics()) == before
    assert not [group.group_id for group in groups if ".drill-" in group.group_id]
    assert operator.jobs() == {"kafka-restore"}


def test_a_drill_fails_where_offsets_are_not_in_the_snapshot(operator: Operator) -> None:
    """All records are there, and the group would begin anywhere: that is no restore."""
    epoch = operator.snapshot(DRILLED)
    Objects(operator.world, DRILLED).say(lambda manifest: manifest.update(groups={}))
    code, said = operator.run("drill", "restore-topic", "--topic", DRILLED, "--timestamp", epoch)
    forget(operator.world, f"kafka/{DRILLED}/", Deadline(30))
    assert (code, "does not hold the offsets of group sbr-submitter" in said) == (1, True), said


def test_a_group_that_had_committed_nowhere_is_no_failure(operator: Operator) -> None:
    """Taken a moment after its groups began, a snapshot says of one that it stands nowhere; the drill passes."""
    epoch = operator.snapshot(DRILLED)
    nowhere = {"sbr-submitter": dict.fromkeys(map(str, range(3)))}
    Objects(operator.world, DRILLED).say(lambda manifest: manifest.update(groups=nowhere))
    code, said = operator.run("drill", "restore-topic", "--topic", DRILLED, "--timestamp", epoch)
    forget(operator.world, f"kafka/{DRILLED}/", Deadline(30))
    assert (code, "the drill passed" in said) == (0, True), said


def test_a_damaged_snapshot_is_not_restored(operator: Operator) -> None:
    """It is told before the first record is produced."""
    fault = BitRot()
    epoch = operator.snapshot(fault.topic)
    memo = fault.break_(operator.world, Deadline(60))
    code, said = operator.run("restore-topic", "--topic", fault.topic, "--timestamp", epoch)
    fault.heal(operator.world, memo, Deadline(60))
    assert (code, "is damaged" in said, "progress" in said) == (1, True, False), said
    assert f"{fault.topic}.restored-{epoch}" not in operator.topics()


def test_whoever_may_only_read_is_refused_before_anything_is_done(
    operator: Operator, epoch: str, tmp_path: Path
) -> None:
    """With the role that suffices: deploy/rbac.yaml grants the operator all that a restore needs, and a reader none."""
    text = (operator.world.root / "sandbox.toml").read_text(encoding="utf-8")
    file = tmp_path / "reading.toml"
    file.write_text(text.replace('operator_context = "sandbox-operator"\n', ""), encoding="utf-8")
    target = ("--target", f"{TOPIC}.never")
    code, said = operator.run("restore-topic", "--topic", TOPIC, "--timestamp", epoch, *target, env=str(file))
    assert (code, "grant the role apgms-ops-operator" in said) == (10, True), said
    assert f"{TOPIC}.never" not in operator.topics()
