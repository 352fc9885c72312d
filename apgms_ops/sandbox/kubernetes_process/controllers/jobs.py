"""Jobs: pods that are to end well so many times, or have failed too often."""

from collections.abc import Iterable, Sequence
from typing import Final

from apgms_ops.sandbox.kubernetes_process.clock import seconds, stamp
from apgms_ops.sandbox.kubernetes_process.conditions import is_true, told, with_condition
from apgms_ops.sandbox.kubernetes_process.controllers import owning, pods
from apgms_ops.sandbox.kubernetes_process.controllers.controller import Controller, Key
from apgms_ops.sandbox.kubernetes_process.controllers.events import tell
from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.managed import STATUS
from apgms_ops.sandbox.kubernetes_process.store import Change

_TELLER: Final = "job-controller"
_BACKOFF: Final = 10.0
_LONGEST: Final = 360.0
"""Seconds before a failed pod is followed by another: doubled with each, up to this many."""


class Jobs(Controller):
    """Runs Jobs to their end."""

    name = "jobs"

    def concerns(self, change: Change) -> Iterable[Key]:
        """Return the Job that changed, or whose pod did."""
        return owning.keys(change, "jobs", "Job", "pods")

    def sync(self, key: Key) -> float | None:
        """Make or remove pods, and judge how far the Job is."""
        item = self.store.get("jobs", *key)
        if item is None or item["metadata"].get("deletionTimestamp"):
            return None
        if is_true(item, "Complete") or is_true(item, "Failed"):
            return self._outlived(item)
        found = owning.owned(self.store, "pods", item)
        wait = self._adjust(item, found, _ended(item, found, self.registry.clock()))
        found = owning.owned(self.store, "pods", item)
        self._tell(item, found, _ended(item, found, self.registry.clock()))
        return wait

    def _outlived(self, item: Object) -> float | None:
        """Remove a Job that ended so long ago as it says itself."""
        kept = item["spec"].get("ttlSecondsAfterFinished")
        if kept is None:
            return None
        ends = [entry["lastTransitionTime"] for entry in item["status"]["conditions"] if entry["status"] == "True"]
        left = max(map(seconds, ends)) + kept - self.registry.clock()
        if left > 0:
            return float(left)
        self.registry.delete("jobs", *owning.key(item))
        return None

    def _adjust(self, item: Object, found: Sequence[Object], ended: Object | None) -> float | None:
        spec, (namespace, name) = item["spec"], owning.key(item)
        active = [pod for pod in found if pods.active(pod)]
        done, failed = _count(found, "Succeeded"), _count(found, "Failed")
        wanted = 0 if ended or spec["suspend"] else min(spec["parallelism"], _left(spec, done))
        for pod in active[wanted:] if len(active) > wanted else ():
            self.registry.delete("pods", *owning.key(pod))
            message = f"Deleted pod: {pod['metadata']['name']}"
            tell(self.registry, item, "SuccessfulDelete", message, component=_TELLER)
        wait = self._backoff(found, failed)
        if wait > 0 and len(active) < wanted:
            return wait
        for _ in range(wanted - len(active)):
            pod = pods.made(item, spec["template"], generateName=f"{name}-")
            made = self.registry.create("pods", namespace, pod)
            message = f"Created pod: {made['metadata']['name']}"
            tell(self.registry, item, "SuccessfulCreate", message, component=_TELLER)
        deadline, since = spec.get("activeDeadlineSeconds"), (item.get("status") or {}).get("startTime")
        return seconds(since) + deadline - self.registry.clock() if deadline and since and not ended else None

    def _backoff(self, found: Sequence[Object], failed: int) -> float:
        if not failed:
            return 0.0
        last = max(_finished(pod) for pod in found if pod["status"].get("phase") == "Failed")
        return last + min(_BACKOFF * 2.0 ** (failed - 1), _LONGEST) - self.registry.clock()

    def _tell(self, item: Object, found: Sequence[Object], ended: Object | None) -> None:
        now, before = stamp(self.registry.clock()), item.get("status") or {}
        active = [pod for pod in found if pods.active(pod)]
        counts = {
            "active": len(active),
            "succeeded": _count(found, "Succeeded"),
            "failed": _count(found, "Failed"),
        }
        conditions = before.get("conditions") or []
        status: Object = {name: count for name, count in counts.items() if count}
        status |= {"ready": sum(map(pods.ready, active)), "terminating": 0, "uncountedTerminatedPods": {}}
        suspended = item["spec"]["suspend"]
        was = is_true(item, "Suspended")
        if suspended and not was:
            conditions = with_condition(conditions, told("Suspended", "True", "JobSuspended", "Job suspended"), now)
        elif was and not suspended:
            conditions = with_condition(conditions, told("Suspended", "False", "JobResumed", "Job resumed"), now)
        if not suspended:
            status["startTime"] = before.get("startTime", now)
        if ended is not None and not active:
            conditions = with_condition(conditions, ended, now)
            if ended["type"] == "Complete":
                status["completionTime"] = now
                tell(self.registry, item, "Completed", "Job completed", component=_TELLER)
            else:
                tell(self.registry, item, ended["reason"], ended["message"], component=_TELLER, kind="Warning")
        if conditions:
            status["conditions"] = conditions
        self.registry.update("jobs", *owning.key(item), lambda old: {**old, "status": status}, STATUS)


def _ended(item: Object, found: Sequence[Object], now: float) -> Object | None:
    """Return the condition of a Job that has come to its end."""
    spec, since = item["spec"], (item.get("status") or {}).get("startTime")
    done, failed = _count(found, "Succeeded"), _count(found, "Failed")
    if failed > spec["backoffLimit"]:
        return told("Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    if spec.get("activeDeadlineSeconds") and since and seconds(since) + spec["activeDeadlineSeconds"] <= now:
        return told("Failed", "True", "DeadlineExceeded", "Job was active longer than specified deadline")
    if _left(spec, done) == 0 and not spec["suspend"] and not any(map(pods.active, found)):
        return told("Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods")
    return None


def _left(spec: Object, done: int) -> int:
    """Return how many pods must still end well; without a number of completions one is enough, and all then end."""
    if "completions" in spec:
        return max(0, int(spec["completions"]) - done)
    return 0 if done else int(spec["parallelism"])


def _count(found: Sequence[Object], phase: str) -> int:
    return sum(pod["status"].get("phase") == phase for pod in found)


def _finished(pod: Object) -> float:
    states = [entry.get("state") or {} for entry in pod["status"].get("containerStatuses") or ()]
    times = [state["terminated"]["finishedAt"] for state in states if (state.get("terminated") or {}).get("finishedAt")]
    return max(map(seconds, times or [pod["metadata"]["creationTimestamp"]]))
