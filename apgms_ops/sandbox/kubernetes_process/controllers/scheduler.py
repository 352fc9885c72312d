"""The scheduler: a pod that has no node gets one that is ready and takes it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process.binding import bind
from apgms_ops.sandbox.kubernetes_process.clock import stamp
from apgms_ops.sandbox.kubernetes_process.conditions import condition, is_true, told, with_condition
from apgms_ops.sandbox.kubernetes_process.controllers import owning
from apgms_ops.sandbox.kubernetes_process.controllers.controller import Controller, Key
from apgms_ops.sandbox.kubernetes_process.controllers.events import tell
from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.store import Change

_OWN: Final = "default-scheduler"
_KEEPS_OFF: Final = ("NoSchedule", "NoExecute")


class Scheduler(Controller):
    """Chooses the ready node that has the fewest pods, by name among equals."""

    name = "scheduler"

    def concerns(self, change: Change) -> Iterable[Key]:
        """Return the pod that changed and, where a node did, every pod without one."""
        if change.plural == "pods":
            if not change.object["spec"].get("nodeName"):
                yield owning.key(change.object)
        elif change.plural == "nodes":
            yield from (owning.key(pod) for pod in self.store.items("pods") if not pod["spec"].get("nodeName"))

    def sync(self, key: Key) -> float | None:
        """Give the pod a node, or say why it gets none."""
        pod = self.store.get("pods", *key)
        if pod is None or pod["spec"].get("nodeName") or pod["metadata"].get("deletionTimestamp"):
            return None
        if pod["spec"].get("schedulerName") != _OWN or pod["spec"].get("schedulingGates"):
            return None
        nodes = self.store.items("nodes")
        whys = {node["metadata"]["name"]: _unfit(node, pod) for node in nodes}
        fit = [name for name, why in whys.items() if not why]
        if fit:
            chosen = fit[0] if len(fit) == 1 else self._emptiest(fit)
            bound = bind(self.registry, *key, chosen)
            message = f"Successfully assigned {key[0]}/{key[1]} to {chosen}"
            tell(self.registry, bound, "Scheduled", message, component=_OWN)
            return None
        reasons = ", ".join(f"{list(whys.values()).count(why)} node(s) {why}" for why in sorted(set(whys.values())))
        message = f"0/{len(nodes)} nodes are available: {reasons or 'no nodes available to schedule pods'}."
        if condition(pod, "PodScheduled").get("message") != message:
            self._refuse(pod, message)
        return None

    def _emptiest(self, names: Sequence[str]) -> str:
        taken = [found["spec"].get("nodeName") for found in self.store.items("pods")]
        return min(names, key=lambda name: (taken.count(name), name))

    def _refuse(self, pod: Object, message: str) -> None:
        now = stamp(self.registry.clock())
        found = pod["status"].get("conditions") or []
        conditions = with_condition(found, told("PodScheduled", "False", "Unschedulable", message), now)
        self.store.write("pods", {**pod, "status": {**pod["status"], "conditions": conditions}})
        tell(self.registry, pod, "FailedScheduling", message, component=_OWN, kind="Warning")


def _unfit(node: Object, pod: Object) -> str:
    """Return why a node does not take a pod; nothing, where it does."""
    spec = node.get("spec") or {}
    if spec.get("unschedulable"):
        return "were unschedulable"
    if not is_true(node, "Ready"):
        return "were not ready"
    wanted, labels = pod["spec"].get("nodeSelector") or {}, node["metadata"].get("labels") or {}
    if any(labels.get(name) != value for name, value in wanted.items()):
        return "didn't match Pod's node affinity/selector"
    if pod["spec"].get("affinity"):
        return "cannot be judged by affinity, which the stand-in does not know"
    taints = [taint for taint in spec.get("taints") or () if taint.get("effect") in _KEEPS_OFF]
    if any(not _tolerated(taint, pod["spec"].get("tolerations") or ()) for taint in taints):
        return "had untolerated taint(s)"
    return ""


def _tolerated(taint: Mapping[str, Any], tolerations: Iterable[Mapping[str, Any]]) -> bool:
    return any(
        toleration.get("key", taint["key"]) == taint["key"]
        and toleration.get("effect", taint["effect"]) == taint["effect"]
        and (toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", ""))
        for toleration in tolerations
    )
