"""Groups with members, in which not every partition is read by one."""

import sys
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import kafka_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.kafka.wire import GroupSeen
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_GUEST: Final = "kafka-guest"
_PROGRAM: Final = "apgms_ops.sandbox.kafka.guest"
_ELSEWHERE: Final = "payments.result"


def _start(world: World, way: str, topic: str, deadline: Deadline) -> None:
    world.stop(_GUEST, deadline)  # one may be left from a break that was interrupted
    world.spawn(_GUEST, [sys.executable, "-m", _PROGRAM, way, world.get("kafka.bootstrap"), tools.GROUP, topic])


class PartitionUnassigned(Fault):
    """The group has a member and is stable, but the member subscribed to something else."""

    id = "kafka-partition-unassigned"
    title = f"{tools.GROUP} has a member, and no member holds the partitions of {tools.TOPIC}."
    component = "kafka"
    references = ("D3.4",)
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.ASSIGNED: Verdict.FAIL,
        tools.KEEPS_UP: Verdict.UNKNOWN,
        tools.STALLED: Verdict.UNKNOWN,
    }

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Put a member with another subscription in the place of the right one."""
        tools.quiet(world, deadline)
        tools.order(world, f"/groups/{tools.GROUP}/stop", deadline)
        _start(world, "linger", _ELSEWHERE, deadline)
        tools.wait(
            lambda: tools.group_of(world, tools.GROUP, deadline) == GroupSeen("Stable", ("guest",)),
            deadline,
            "the other member being in the group",
        )
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Put the right member back."""
        world.stop(_GUEST, deadline)
        tools.busy(world, deadline)


class GroupRebalancing(Fault):
    """A rebalance that does not end, because one member never comes back to it."""

    id = "kafka-group-rebalancing"
    title = f"{tools.GROUP} is rebalancing, and waits for a member that hangs."
    component = "kafka"
    references = ("D3.6",)
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.SETTLED: Verdict.FAIL,
        tools.ASSIGNED: Verdict.UNKNOWN,
        tools.KEEPS_UP: Verdict.UNKNOWN,
        tools.STALLED: Verdict.UNKNOWN,
    }

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let a member join that then hangs, and another one, for which the group would have to divide anew.

        Raises:
            SandboxError: The stand-in broker answers: it never ends such a rebalance, so there would be no healing it.
        """
        tools.require_apache(world, self.id, "does not end a rebalance when the member that it waits for leaves")
        tools.quiet(world, deadline)
        _start(world, "hang", tools.TOPIC, deadline)
        tools.wait(
            lambda: (
                (found := tools.group_of(world, tools.GROUP, deadline)).state == "PreparingRebalance"
                and "guest-2" in found.clients
            ),
            deadline,
            "the group rebalancing",
        )
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """End the member that hangs; the group notices within its session timeout."""
        world.stop(_GUEST, deadline)
        tools.wait(
            lambda: tools.group_of(world, tools.GROUP, deadline) == GroupSeen("Stable", (f"{tools.GROUP}-1",)),
            deadline,
            "the group being back to its own member",
        )
        tools.busy(world, deadline)


FAULTS: tuple[type[Fault], ...] = (PartitionUnassigned, GroupRebalancing)
