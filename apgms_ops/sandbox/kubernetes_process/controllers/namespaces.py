"""Namespaces: each has the service account `default`, and one that is being deleted is emptied first."""

from collections.abc import Iterable

from apgms_ops.sandbox.kubernetes_process.controllers import owning
from apgms_ops.sandbox.kubernetes_process.controllers.controller import Controller, Key
from apgms_ops.sandbox.kubernetes_process.store import Change


class Namespaces(Controller):
    """Makes the service account; empties and removes what is being deleted."""

    name = "namespaces"

    def concerns(self, change: Change) -> Iterable[Key]:
        """Return the namespace that changed, and that of what was removed."""
        if change.plural == "namespaces":
            yield "", change.object["metadata"]["name"]
        elif change.type == "DELETED" and change.object["metadata"].get("namespace"):
            yield "", change.object["metadata"]["namespace"]

    def sync(self, key: Key) -> float | None:
        """Make the account or, one step after the other, an end."""
        item, name = self.store.get("namespaces", *key), key[1]
        if item is None:
            return None
        if not item["metadata"].get("deletionTimestamp"):
            if not self.store.get("serviceaccounts", name, "default"):
                self.registry.create("serviceaccounts", name, {"metadata": {"name": "default"}})
            return None
        inside = [(plural, found) for plural, found in self.store.every() if found["metadata"].get("namespace") == name]
        if not inside:
            self.store.remove("namespaces", item)
        for plural, found in inside:
            if not found["metadata"].get("deletionTimestamp"):
                self.registry.delete(plural, *owning.key(found))
        return None
