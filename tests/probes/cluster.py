"""A cluster in memory, that answers as the client does."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from apgms_ops.clients.http import Answer
from apgms_ops.clients.kubernetes.facts import (
    Condition,
    Container,
    ContainerState,
    Deployment,
    Event,
    Phase,
    Pod,
    ReplicaSet,
    Selector,
    Truth,
)
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unreachable

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
BEGAN = AT - timedelta(minutes=10)
COMPLETED = AT - timedelta(minutes=8)
DIGEST = f"sha256:{'a' * 64}"

ENVIRONMENT = Environment.model_validate(
    {
        "name": "toy",
        "services": {
            "api-gateway": {
                "deployment": "gateway",
                "replicas": 1,
                "objectives": [
                    {"kind": "latency", "quantile": "95%", "limit": "250ms", "window": "24h", "source": "x"},
                    {"kind": "availability", "target": "99.9%", "window": "30d", "source": "x"},
                ],
            },
        },
        "kubernetes": {"context": "toy", "namespace": "platform"},
        "deployment": {
            "comparison": {"before": {"value": "5m", "source": "x"}, "after": {"value": "5m", "source": "x"}}
        },
    }
)

CONTAINER = Container(
    name="gateway",
    image="registry.sandbox.example/platform/api-gateway:v1.4.2",
    image_id=f"registry.sandbox.example/platform/api-gateway@{DIGEST}",
    ready=True,
    started_at=BEGAN,
    restarts=0,
    state=ContainerState.RUNNING,
    reason=None,
    exit_code=None,
    last_reason=None,
    last_exit_code=None,
    last_finished_at=None,
    ports={"http": 8080, "metrics": 9090},
)
POD = Pod(
    name="gateway-new-1",
    namespace="platform",
    uid="pod-1",
    node="node-1",
    phase=Phase.RUNNING,
    reason=None,
    ready=True,
    created_at=BEGAN,
    deleting=False,
    owner_kind="ReplicaSet",
    owner_name="gateway-new",
    owner_uid="rs-new",
    labels={"app": "gateway"},
    ip="10.0.0.7",
    containers=(CONTAINER,),
    ready_at=COMPLETED,
)
NEW = ReplicaSet("gateway-new", "rs-new", "deployment-1", 4, 1, 1, 1, {"gateway": CONTAINER.image}, BEGAN)
OLD = replace(NEW, name="gateway-old", uid="rs-old", revision=3, wanted=0, replicas=0, ready=0, created_at=BEGAN)
OLD = replace(OLD, created_at=BEGAN - timedelta(days=7))
PROGRESSING = Condition(
    type="Progressing",
    status=Truth.TRUE,
    reason="NewReplicaSetAvailable",
    message="ReplicaSet gateway-new has successfully progressed.",
    at=BEGAN - timedelta(days=30),
    updated_at=COMPLETED,
)
DEPLOYMENT = Deployment(
    name="gateway",
    namespace="platform",
    uid="deployment-1",
    generation=4,
    observed_generation=4,
    replicas=1,
    updated=1,
    total=1,
    ready=1,
    available=1,
    paused=False,
    images={"gateway": CONTAINER.image},
    selector=Selector({"app": "gateway"}),
    revision=4,
    conditions=(PROGRESSING,),
)
VERSION = {
    "service": "api-gateway",
    "version": "v1.4.2",
    "gitSha": "c" * 40,
    "builtAt": "2026-11-24T10:00:00Z",
    "environment": "toy",
}


@dataclass
class Cluster:
    """What the client would read; `pod_get` answers what is in `versions`, or cannot be reached."""

    all_deployments: tuple[Deployment, ...] = (DEPLOYMENT,)
    all_replica_sets: tuple[ReplicaSet, ...] = (NEW, OLD)
    all_pods: tuple[Pod, ...] = (POD,)
    all_events: tuple[Event, ...] = ()
    versions: dict[str, dict[str, str]] = field(default_factory=lambda: {"gateway-new-1": VERSION})
    asked: list[str] = field(default_factory=list)

    def deployments(self, namespace: str, _deadline: Deadline) -> tuple[Deployment, ...]:
        """Return those of a namespace."""
        return tuple(one for one in self.all_deployments if one.namespace == namespace)

    def replica_sets(self, _namespace: str, _deadline: Deadline) -> tuple[ReplicaSet, ...]:
        """Return all of them."""
        return self.all_replica_sets

    def pods(self, _namespace: str, _deadline: Deadline, *, labels: str) -> tuple[Pod, ...]:
        """Return those that have a label."""
        key, _, value = labels.partition("=")
        return tuple(one for one in self.all_pods if one.labels.get(key) == value)

    def events(self, _namespace: str, _deadline: Deadline) -> tuple[Event, ...]:
        """Return all of them."""
        return self.all_events

    def pod_get(self, namespace: str, pod: str, port: int, path: str, _deadline: Deadline) -> Answer:
        """Return a version."""
        place = f"{namespace}/{pod}:{port}{path}"
        self.asked.append(place)
        if pod not in self.versions:
            msg = f"{place}: the connection was refused"
            raise Unreachable(msg)
        body = json.dumps(self.versions[pod]).encode()
        return Answer(place, 200, {"content-type": "application/json"}, body, str)
