"""When a broker is ready: not once it listens, but once every partition of its group coordinator answers."""

import logging
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.world import World

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

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
    admin = _admin(bootstrap)
    while not _answers(admin):
        if not world.alive(component):
            msg = f"{component} died while starting:\n{world.log_tail(component)}"
            raise SandboxError(msg)
        if deadline.remaining <= _POLL:
            msg = f"{component} was not ready within {deadline.seconds:g} s:\n{world.log_tail(component)}"
            raise SandboxError(msg)
        deadline.pause(_POLL, f"{component} to become ready")


def _admin(bootstrap: str) -> "AdminClient":
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415 — heavy

    # The driver's log lines about a broker that is not up yet would otherwise go to stderr.
    quiet = logging.getLogger(__name__)
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    settings: dict[str, str | int | float | bool] = {
        "bootstrap.servers": bootstrap,
        "reconnect.backoff.ms": 20,
        "reconnect.backoff.max.ms": 100,
    }
    return AdminClient(settings, logger=quiet)


def _answers(admin: "AdminClient") -> bool:
    from confluent_kafka import KafkaException  # noqa: PLC0415 — heavy

    try:
        # An error here is not raised but listed, and an unreachable broker lists no groups: ask before anything else.
        if admin.list_consumer_groups(request_timeout=_PATIENCE).result().errors:
            return False
        described = admin.describe_consumer_groups(list(_ONE_GROUP_EACH), request_timeout=_PATIENCE)
        for future in described.values():
            future.result()
    except KafkaException:
        return False
    return True
