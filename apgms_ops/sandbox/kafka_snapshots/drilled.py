"""The step that rehearses the restore of a topic once, by the command itself, so that there is a record of it."""

from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kafka_snapshots.component import EPOCH
from apgms_ops.sandbox.kafka_snapshots.component import NAME as SNAPSHOTS
from apgms_ops.sandbox.verified import at_last, operate
from apgms_ops.sandbox.world import World

NAME: Final = "drilled-topic"
TOPIC: Final = "sbr.submit"
"""A small one, which a group reads."""


class DrilledTopic(Component):
    """As somebody does every month; it has no process."""

    name = NAME
    needs = (SNAPSHOTS, "node", "timestamps")
    lives = False
    lost_with = ("objectstore",)

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing."""

    def start(self, world: World, deadline: Deadline) -> None:
        """Rehearse it.

        Raises:
            SandboxError: It did not pass, even when it was tried again.
        """
        at_last(lambda: drill(world, world.get(EPOCH), deadline, codes=(0,)))

    def ready(self, world: World, deadline: Deadline) -> None:
        """Need nothing more: the command has said that it is recorded."""


def drill(world: World, epoch: str, deadline: Deadline, *, codes: tuple[int, ...]) -> None:
    """Rehearse the restore of a snapshot.

    Args:
        world: Whose.
        epoch: The snapshot, in seconds since 1970.
        deadline: For all of it.
        codes: The exit codes that are expected.

    Raises:
        SandboxError: It ended in another way.
    """
    command = ("drill", "restore-topic", "--topic", TOPIC, "--timestamp", epoch, "--yes")
    operate(world, (*command, "--records", str(world.folder(NAME))), deadline, codes=codes, component=NAME)
