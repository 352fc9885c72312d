"""Deployments: a ReplicaSet a template, and a rollout from one to the next."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process.controllers import deployment_status, owning, pods
from apgms_ops.sandbox.kubernetes_process.controllers.controller import Controller, Key
from apgms_ops.sandbox.kubernetes_process.controllers.events import tell
from apgms_ops.sandbox.kubernetes_process.controllers.rollout import Bounds, new_size, old_sizes
from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.managed import STATUS
from apgms_ops.sandbox.kubernetes_process.store import Change

REVISION: Final = "deployment.kubernetes.io/revision"
_DESIRED: Final = "deployment.kubernetes.io/desired-replicas"
_MOST: Final = "deployment.kubernetes.io/max-replicas"
_HASH: Final = "pod-template-hash"
_NOT_COPIED: Final = (REVISION, _DESIRED, _MOST, "kubectl.kubernetes.io/last-applied-configuration")
_TELLER: Final = "deployment-controller"


class Deployments(Controller):
    """Rolls out."""

    name = "deployments"

    def concerns(self, change: Change) -> Iterable[Key]:
        """Return the Deployment that changed, whose ReplicaSet did, or one of whose pods is gone."""
        yield from owning.keys(change, "deployments", "Deployment", "replicasets")
        if change.plural == "pods" and change.type == "DELETED":
            owner, namespace = owning.controller_of(change.object), change.object["metadata"]["namespace"]
            found = self.store.get("replicasets", namespace, owner.get("name", ""))
            if found is not None and owning.controller_of(found):
                yield namespace, owning.controller_of(found)["name"]

    def sync(self, key: Key) -> float | None:
        """Take the rollout one step further, and tell how far it is."""
        item = self.store.get("deployments", *key)
        if item is None:
            return None
        sets = owning.owned(self.store, "replicasets", item)
        new = next((found for found in sets if _template(found) == item["spec"]["template"]), None)
        note = ""
        if not item["metadata"].get("deletionTimestamp"):
            if new is None and not item["spec"].get("paused"):
                new, note = self._made(item, sets), deployment_status.CREATED
            elif new is not None and not (item.get("status") or {}).get("conditions"):
                note = deployment_status.FOUND
            self._scale(item, new, [found for found in sets if new is None or _uid(found) != _uid(new)])
        sets = owning.owned(self.store, "replicasets", item)
        new = next((found for found in sets if new is not None and _uid(found) == _uid(new)), None)
        status, wait = deployment_status.of(deployment_status.Seen(item, new, sets, note, self.registry.clock()))
        annotations = dict(item["metadata"].get("annotations") or {})
        if new is not None:
            annotations[REVISION] = new["metadata"]["annotations"][REVISION]

        def told(old: Object) -> Object:
            return {**old, "metadata": {**old["metadata"], "annotations": annotations}, "status": status}

        changed = self.registry.update("deployments", *key, told, STATUS)
        if deployment_status.complete(changed):
            self._tidy(changed, [found for found in sets if new is None or _uid(found) != _uid(new)])
        return wait

    def _made(self, item: Object, sets: Sequence[Object]) -> Object:
        """Make the ReplicaSet of a template that has none; it has no pods yet."""
        namespace, name = owning.key(item)
        template = item["spec"]["template"]
        mark = pods.fingerprint(template)
        labels = {**(template["metadata"].get("labels") or {}), _HASH: mark}
        selector = item["spec"]["selector"]
        wanted: Object = {
            "metadata": {
                "name": f"{name}-{mark}",
                "labels": labels,
                "annotations": self._notes(item, _revision(sets) + 1),
                "ownerReferences": [owning.reference(item)],
            },
            "spec": {
                "replicas": 0,
                "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), _HASH: mark}},
                "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
                "minReadySeconds": item["spec"].get("minReadySeconds", 0),
            },
        }
        return self.registry.create("replicasets", namespace, wanted)

    def _notes(self, item: Object, revision: int) -> dict[str, str]:
        replicas = item["spec"]["replicas"]
        given = item["metadata"].get("annotations") or {}
        own = {name: text for name, text in given.items() if name not in _NOT_COPIED}
        return {**own, REVISION: str(revision), _DESIRED: str(replicas), _MOST: str(Bounds.of(item["spec"]).most)}

    def _scale(self, item: Object, new: Object | None, old: Sequence[Object]) -> None:
        if new is not None:
            new = self._renumbered(item, new, old)
        if item["spec"].get("paused"):
            serving = [found for found in (*old, *([new] if new else [])) if found["spec"]["replicas"]]
            if len(serving) == 1 or (new is not None and not serving):
                self._resize(item, serving[0] if serving else new, item["spec"]["replicas"])
            return
        if new is None:
            return
        if item["spec"]["strategy"]["type"] == "Recreate":
            self._recreate(item, new, old)
            return
        bounds = Bounds.of(item["spec"])
        total = sum(found["spec"]["replicas"] for found in (new, *old))
        if self._resize(item, new, new_size(bounds, new["spec"]["replicas"], total)):
            return
        named = {found["metadata"]["name"]: found for found in old}
        for name, size in old_sizes(bounds, new, old).items():
            self._resize(item, named[name], size)

    def _renumbered(self, item: Object, new: Object, old: Sequence[Object]) -> Object:
        """Return the new ReplicaSet with the highest revision: one that is rolled back to is the newest again."""
        revision = max(_revision([new]), _revision(old) + 1) if old else _revision([new])
        notes = {**(new["metadata"].get("annotations") or {}), **self._notes(item, revision)}

        def noted(found: Object) -> Object:
            return {**found, "metadata": {**found["metadata"], "annotations": notes}}

        return self.registry.update("replicasets", *owning.key(new), noted)

    def _recreate(self, item: Object, new: Object, old: Sequence[Object]) -> None:
        for found in old:
            self._resize(item, found, 0)
        left = [pod for found in old for pod in owning.owned(self.store, "pods", found)]
        if not any(pod["status"].get("phase") not in ("Succeeded", "Failed") for pod in left):
            self._resize(item, new, item["spec"]["replicas"])

    def _resize(self, item: Object, found: Object | None, size: int) -> bool:
        """Give a ReplicaSet another size; whether it is another one."""
        if found is None or found["spec"]["replicas"] == size:
            return False
        namespace, name = owning.key(found)
        now = found["spec"]["replicas"]
        self.registry.update(
            "replicasets", namespace, name, lambda old: {**old, "spec": {**old["spec"], "replicas": size}}
        )
        way = "up" if size > now else "down"
        message = f"Scaled {way} replica set {name} from {now} to {size}"
        tell(self.registry, item, "ScalingReplicaSet", message, component=_TELLER)
        return True

    def _tidy(self, item: Object, old: Sequence[Object]) -> None:
        """Remove the oldest ReplicaSets beyond the history that is kept."""
        idle = [found for found in old if not found["spec"]["replicas"] and not found["status"].get("replicas")]
        surplus = len(idle) - item["spec"]["revisionHistoryLimit"]
        for found in sorted(idle, key=lambda each: _revision([each]))[: max(0, surplus)]:
            self.registry.delete("replicasets", *owning.key(found))


def _uid(item: Object) -> str:
    return str(item["metadata"]["uid"])


def _template(replica_set: Object) -> dict[str, Any]:
    """Return the template as the Deployment has it."""
    template = replica_set["spec"]["template"]
    labels = {name: value for name, value in (template["metadata"].get("labels") or {}).items() if name != _HASH}
    return {**template, "metadata": {**template["metadata"], "labels": labels}}


def _revision(sets: Sequence[Object]) -> int:
    return max((int((found["metadata"].get("annotations") or {}).get(REVISION, 0)) for found in sets), default=0)
