"""ReplicaSets: so many pods of one template."""

from collections.abc import Iterable
from typing import Final

from apgms_ops.sandbox.kubernetes_process import selectors
from apgms_ops.sandbox.kubernetes_process.controllers import owning, pods
from apgms_ops.sandbox.kubernetes_process.controllers.controller import Controller, Key
from apgms_ops.sandbox.kubernetes_process.controllers.events import tell
from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.managed import STATUS
from apgms_ops.sandbox.kubernetes_process.store import Change

_TELLER: Final = "replicaset-controller"


class ReplicaSets(Controller):
    """Makes and removes pods until there are as many as wanted."""

    name = "replicasets"

    def concerns(self, change: Change) -> Iterable[Key]:
        """Return the ReplicaSet that changed, or whose pod did."""
        return owning.keys(change, "replicasets", "ReplicaSet", "pods")

    def sync(self, key: Key) -> float | None:
        """Make or remove what there are too few or too many of, and count."""
        item = self.store.get("replicasets", *key)
        if item is None:
            return None
        found = [pod for pod in owning.owned(self.store, "pods", item) if pods.active(pod)]
        if not item["metadata"].get("deletionTimestamp"):
            self._adjust(item, found)
            found = [pod for pod in owning.owned(self.store, "pods", item) if pods.active(pod)]
        return self._count(item, found)

    def _adjust(self, item: Object, found: list[Object]) -> None:
        namespace, name = owning.key(item)
        for _ in range(item["spec"]["replicas"] - len(found)):
            wanted = pods.made(item, item["spec"]["template"], generateName=f"{name}-")
            pod = self.registry.create("pods", namespace, wanted)
            tell(self.registry, item, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}", component=_TELLER)
        surplus = len(found) - item["spec"]["replicas"]
        for pod in sorted(found, key=_worth)[: max(0, surplus)]:
            self.registry.delete("pods", namespace, pod["metadata"]["name"])
            tell(self.registry, item, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}", component=_TELLER)

    def _count(self, item: Object, found: list[Object]) -> float | None:
        least, now = item["spec"].get("minReadySeconds", 0), self.registry.clock()
        waits = [wait for pod in found if (wait := pods.available_in(pod, least, now)) is not None]
        template = selectors.of_object({"matchLabels": item["spec"]["template"]["metadata"].get("labels") or {}})
        counts = {
            "fullyLabeledReplicas": sum(selectors.selected(template, pod) for pod in found),
            "readyReplicas": len(waits),
            "availableReplicas": sum(wait == 0 for wait in waits),
        }
        status = {
            "replicas": len(found),
            **{name: count for name, count in counts.items() if count},
            "observedGeneration": item["metadata"]["generation"],
        }
        self.registry.update("replicasets", *owning.key(item), lambda old: {**old, "status": status}, STATUS)
        return min((wait for wait in waits if wait), default=None)


def _worth(pod: Object) -> tuple[bool, bool, bool, str, str]:
    """Return what pods are removed by, the least worth first: without a node, not running, not ready, the youngest."""
    metadata = pod["metadata"]
    age = "".join(chr(0x10FFFF - ord(letter)) for letter in metadata["creationTimestamp"])
    running = pod["status"].get("phase") == "Running"
    return bool(pod["spec"].get("nodeName")), running, pods.ready(pod), age, metadata["name"]
