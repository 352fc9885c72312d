"""Kubernetes, read through its API: workloads and their pods, logs, events, commands, and what lies behind.

What may enter: requests to the API server and what their answers say. Whether a rollout is done is not for here to say.
"""

from apgms_ops.clients.kubernetes.facts import (
    Condition,
    Container,
    ContainerState,
    Deployment,
    Event,
    Executed,
    Log,
    Permission,
    Phase,
    Pod,
    ReplicaSet,
    Selector,
    StatefulSet,
    Truth,
    Version,
)
from apgms_ops.clients.kubernetes.jobs import CronJob, Job

__all__ = [
    "Condition",
    "Container",
    "ContainerState",
    "CronJob",
    "Deployment",
    "Event",
    "Executed",
    "Job",
    "Log",
    "Permission",
    "Phase",
    "Pod",
    "ReplicaSet",
    "Selector",
    "StatefulSet",
    "Truth",
    "Version",
]
