"""The step that rolls the gateway out once more, where its customers came too late for the first time.

How a release serves is judged by the first seconds after its rollout. On a machine that is slow to start everything
they are over before anybody asks anything, and nothing could be said of them for as long as the sandbox runs.
"""

from datetime import UTC, datetime
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import rollouts, workloads
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.services import ApiGateway
from apgms_ops.sandbox.world import World

_LATE: Final = 4.0
"""Seconds after the rollout; of those that are compared most must be left."""


class SecondRollout(Component):
    """Without a process; the last of the steps that lead to a sandbox in which all is well."""

    name = "second-rollout"
    needs = ("traffic", "prometheus")
    lives = False

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing."""

    def start(self, world: World, deadline: Deadline) -> None:
        """Replace the gateway's pods, if it is too late for those that are there."""
        since = _completed(workloads.deployment(world, ApiGateway.name))
        if since is None or (datetime.now(UTC) - since).total_seconds() > _LATE:
            rollouts.note(world, ApiGateway.name, "once more, with customers")
            workloads.await_rolled_out(world, ApiGateway.name, deadline)

    def ready(self, world: World, deadline: Deadline) -> None:
        """Need nothing more: the gateway's own component says whether it is ready."""


def _completed(found: dict[str, Any]) -> datetime | None:
    """Return when the rollout of a Deployment was complete."""
    conditions = (found.get("status") or {}).get("conditions") or ()
    times = [
        datetime.fromisoformat(str(one["lastUpdateTime"]))
        for one in conditions
        if one.get("reason") == "NewReplicaSetAvailable"
    ]
    return max(times, default=None)
