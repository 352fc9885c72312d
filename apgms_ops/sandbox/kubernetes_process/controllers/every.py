"""Every controller that there is."""

from apgms_ops.sandbox.kubernetes_process.controllers.controller import Controller
from apgms_ops.sandbox.kubernetes_process.controllers.deployments import Deployments
from apgms_ops.sandbox.kubernetes_process.controllers.endpoints import Endpoints
from apgms_ops.sandbox.kubernetes_process.controllers.garbage import Garbage
from apgms_ops.sandbox.kubernetes_process.controllers.jobs import Jobs
from apgms_ops.sandbox.kubernetes_process.controllers.namespaces import Namespaces
from apgms_ops.sandbox.kubernetes_process.controllers.nodes import Nodes
from apgms_ops.sandbox.kubernetes_process.controllers.replica_sets import ReplicaSets
from apgms_ops.sandbox.kubernetes_process.controllers.scheduler import Scheduler
from apgms_ops.sandbox.kubernetes_process.controllers.stateful_sets import StatefulSets
from apgms_ops.sandbox.kubernetes_process.registry import Registry


def every(registry: Registry, node_grace: float = 40.0) -> tuple[Controller, ...]:
    """Return the controllers.

    Args:
        registry: Through what they read and write.
        node_grace: Seconds that a node may be silent.
    """
    return (
        Deployments(registry),
        ReplicaSets(registry),
        StatefulSets(registry),
        Jobs(registry),
        Scheduler(registry),
        Nodes(registry, node_grace),
        Endpoints(registry),
        Namespaces(registry),
        Garbage(registry),
    )
