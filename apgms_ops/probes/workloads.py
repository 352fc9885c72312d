"""The Deployments of the declared services with all that belongs to them, as several probes read them."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.kubernetes.facts import Deployment, Pod, ReplicaSet, Truth
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, Kubernetes
from apgms_ops.errors import EnvironmentInvalid, Unobserved

if TYPE_CHECKING:
    from apgms_ops.clients.kubernetes.client import KubernetesClient

PROGRESSING: Final = "Progressing"
COMPLETE: Final = "NewReplicaSetAvailable"
"""What `Progressing` says of a rollout that has come to its end."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What runs a service, as the cluster has it."""

    service: str
    name: str
    """Of its Deployment."""
    namespace: str
    beside: int
    """Deployments in the namespace, this one or not."""
    deployment: Deployment | None
    """None where there is none of that name."""
    replica_sets: tuple[ReplicaSet, ...]
    """Those of the Deployment."""
    pods: tuple[Pod, ...]
    """Those that its selector matches, whoever made them."""
    sidecars: tuple[str, ...] = ()
    """Containers that no release holds."""

    @property
    def newest(self) -> ReplicaSet | None:
        """The ReplicaSet of the template that is wanted, as far as the controller has come."""
        revision = self.deployment.revision if self.deployment else None
        return next((one for one in self.replica_sets if one.revision is not None and one.revision == revision), None)

    @property
    def began_at(self) -> datetime | None:
        """When the newest rollout began; None where there is nothing to tell it by."""
        newest = self.newest
        if newest is None:
            return None
        if all(one.created_at <= newest.created_at for one in self.replica_sets):
            return newest.created_at
        # Somebody went back to an older template, whose ReplicaSet has been there since: its pods are new.
        return min((pod.created_at for pod in self.pods if pod.owner_uid == newest.uid), default=None)

    @property
    def completed_at(self) -> datetime | None:
        """When the newest rollout came to its end; None where it has not, or nobody says.

        Pods that are replaced later do not change it.
        """
        if self.deployment is None or self.deployment.observed_generation < self.deployment.generation:
            return None
        said = next((one for one in self.deployment.conditions if one.type == PROGRESSING), None)
        if said is not None:
            return said.updated_at or said.at if said.reason == COMPLETE and said.status is Truth.TRUE else None
        # A Deployment without a progress deadline has no such condition.
        newest = self.newest
        pods = [pod for pod in self.pods if newest is not None and pod.owner_uid == newest.uid and not pod.deleting]
        if len(pods) < self.deployment.replicas or not all(pod.ready for pod in pods):
            return None
        return max((pod.ready_at for pod in pods if pod.ready_at is not None), default=None)

    def port(self, pod: str, name: str) -> int:
        """Return the number of a named port of one of its pods; of its only port, where it has one without that name.

        Raises:
            Unobserved: The pod has no such port.
        """
        for found in (one for one in self.pods if one.name == pod):
            own = [one.ports for one in found.containers if one.name not in self.sidecars]
            for ports in own:
                if name in ports:
                    return ports[name]
            every = {number for ports in own for number in ports.values()}
            if len(every) == 1:
                return every.pop()
        msg = f"pod {pod} has no port called {name}: nobody says where it answers"
        raise Unobserved(msg)


def namespace_of(environment: Environment) -> str:
    """Return the namespace of the platform.

    Raises:
        EnvironmentInvalid: The environment has no cluster.
    """
    section = environment.kubernetes
    if not isinstance(section, Kubernetes):
        msg = f"environment {environment.name} has no section [kubernetes]"
        raise EnvironmentInvalid(msg)
    return section.namespace


def workloads(kubernetes: "KubernetesClient", environment: Environment, deadline: Deadline) -> dict[str, Workload]:
    """Return what runs each declared service.

    Raises:
        Unobserved: It could not be read, all of it.
    """
    namespace = namespace_of(environment)
    # The pods last: what a Deployment says of itself must not be newer than what is seen of its pods.
    deployments = kubernetes.deployments(namespace, deadline)
    replica_sets = kubernetes.replica_sets(namespace, deadline)
    found: dict[str, Workload] = {}
    for name, service in environment.services.items():
        deployment = next((one for one in deployments if one.name == service.deployment), None)
        found[name] = Workload(
            service=name,
            name=service.deployment,
            namespace=namespace,
            beside=len(deployments),
            deployment=deployment,
            replica_sets=tuple(one for one in replica_sets if deployment and one.owner_uid == deployment.uid),
            pods=_pods(kubernetes, namespace, deployment, deadline) if deployment else (),
            sidecars=service.sidecars,
        )
    return found


def _pods(
    kubernetes: "KubernetesClient", namespace: str, deployment: Deployment, deadline: Deadline
) -> tuple[Pod, ...]:
    return tuple(kubernetes.pods(namespace, deadline, labels=deployment.selector.query))
