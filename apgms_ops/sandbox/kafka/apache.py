"""Apache Kafka: one node, broker and KRaft controller in one process, on 127.0.0.1 only."""

import base64
import re
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import debian, errands
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kafka.jars import Jars, packaged
from apgms_ops.sandbox.kafka.readiness import OFFSETS_PARTITIONS, await_coordinator
from apgms_ops.sandbox.world import World

_JAVA: Final = 17
"""The oldest Java that Kafka 4 runs on."""
_PACKAGE: Final = "openjdk-17-jre-headless"
# A small heap, one garbage collection thread, and no second compiler: on two cores that starts in two seconds.
_JVM: Final = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


def _new_cluster_id() -> str:
    """Return a random UUID as Kafka writes one: base64url, 22 characters, not beginning with a dash."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


class ApacheKafka(Component):
    """The real broker. Stopped, killed and started again, it keeps its port and its data."""

    name = "kafka"

    def __init__(self, new_cluster_id: Callable[[], str] = _new_cluster_id) -> None:
        """Take where the id of a new cluster comes from."""
        self._new_cluster_id = new_cluster_id

    def install(self, world: World, deadline: Deadline) -> None:
        """See that there is a Java, and fetch the jars into the cache.

        Raises:
            SandboxError: Java or Maven cannot be had, Java is too old, or the jars are not the pinned ones.
        """
        java = debian.program(world, "java", _PACKAGE, deadline)
        version = _java_version(java, deadline)
        if version < _JAVA:
            msg = f"Kafka needs Java {_JAVA}, {java} is {version}; install it with `apt-get install {_PACKAGE}`"
            raise SandboxError(msg)
        Jars(world.cache).ensure(world, deadline)

    def start(self, world: World, deadline: Deadline) -> None:
        """Format the storage, the first time, and start the broker."""
        folder = world.folder(self.name)
        java = str(debian.program(world, "java", _PACKAGE, deadline))
        settings, logging = folder / "server.properties", folder / "log4j2.properties"
        settings.write_text(_settings(folder / "data", world.port("kafka"), world.port("kafka-controller")))
        logging.write_bytes(packaged("log4j2.properties"))
        jars = Jars(world.cache)
        command = [java, *_JVM, f"-Dlog4j2.configurationFile={logging}", "-cp", jars.class_path]
        if not (folder / "data" / "meta.properties").is_file():
            world.set("kafka.cluster_id", self._new_cluster_id())
            _format(world, command, settings, deadline)
        world.set("kafka.broker", f"Apache Kafka {jars.version}")
        world.spawn(self.name, [*command, "kafka.Kafka", str(settings)])

    def ready(self, world: World, deadline: Deadline) -> None:
        """Wait for the group coordinator, then publish where the broker is."""
        bootstrap = f"127.0.0.1:{world.port('kafka')}"
        await_coordinator(world, self.name, bootstrap, deadline)
        world.set("kafka.bootstrap", bootstrap)


def _java_version(java: Path, deadline: Deadline) -> int:
    try:
        done = subprocess.run(  # noqa: S603 — Debian's java
            [str(java), "-version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=deadline.require("asking Java for its version"),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"{java} does not run: {error}"
        raise SandboxError(msg) from error
    found = re.search(r'version "(\d+)', done.stderr)
    if found is None:
        msg = f"{java} does not tell its version; install it with `apt-get install {_PACKAGE}`"
        raise SandboxError(msg)
    return int(found[1])


def _settings(data: Path, port: int, controller: int) -> str:
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "log.dirs": str(data),
        # One node holds every replica.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": str(OFFSETS_PARTITIONS),
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "2",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "2",
        # Faults show, and are healed, within seconds.
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "500",
        "group.consumer.min.session.timeout.ms": "500",
        "group.consumer.min.heartbeat.interval.ms": "100",
        # Removed records stay removed, even if the broker is killed a moment later.
        "log.flush.start.offset.checkpoint.interval.ms": "500",
        # As in production: a mistyped topic is an error, not a new topic.
        "auto.create.topics.enable": "false",
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def _format(world: World, command: list[str], settings: Path, deadline: Deadline) -> None:
    cluster = world.get("kafka.cluster_id")
    tool = ["kafka.tools.StorageTool", "format", "--cluster-id", cluster, "--config", str(settings)]
    done = errands.run(world, ApacheKafka.name, [*command, *tool], deadline, name="kafka-storage")
    if done.returncode != 0:
        msg = f"Kafka's storage could not be formatted: {(done.stderr or done.stdout).strip()[-500:]}"
        raise SandboxError(msg)
