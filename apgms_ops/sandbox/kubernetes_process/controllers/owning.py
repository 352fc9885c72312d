"""Owners: which object made which, as `ownerReferences` says."""

from collections.abc import Iterator

from apgms_ops.sandbox.kubernetes_process.controllers.controller import Key
from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.store import Change, Store


def reference(owner: Object) -> Object:
    """Return the reference by which an object says that another one controls it."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(item: Object) -> Object:
    """Return the reference to what controls an object, an empty one where nothing does."""
    references = item["metadata"].get("ownerReferences") or []
    return next((found for found in references if found.get("controller")), {})


def owned(store: Store, plural: str, owner: Object) -> list[Object]:
    """Return the objects of a kind that an object controls, the oldest first."""
    uid = owner["metadata"]["uid"]
    found = [
        item for item in store.items(plural, owner["metadata"]["namespace"]) if controller_of(item).get("uid") == uid
    ]
    return sorted(found, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]))


def key(item: Object) -> Key:
    """Return namespace and name."""
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def keys(change: Change, plural: str, kind: str, *dependents: str) -> Iterator[Key]:
    """Yield the key of a changed object of a kind, or of the object of that kind that controls a changed dependent."""
    if change.plural == plural:
        yield key(change.object)
    elif change.plural in dependents:
        owner = controller_of(change.object)
        if owner.get("kind") == kind:
            yield change.object["metadata"].get("namespace", ""), owner["name"]
