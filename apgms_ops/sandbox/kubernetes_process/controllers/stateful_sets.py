"""StatefulSets: pods with numbers, made in order and replaced in reverse."""

from collections.abc import Iterable, Sequence
from typing import Final

from apgms_ops.sandbox.kubernetes_process.controllers import owning, pods
from apgms_ops.sandbox.kubernetes_process.controllers.controller import Controller, Key
from apgms_ops.sandbox.kubernetes_process.controllers.events import tell
from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.managed import STATUS
from apgms_ops.sandbox.kubernetes_process.store import Change

REVISION: Final = "controller-revision-hash"
_NAME: Final = "statefulset.kubernetes.io/pod-name"
_INDEX: Final = "apps.kubernetes.io/pod-index"
_TELLER: Final = "statefulset-controller"


class StatefulSets(Controller):
    """Makes the pods one after the other, each once the one before is ready, and replaces them from the last on."""

    name = "statefulsets"

    def concerns(self, change: Change) -> Iterable[Key]:
        """Return the StatefulSet that changed, or whose pod did."""
        return owning.keys(change, "statefulsets", "StatefulSet", "pods")

    def sync(self, key: Key) -> float | None:
        """Make, remove or replace one pod, or several where the order does not matter, and count."""
        item = self.store.get("statefulsets", *key)
        if item is None:
            return None
        revision = self._revision(item)
        current = (item.get("status") or {}).get("currentRevision") or revision
        if not item["metadata"].get("deletionTimestamp"):
            self._adjust(item, current, revision)
        return self._count(item, current, revision)

    def _revision(self, item: Object) -> str:
        """Return the name of the template's revision, which is kept: a pod of an older one may have to be made anew."""
        namespace, name = owning.key(item)
        template = item["spec"]["template"]
        revision = f"{name}-{pods.fingerprint(template)}"
        if self.store.get("controllerrevisions", namespace, revision) is None:
            known = owning.owned(self.store, "controllerrevisions", item)
            metadata = {
                "name": revision,
                "labels": {**(template["metadata"].get("labels") or {}), REVISION: revision},
                "ownerReferences": [owning.reference(item)],
            }
            number = max((found["revision"] for found in known), default=0) + 1
            wanted = {"metadata": metadata, "data": {"spec": {"template": template}}, "revision": number}
            self.registry.create("controllerrevisions", namespace, wanted)
        return revision

    def _adjust(self, item: Object, current: str, revision: str) -> None:
        found = self._found(item)
        ordered = item["spec"]["podManagementPolicy"] == "OrderedReady"
        wanted = item["spec"]["replicas"]
        for number in range(wanted):
            pod = found.get(number)
            if pod is not None and pod["status"].get("phase") in ("Succeeded", "Failed"):
                self.registry.delete("pods", *owning.key(pod))
                pod = None
            if pod is None:
                self._make(item, number, current if number < self._of_current(item) else revision)
            if ordered and (pod is None or not _healthy(pod)):
                return
        surplus = sorted((number for number in found if number >= wanted), reverse=True)
        for number in surplus:
            if not found[number]["metadata"].get("deletionTimestamp"):
                self._remove(item, found[number])
            if ordered:
                return
        if not surplus:
            self._replace(item, found, revision)

    def _replace(self, item: Object, found: dict[int, Object], revision: str) -> None:
        """Delete the last pod that is of another revision, once all behind it are of this one and ready."""
        strategy = item["spec"]["updateStrategy"]
        if strategy["type"] != "RollingUpdate":
            return
        first = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        for number in sorted(found, reverse=True):
            if number < first:
                return
            pod = found[number]
            if _revision(pod) != revision and not pod["metadata"].get("deletionTimestamp"):
                self._remove(item, pod)
                return
            if not _healthy(pod):
                return

    def _of_current(self, item: Object) -> int:
        """Return the number from which on pods are made from the new template."""
        rolling = item["spec"]["updateStrategy"].get("rollingUpdate") or {}
        partition = int(rolling.get("partition", 0))
        return partition or int((item.get("status") or {}).get("currentReplicas", 0))

    def _make(self, item: Object, number: int, revision: str) -> None:
        namespace, name = owning.key(item)
        kept = self.store.get("controllerrevisions", namespace, revision)
        template = kept["data"]["spec"]["template"] if kept else item["spec"]["template"]
        own = f"{name}-{number}"
        labels = {REVISION: revision, _NAME: own, _INDEX: str(number)}
        pod = pods.made(item, template, name=own, labels=labels)
        if self.store.get("pods", namespace, own) is None:
            spec = {**pod["spec"], "hostname": own, "subdomain": item["spec"].get("serviceName", "")}
            self.registry.create("pods", namespace, {**pod, "spec": spec})
            message = f"create Pod {own} in StatefulSet {name} successful"
            tell(self.registry, item, "SuccessfulCreate", message, component=_TELLER)

    def _remove(self, item: Object, pod: Object) -> None:
        self.registry.delete("pods", *owning.key(pod))
        message = f"delete Pod {pod['metadata']['name']} in StatefulSet {item['metadata']['name']} successful"
        tell(self.registry, item, "SuccessfulDelete", message, component=_TELLER)

    def _found(self, item: Object) -> dict[int, Object]:
        owned = owning.owned(self.store, "pods", item)
        numbered = ((pod["metadata"]["name"].rpartition("-")[2], pod) for pod in owned)
        return {int(number): pod for number, pod in numbered if number.isdecimal()}

    def _count(self, item: Object, current: str, revision: str) -> float | None:
        found: Sequence[Object] = list(self._found(item).values())
        least, now = item["spec"].get("minReadySeconds", 0), self.registry.clock()
        waits = [wait for pod in found if (wait := pods.available_in(pod, least, now)) is not None]
        there = [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]
        updated = sum(_revision(pod) == revision for pod in there)
        of_current = sum(_revision(pod) == current for pod in there)
        rolling = item["spec"]["updateStrategy"]["type"] == "RollingUpdate"
        if rolling and updated == len(found) and len(waits) == len(found):
            current, of_current = revision, updated
        counts = {"readyReplicas": len(waits), "currentReplicas": of_current, "updatedReplicas": updated}
        status = {
            "observedGeneration": item["metadata"]["generation"],
            "replicas": len(found),
            "availableReplicas": sum(wait == 0 for wait in waits),
            **{name: count for name, count in counts.items() if count},
            "currentRevision": current,
            "updateRevision": revision,
            "collisionCount": 0,
        }
        self.registry.update("statefulsets", *owning.key(item), lambda old: {**old, "status": status}, STATUS)
        return min((wait for wait in waits if wait), default=None)


def _healthy(pod: Object) -> bool:
    return pods.ready(pod) and not pod["metadata"].get("deletionTimestamp")


def _revision(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION, ""))
