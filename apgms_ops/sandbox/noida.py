"""A stand-in for Apache Kafka, for machines on which no Java or no Maven repository can be had: noida-db 0.2.3.

It speaks Kafka's protocol from one small program out of a Python wheel. It passes the contract tests of the Kafka
client but for what `EXCLUDED` states, and every run on it says so (docs/adr/0004-stand-in-broker.md).
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kafka.readiness import await_coordinator
from apgms_ops.sandbox.state import locked
from apgms_ops.sandbox.world import World

VERSION: Final = "0.2.3"
EXCLUDED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "test_a_group_of_the_new_consumer_protocol_is_read_like_any_other": "it knows the classic group protocol alone",
        "test_a_rebalance_ends_once_the_member_that_holds_it_up_leaves": "it waits on for who has left",
        "test_a_broker_that_is_killed_keeps_what_it_acknowledged": "it writes to disk a moment after it acknowledged",
        "test_our_rows_equal_those_of_kafkas_own_tool": "the tool comes with the Java distribution",
    }
)
"""The contract tests that it is not asked to pass, each with the reason."""
_LOCK: Final = "stand-in-broker.lock"


class StandInBroker(Component):
    """The stand-in broker. It publishes the same values as the real one, and its own name in `kafka.broker`."""

    name = "kafka"

    def install(self, world: World, deadline: Deadline) -> None:
        """Install the one wheel, by its hash, into a folder of its own in the cache.

        Raises:
            SandboxError: pip cannot get it.
        """
        target = _target(world)
        with locked(target.with_name(f"{target.name}.lock")):
            if not _program(world).is_file():
                world.report(f"noida-db {VERSION} (the stand-in broker): installing with pip")
                draft = target.with_name(f".{target.name}.draft")
                shutil.rmtree(draft, ignore_errors=True)
                _pip_install(draft, deadline)
                shutil.rmtree(target, ignore_errors=True)
                draft.replace(target)

    def start(self, world: World, deadline: Deadline) -> None:
        """Start it with Kafka alone of all the protocols that it speaks."""
        deadline.require("starting the stand-in broker")
        data = world.folder(self.name) / "data"
        port = str(world.port("kafka"))
        command = [str(_program(world)), "start", "--data-dir", str(data), "--host", "127.0.0.1", "--only", "kafka"]
        world.set("kafka.broker", f"noida-db {VERSION} (stand-in)")
        world.spawn(self.name, [*command, "--kafka-port", port])

    def ready(self, world: World, deadline: Deadline) -> None:
        """Wait until it answers for groups, then publish where it is, and what it calls its cluster."""
        bootstrap = f"127.0.0.1:{world.port('kafka')}"
        await_coordinator(world, self.name, bootstrap, deadline)
        world.set("kafka.cluster_id", _cluster_id(bootstrap, deadline))
        world.set("kafka.bootstrap", bootstrap)


def _target(world: World) -> Path:
    return world.cache / f"noida-db-{VERSION}"


def _program(world: World) -> Path:
    return _target(world) / "noida_db" / "noida-db"


def _pip_install(target: Path, deadline: Deadline) -> None:
    lock = resources.files("apgms_ops.sandbox").joinpath(_LOCK)
    remedy = "it is the extra `stand-in-broker`: noida-db"
    with resources.as_file(lock) as path:
        options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--target", str(target)]
        try:
            done = subprocess.run(  # noqa: S603 — pip, with our own lock
                [sys.executable, "-m", "pip", "install", *options, "-r", str(path)],
                capture_output=True,
                text=True,
                check=False,
                timeout=deadline.require("installing the stand-in broker"),
            )
        except subprocess.TimeoutExpired as error:
            msg = f"pip did not install noida-db {VERSION} within {deadline.seconds:g} s"
            raise SandboxError(msg) from error
    if done.returncode != 0:
        why = next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), "pip is missing")
        msg = f"the stand-in broker cannot be installed ({why}); {remedy}"
        raise SandboxError(msg)
    (target / "noida_db" / "noida-db").chmod(0o755)


def _cluster_id(bootstrap: str, deadline: Deadline) -> str:
    from confluent_kafka import KafkaException  # noqa: PLC0415 — heavy
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415 — heavy

    try:
        admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        described = admin.describe_cluster(request_timeout=deadline.require("asking for the cluster id"))
        return str(described.result().cluster_id)
    except KafkaException as error:
        msg = f"the stand-in broker does not tell its cluster id: {error.args[0].str()}"
        raise SandboxError(msg) from error
