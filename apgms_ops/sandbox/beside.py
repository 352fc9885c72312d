"""The step that tells the cluster of what runs beside the services: what other components started, and ways to it."""

from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import images, workloads
from apgms_ops.sandbox.cluster.api import namespaced
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kubernetes.component import POD_NETWORK
from apgms_ops.sandbox.kubernetes.objects import PLATFORM, Estate
from apgms_ops.sandbox.world import World

_SERVED: Final = ("prometheus", "alertmanager")
_TOOLS: Final = "kafka-tools"
"""The image of the CronJob and of restores, which the component of the snapshots offers."""
_REPLICAS: Final = {"postgres": 2, "kafka-exporter": 1}
_POLL: Final = 0.1


class Beside(Component):
    """PostgreSQL's pods and the exporter's, whose processes are there already, the runbook's Jobs, and services."""

    name = "cluster-objects"
    needs = ("kubernetes", "node")
    lives = False
    lost_with = ("kubernetes",)

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing."""

    def start(self, world: World, deadline: Deadline) -> None:
        """Apply all of it."""
        tags = {workload: tag for workload, (tag, _) in images.ADOPTED.items()} | {_TOOLS: "1"}
        estate = Estate(
            images={workload: images.reference(workload, tag) for workload, tag in tags.items()},
            replicas={},
            addresses={name: world.port(name) for name in _SERVED},
            network=world.get(POD_NETWORK, "127"),
        )
        for wanted in estate.objects():
            deadline.require("applying the cluster's objects")
            if wanted["kind"] != "Namespace":  # the API's own component makes them
                workloads.apply(world, wanted)

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once the API has pods of each; they are ready as soon as the processes that they stand for are there.

        Raises:
            SandboxError: Some are missing by the deadline.
        """
        api = workloads.admin(world)
        while missing := [
            app
            for app, wanted in _REPLICAS.items()
            if len(api.list(namespaced("v1", PLATFORM, "pods"), labelSelector=f"app={app}").get("items") or ()) < wanted
        ]:
            if deadline.remaining <= _POLL:
                msg = f"the cluster has no pods of {', '.join(missing)}"
                raise SandboxError(msg)
            deadline.pause(_POLL, f"pods of {', '.join(missing)}")
