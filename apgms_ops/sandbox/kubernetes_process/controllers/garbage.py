"""What nobody needs any more: objects whose owners are gone, and events of an hour ago."""

from collections.abc import Iterable
from typing import Final

from apgms_ops.sandbox.kubernetes_process.clock import seconds
from apgms_ops.sandbox.kubernetes_process.controllers import owning
from apgms_ops.sandbox.kubernetes_process.controllers.controller import Controller, Key
from apgms_ops.sandbox.kubernetes_process.kinds import Object, of_object
from apgms_ops.sandbox.kubernetes_process.managed import last_written
from apgms_ops.sandbox.kubernetes_process.status import Refused
from apgms_ops.sandbox.kubernetes_process.store import Change

_EVENTS: Final = 3600.0
"""Seconds that an event is kept after it was written last, whatever time it tells of."""


class Garbage(Controller):
    """Removes dependents; a key is the kind's plural, and namespace and name as one."""

    name = "garbage"

    def concerns(self, change: Change) -> Iterable[Key]:
        """Return what has owners and is new, and what a removed object owned."""
        if change.type == "DELETED":
            uid = change.object["metadata"]["uid"]
            for plural, item in self.store.every():
                if any(reference["uid"] == uid for reference in _references(item)):
                    yield _key(plural, item)
        elif change.type == "ADDED" and (change.plural == "events" or _references(change.object)):
            yield _key(change.plural, change.object)

    def sync(self, key: Key) -> float | None:
        """Remove an object all of whose owners are gone, or an event that is old."""
        plural, (namespace, _, name) = key[0], key[1].partition("/")
        item = self.store.get(plural, namespace, name)
        if item is None:
            return None
        if plural == "events":
            left = seconds(last_written(item)) + _EVENTS - self.registry.clock()
            if left > 0:
                return left
            self.registry.delete(plural, namespace, name)
            return None
        references = _references(item)
        if references and not any(self._there(reference, namespace) for reference in references):
            try:
                self.registry.delete(plural, namespace, name)
            except Refused:  # a namespace that names an owner: nothing here deletes those
                return None
        return None

    def _there(self, reference: Object, namespace: str) -> bool:
        resource = of_object(reference["apiVersion"], reference["kind"])
        if resource is None:
            return True  # of a kind that is not known here: it may be anywhere
        owner = self.store.get(resource.plural, namespace if resource.namespaced else "", reference["name"])
        return owner is not None and owner["metadata"]["uid"] == reference["uid"]


def _references(item: Object) -> list[Object]:
    return item["metadata"].get("ownerReferences") or []


def _key(plural: str, item: Object) -> Key:
    namespace, name = owning.key(item)
    return plural, f"{namespace}/{name}"
