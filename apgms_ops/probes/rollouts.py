"""Runbook, Deployment Procedure, step 4: reads how far the rollouts are, and how their pods have fared since."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.kubernetes.facts import Container, Deployment, Event, Pod, Truth
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.probes.probe import probe
from apgms_ops.probes.rollout_facts import DeploymentSeen, ReplicaSetSeen, Rollouts, ServiceRollout
from apgms_ops.probes.rollout_pods import ContainerSeen, PodSeen
from apgms_ops.probes.stability_facts import TELLING, EventSeen, ServiceStability, Stability
from apgms_ops.probes.workloads import PROGRESSING, Workload, namespace_of, workloads

if TYPE_CHECKING:
    from apgms_ops.clients.kubernetes.client import KubernetesClient

_REFUSED: Final = "ReplicaFailure"
_MESSAGE: Final = 300
"""Characters of a message that are kept."""


@probe(deadline=30.0)
def rollouts(kubernetes: "KubernetesClient", environment: Environment, deadline: Deadline) -> Rollouts:
    """The Deployments of the declared services, what is left of older templates, and their pods."""
    found = workloads(kubernetes, environment, deadline)
    at = datetime.now(UTC)
    return Rollouts(
        {
            service: ServiceRollout(
                service=service,
                deployment=work.name,
                namespace=work.namespace,
                at=at,
                declared=environment.services[service].replicas,
                beside=work.beside,
                seen=_deployment(work.deployment) if work.deployment else None,
                replica_sets=tuple(
                    ReplicaSetSeen(one.name, one.revision, one is work.newest, one.replicas, one.ready, one.created_at)
                    for one in work.replica_sets
                ),
                pods=tuple(_pod(work, pod) for pod in work.pods),
            )
            for service, work in found.items()
        }
    )


@probe(deadline=30.0)
def stability(kubernetes: "KubernetesClient", environment: Environment, deadline: Deadline) -> Stability:
    """The pods of the declared services since their rollout began: restarts, ends by force, back-offs."""
    found = workloads(kubernetes, environment, deadline)
    # After the pods: what is noted of one that has come since is looked up the next time.
    events = kubernetes.events(namespace_of(environment), deadline)
    at = datetime.now(UTC)
    return Stability({service: _stability(work, events, at) for service, work in found.items()})


def _stability(work: Workload, events: tuple[Event, ...], at: datetime) -> ServiceStability:
    pods = tuple(pod for pod in (_pod(work, pod) for pod in work.pods) if pod.newest and not pod.deleting)
    names = {pod.name for pod in pods}
    return ServiceStability(
        service=work.service,
        deployment=work.name,
        at=at,
        began_at=work.began_at,
        pods=pods,
        events=tuple(
            EventSeen(event.name, event.reason, event.message[:_MESSAGE], event.count, event.last_at)
            for event in events
            if event.kind == "Pod" and event.name in names and event.reason in TELLING
        ),
    )


def _deployment(found: Deployment) -> DeploymentSeen:
    progress = next((one for one in found.conditions if one.type == PROGRESSING), None)
    refused = next((one for one in found.conditions if one.type == _REFUSED and one.status is Truth.TRUE), None)
    return DeploymentSeen(
        generation=found.generation,
        observed=found.observed_generation,
        changed_at=found.changed_at,
        wanted=found.replicas,
        updated=found.updated,
        total=found.total,
        available=found.available,
        paused=found.paused,
        progress=progress.reason if progress else None,
        progressed_at=(progress.updated_at or progress.at) if progress else None,
        message=progress.message[:_MESSAGE] if progress else "",
        refused=(refused.message or refused.reason)[:_MESSAGE] if refused else None,
    )


def _pod(work: Workload, pod: Pod) -> PodSeen:
    newest = work.newest
    return PodSeen(
        name=pod.name,
        replica_set=pod.owner_name if pod.owner_kind == "ReplicaSet" else None,
        newest=newest is not None and pod.owner_uid == newest.uid,
        node=pod.node,
        phase=pod.phase.value,
        reason=pod.reason,
        ready=pod.ready,
        ready_at=pod.ready_at,
        created_at=pod.created_at,
        deleting=pod.deleting,
        containers=tuple(map(_container, (*pod.init_containers, *pod.containers))),
    )


def _container(found: Container) -> ContainerSeen:
    return ContainerSeen(
        name=found.name,
        image=found.image,
        image_id=found.image_id,
        ready=found.ready,
        state=found.state.value,
        reason=found.reason,
        exit_code=found.exit_code,
        restarts=found.restarts,
        last_reason=found.last_reason,
        last_exit_code=found.last_exit_code,
        last_finished_at=found.last_finished_at,
    )
