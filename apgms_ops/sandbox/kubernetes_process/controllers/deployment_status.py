"""A Deployment's status: its counts, those of zero left out, and whether it is available and gets on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from apgms_ops.sandbox.kubernetes_process.clock import seconds, stamp
from apgms_ops.sandbox.kubernetes_process.conditions import condition, told, with_condition
from apgms_ops.sandbox.kubernetes_process.controllers.rollout import Bounds
from apgms_ops.sandbox.kubernetes_process.kinds import Object

CREATED: Final = "NewReplicaSetCreated"
FOUND: Final = "FoundNewReplicaSet"
_DONE: Final = "NewReplicaSetAvailable"
_MOVED: Final = "ReplicaSetUpdated"
_LATE: Final = "ProgressDeadlineExceeded"
_PAUSED: Final = "DeploymentPaused"
_RESUMED: Final = "DeploymentResumed"
_WORDS: Final = {
    _RESUMED: "Deployment is resumed",
    CREATED: 'Created new replica set "{name}"',
    FOUND: 'Found new replica set "{name}"',
    _DONE: 'ReplicaSet "{name}" has successfully progressed.',
    _MOVED: 'ReplicaSet "{name}" is progressing.',
    _LATE: 'ReplicaSet "{name}" has timed out progressing.',
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A Deployment as its controller finds it."""

    item: Object
    new: Object | None
    """Its newest ReplicaSet."""
    sets: Sequence[Object]
    """All its ReplicaSets, the newest among them."""
    note: str
    """What was just done: a reason of condition Progressing."""
    now: float


def of(seen: Seen) -> tuple[Object, float | None]:
    """Return the status of a Deployment, and in how many seconds it will be late."""
    item, sets = seen.item, seen.sets
    available = _sum(sets, "availableReplicas")
    wanted = sum(found["spec"]["replicas"] for found in sets)
    counts = {
        "replicas": _sum(sets, "replicas"),
        "updatedReplicas": _sum([seen.new] if seen.new else [], "replicas"),
        "readyReplicas": _sum(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, wanted - available),
    }
    conditions = list((item.get("status") or {}).get("conditions") or [])
    if available >= Bounds.of(item["spec"]).least:
        entry = told("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        message = "Deployment does not have minimum availability."
        entry = told("Available", "False", "MinimumReplicasUnavailable", message)
    conditions = _with(conditions, entry, seen.now)
    after = {**counts, "observedGeneration": item["metadata"]["generation"]}
    conditions, wait = _progress(seen, after, conditions)
    status = {
        "observedGeneration": item["metadata"]["generation"],
        **{name: count for name, count in counts.items() if count},
        "conditions": conditions,
    }
    return status, wait


def complete(item: Object) -> bool:
    """Whether the rollout is over: all replicas are new and available, and no old one is left."""
    status, wanted = item.get("status") or {}, item["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")]
    return counts == [wanted] * 3 and status.get("observedGeneration", 0) >= item["metadata"]["generation"]


def _progress(seen: Seen, after: Object, conditions: list[Object]) -> tuple[list[Object], float | None]:
    spec, new = seen.item["spec"], seen.new
    current = condition({"status": {"conditions": conditions}}, "Progressing")
    deadline, reason = spec.get("progressDeadlineSeconds"), current.get("reason", "")
    if spec.get("paused"):
        entry = told("Progressing", "Unknown", _PAUSED, "Deployment is paused")
        return (conditions if reason == _PAUSED else _with(conditions, entry, seen.now)), None
    if deadline is None:
        return conditions, None
    left = _since(current, seen.now) + deadline - seen.now
    reason = _reason(seen, after, reason, left=left)
    if not reason:  # neither further nor late: the condition's time still says since when
        return conditions, left if current and current.get("reason") not in (_DONE, _LATE) else None
    name = new["metadata"]["name"] if new else seen.item["metadata"]["name"]
    message = _WORDS[reason].format(name=name)
    if (current.get("reason"), current.get("message")) == (reason, message) and reason == _DONE:
        return conditions, None
    entry = told("Progressing", {_RESUMED: "Unknown", _LATE: "False"}.get(reason, "True"), reason, message)
    wait = float(deadline) if reason not in (_DONE, _LATE) else None
    return _with(conditions, entry, seen.now), wait


def _reason(seen: Seen, after: Object, reason: str, *, left: float) -> str:
    """Return why a rollout is said to get on or not; nothing, where there is nothing new to say."""
    if seen.note:
        return seen.note
    if reason == _PAUSED:
        return _RESUMED
    if complete({**seen.item, "status": after}):
        return _DONE
    if _moved(seen.item.get("status") or {}, after):
        return _MOVED
    return "" if reason in (_DONE, _LATE) or left > 0 else _LATE


def _moved(before: Object, after: Object) -> bool:
    def old(status: Object) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    more = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old(after) < old(before) or any(after.get(name, 0) > before.get(name, 0) for name in more)


def _since(current: Object, now: float) -> float:
    return seconds(current["lastUpdateTime"]) if "lastUpdateTime" in current else now


def _with(conditions: Sequence[Object], entry: Object, now: float) -> list[Object]:
    """Return conditions with one told; where Available says the same as before, its time of update stays too."""
    before = condition({"status": {"conditions": conditions}}, entry["type"])
    same = all(before.get(name) == value for name, value in entry.items())
    found = with_condition(conditions, entry, stamp(now))
    kept = same and entry["type"] == "Available"
    found[-1]["lastUpdateTime"] = before["lastUpdateTime"] if kept else stamp(now)
    return sorted(found, key=lambda each: ("Available", "Progressing").index(each["type"]))


def _sum(sets: Sequence[Object], count: str) -> int:
    return sum((found.get("status") or {}).get(count, 0) for found in sets)
