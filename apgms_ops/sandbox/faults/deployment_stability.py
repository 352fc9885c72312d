"""Rollouts that were fine at first sight."""

import signal
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import holds, workloads
from apgms_ops.sandbox.faults import deployment_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_tools import wait
from apgms_ops.sandbox.faults.services_tools import revive, wait_scraped
from apgms_ops.sandbox.services import ApiGateway
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_GATEWAY: Final = ApiGateway.name
_REPLICA: Final = f"{_GATEWAY}-2"


class CrashedOnce(Fault):
    """It runs again within a second: nothing that looks at the present sees it."""

    id = "deployment-crashed-later"
    title = "A replica of the gateway crashed once, after the rollout was complete; it runs again, ready."
    component = "deployment"
    references: ClassVar[tuple[str, ...]] = ("P4.5",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.of(tools.RESTARTS, _GATEWAY): Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill its process, and wait until the node has started it again."""
        world.signal(_GATEWAY, signal.SIGKILL, process=_REPLICA)
        wait(lambda: _restarted(world), deadline, f"{_REPLICA} being started again and ready")
        wait_scraped(world, _GATEWAY, ApiGateway.replicas, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Replace the pod, and forget what failed meanwhile."""
        revive(world, _GATEWAY, deadline)


def _restarted(world: World) -> bool:
    pods = workloads.pods(world, _GATEWAY)
    return any(pod.restarts for pod in pods) and all(pod.ready for pod in pods)


class OutOfMemory(CrashedOnce):
    """The kernel ended it; its code says nothing of it, and its logs end in the middle."""

    id = "deployment-out-of-memory"
    title = "A replica of the gateway was killed for lack of memory, after the rollout was complete; it runs again."
    references: ClassVar[tuple[str, ...]] = ()

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill its process as the kernel does, and wait until the node has started it again."""
        world.set(f"{holds.STARVED}{_REPLICA}", "1")
        try:
            return super().break_(world, deadline)
        finally:
            world.set(f"{holds.STARVED}{_REPLICA}", "")


FAULTS: tuple[type[Fault], ...] = (CrashedOnce, OutOfMemory)
