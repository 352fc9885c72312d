"""When a broker is ready: not once it listens, but once every partition of its group coordinator answers."""

from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.kafka.wire import Coordinator
from apgms_ops.sandbox.world import World

OFFSETS_PARTITIONS: Final = 4
"""Partitions of __consumer_offsets. Four load at once in a moment; the default of fifty takes noticeably longer."""
# A group's coordinator is the partition of its name's Java hash: these four names hit each of the four.
_ONE_GROUP_EACH: Final = ("a", "b", "c", "d")
_POLL: Final = 0.05
_PATIENCE: Final = 1.0


def await_coordinator(world: World, component: str, bootstrap: str, deadline: Deadline) -> None:
    """Return once the broker's group coordinator answers for every group.

    Raises:
        SandboxError: The process died, or is not ready by the deadline; the text ends with its log.
    """
    coordinator = Coordinator(bootstrap, _PATIENCE)
    while not _answers(coordinator):
        if not world.alive(component):
            msg = f"{component} died while starting:\n{world.log_tail(component)}"
            raise SandboxError(msg)
        if deadline.remaining <= _POLL:
            msg = f"{component} was not ready within {deadline.seconds:g} s:\n{world.log_tail(component)}"
            raise SandboxError(msg)
        deadline.pause(_POLL, f"{component} to become ready")


def _answers(coordinator: Coordinator) -> bool:
    try:
        for group in _ONE_GROUP_EACH:
            coordinator.describe(group)
    except SandboxError:
        return False
    return True
