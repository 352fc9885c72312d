"""How a pod is told to the API: phase, conditions and the states of its containers, pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from apgms_ops.sandbox.node_process.pod import Pod
from apgms_ops.sandbox.node_process.record import ContainerRecord, Ended, PodRecord

_OURS: Final = ("Initialized", "Ready", "ContainersReady", "PodReadyToStartContainers")
"""Conditions of a pod that its node sets; others stay as they are."""
_HOST: Final = "127.0.0.1"
_FINISHED: Final = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class _Verdict:
    kind: str
    holds: bool
    reason: str = ""
    message: str = ""


def told(pod: Pod, record: PodRecord, before: Mapping[str, Any], network: str, clock: float) -> dict[str, Any]:
    """Return the status of a pod.

    Args:
        pod: What is wanted.
        record: What is.
        before: The status that the API has now; a condition that stays keeps the time of its last change.
        network: The first number of a pod's address as the API is told it.
        clock: Seconds since the epoch.
    """
    phase = phase_of(pod, record.containers)
    conditions = _conditions(phase, record.containers, before.get("conditions") or (), clock)
    status: dict[str, Any] = {
        "phase": phase,
        "conditions": conditions,
        "hostIP": _HOST,
        "hostIPs": [{"ip": _HOST}],
        "startTime": when(record.began),
        "containerStatuses": [_container(container, phase) for container in record.containers],
        "qosClass": before.get("qosClass") or "BestEffort",
    }
    if any(container.run or container.ended for container in record.containers):
        address = f"{network}.{record.address.partition('.')[2]}"
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return status


def refused(pod: Pod, clock: float) -> dict[str, Any]:
    """Return the status of a pod that this node cannot run."""
    why = f"the sandbox's node runs no pod with {pod.unsupported}"
    return {"phase": "Failed", "reason": "Unsupported", "message": why, "startTime": when(clock)}


def phase_of(pod: Pod, containers: Sequence[ContainerRecord]) -> str:
    """Return the phase of a pod as a kubelet works it out."""
    if any(container.run for container in containers):
        return "Running"
    last = [container.ended for container in containers]
    if all(ended is not None for ended in last):
        bad = any(ended is not None and ended.exit_code for ended in last)
        if pod.deleting or pod.restart_policy == "Never" or (pod.restart_policy == "OnFailure" and not bad):
            return "Failed" if bad else "Succeeded"
        return "Running"
    return "Running" if any(ended is not None for ended in last) else "Pending"


def when(clock: float) -> str:
    """Return a time as the API writes it."""
    return datetime.fromtimestamp(clock, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _conditions(
    phase: str, containers: Sequence[ContainerRecord], before: Sequence[Mapping[str, Any]], clock: float
) -> list[dict[str, Any]]:
    unready = [container.name for container in containers if not container.ready]
    why = (
        ("PodCompleted", "")
        if phase in _FINISHED
        else ("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
    )
    ready = () if not unready else why
    wanted = [
        _Verdict("PodReadyToStartContainers", holds=phase not in _FINISHED),
        _Verdict("Initialized", holds=True),
        _Verdict("Ready", not unready, *ready),
        _Verdict("ContainersReady", not unready, *ready),
    ]
    known = {str(condition["type"]): condition for condition in before}
    others = [dict(condition) for kind, condition in known.items() if kind not in _OURS]
    return [_condition(verdict, known.get(verdict.kind), clock) for verdict in wanted] + others


def _condition(verdict: _Verdict, known: Mapping[str, Any] | None, clock: float) -> dict[str, Any]:
    status = "True" if verdict.holds else "False"
    stays = known is not None and known.get("status") == status
    since = (
        known["lastTransitionTime"] if known is not None and stays and known.get("lastTransitionTime") else when(clock)
    )
    told = {"type": verdict.kind, "status": status, "lastProbeTime": None, "lastTransitionTime": since}
    if verdict.reason:
        told["reason"] = verdict.reason
    return told | ({"message": verdict.message} if verdict.message else {})


def _container(container: ContainerRecord, phase: str) -> dict[str, Any]:
    state: dict[str, Any]
    last = container.last
    if container.run is not None:
        state = {"running": {"startedAt": when(container.run.began)}}
    elif container.ended is not None and (container.waiting is None or phase in _FINISHED):
        state = {"terminated": _terminated(container.ended)}
    elif container.waiting is not None:
        waiting = container.waiting
        state = {"waiting": {"reason": waiting.reason} | ({"message": waiting.message} if waiting.message else {})}
        last = container.ended or container.last
    else:
        state = {"waiting": {"reason": "ContainerCreating"}}
    ran = container.run or container.ended or container.last
    return {
        "name": container.name,
        "image": container.image,
        "imageID": container.image_id,
        "containerID": ran.identity if ran is not None else "",
        "ready": container.ready,
        "started": container.run is not None,
        "restartCount": container.restarts,
        "state": state,
        "lastState": {"terminated": _terminated(last)} if last is not None else {},
    }


def _terminated(ended: Ended) -> dict[str, Any]:
    return {
        "exitCode": ended.exit_code,
        "reason": ended.reason,
        "startedAt": when(ended.began),
        "finishedAt": when(ended.ended),
        "containerID": ended.identity,
    }
