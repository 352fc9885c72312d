"""The component that takes a snapshot of every topic as the sandbox starts, as the nightly CronJob would have."""

import importlib.util
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Backups, Kafka
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import errands, images, workloads
from apgms_ops.sandbox.cluster.api import namespaced
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kafka_snapshots.settings import Settings
from apgms_ops.sandbox.kubernetes.objects import PLATFORM
from apgms_ops.sandbox.objectstore import BACKUPS, REGION
from apgms_ops.sandbox.platform import TEMPLATE
from apgms_ops.sandbox.world import World

NAME: Final = "kafka-snapshots"
IMAGE: Final = "kafka-tools"
TAG: Final = "1"
EPOCH: Final = f"{NAME}.epoch"
"""Published: when the last snapshot was taken, in seconds since 1970."""
_SNAPSHOT: Final = "apgms_ops.sandbox.kafka_snapshots"
_RESTORE: Final = "apgms_ops.sandbox.kafka_snapshots.restore"


class KafkaSnapshots(Component):
    """A step without a process: whoever loses the store that the snapshots are in loses them too."""

    name = NAME
    needs = ("kafka-topics", "traffic", "objectstore", "cluster-objects")
    lives = False
    lost_with = ("objectstore",)

    def install(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — a pip extra is the operator's to install
        """See that boto3 and the driver are there.

        Raises:
            SandboxError: They are not.
        """
        for package in ("boto3", "confluent_kafka"):
            if importlib.util.find_spec(package) is None:
                msg = f"{package} is missing: pip install 'apgms-ops[sandbox]'"
                raise SandboxError(msg)

    def start(self, world: World, deadline: Deadline) -> None:
        """Offer the image that snapshots and restores run, and take a snapshot of every topic.

        Raises:
            SandboxError: It cannot be taken.
        """
        path = _file(world)
        settings_of(world).write(path)
        push(world)
        take(world, (), deadline)
        tell(world, datetime.fromtimestamp(int(world.get(EPOCH)), UTC))

    def ready(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — it is there or it is not
        """Return if a snapshot was taken.

        Raises:
            SandboxError: None was.
        """
        world.get(EPOCH)


def settings_of(world: World) -> Settings:
    """Return what the programs are told.

    Raises:
        SandboxError: The environment declares no topics, or no backups.
    """
    template = Path(world.get(TEMPLATE))
    environment = load(template, world.values())
    kafka, backups = environment.kafka, environment.backups
    if not isinstance(kafka, Kafka) or not isinstance(backups, Backups):
        msg = f"{template} declares no [kafka] or no [backups]: no snapshot can be taken"
        raise SandboxError(msg)
    return Settings(
        bootstrap=world.get("kafka.bootstrap"),
        url=world.get("objectstore.url"),
        ca_file=world.get("objectstore.ca_file"),
        region=REGION,
        bucket=BACKUPS,
        prefix=backups.kafka.prefix,
        id_file=world.get("objectstore.writer_id_file"),
        secret_file=world.get("objectstore.writer_secret_file"),
        topics=list(kafka.required_topics),
        groups={group.name: list(group.topics) for group in kafka.groups},
    )


def push(world: World, **different: Sequence[str]) -> None:
    """Put the image into the registry: what it runs is told by name, as `command` of a pod.

    Args:
        world: Whose.
        different: Commands that are other ones, with underscores for dots: what a fault puts in their place.
    """
    settings = str(_file(world))
    commands = {
        "snapshot.sh": [sys.executable, "-m", _SNAPSHOT, settings],
        "restore.sh": [sys.executable, "-m", _RESTORE, settings],
    } | {name.replace("_", "."): list(command) for name, command in different.items()}
    manifest: dict[str, Any] = {
        "service": IMAGE,
        "version": TAG,
        "program": commands["snapshot.sh"],
        "commands": commands,
    }
    images.push(world, IMAGE, TAG, manifest)


def take(world: World, topics: Sequence[str], deadline: Deadline, epoch: int | None = None) -> None:
    """Take a snapshot of some topics, or of all where none is named, and publish its epoch.

    Args:
        world: Whose.
        topics: Which.
        deadline: For all of it.
        epoch: When it is said to be taken; by default now.

    Raises:
        SandboxError: It cannot be taken.
    """
    command = [sys.executable, "-m", _SNAPSHOT, str(_file(world)), *topics]
    extra = {} if epoch is None else {"APGMS_SNAPSHOT_EPOCH": str(epoch)}
    done = errands.run(world, NAME, command, deadline, env=extra, name="the snapshot of Kafka's topics")
    if done.returncode:
        msg = f"no snapshot of Kafka's topics was taken: {done.stderr.strip()[-1000:]}"
        raise SandboxError(msg)
    if epoch is None:
        world.set(EPOCH, done.stdout.strip())


def tell(world: World, at: datetime) -> None:
    """Say in the CronJob's status that it ran then: nobody else does, where nothing runs CronJobs."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    path = namespaced("batch/v1", PLATFORM, "cronjobs", "kafka-snapshot")
    status = {"lastScheduleTime": stamp, "lastSuccessfulTime": stamp}
    workloads.admin(world).merge(f"{path}/status", {"status": status})


def _file(world: World) -> Path:
    return world.folder(NAME) / "settings.json"
