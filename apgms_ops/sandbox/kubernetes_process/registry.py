"""The rules of writing: names, uids, generations, the status apart, conflicts, and deletions that take their time."""

import copy
import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process import defaults, validation
from apgms_ops.sandbox.kubernetes_process.clock import stamp
from apgms_ops.sandbox.kubernetes_process.kinds import OF, Object, Resource
from apgms_ops.sandbox.kubernetes_process.managed import Writer, written
from apgms_ops.sandbox.kubernetes_process.status import (
    FORBIDDEN,
    Refused,
    bad_request,
    conflict,
    exists,
    invalid,
    not_found,
)
from apgms_ops.sandbox.kubernetes_process.store import Store

_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
"""What generated names end in: no vowels, so that they spell nothing."""
_GIVEN: Final = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
)
"""Metadata that only the server writes."""
_KEPT: Final = ("default", "kube-public", "kube-system")
"""Namespaces that nobody deletes."""
_OWN: Final = Writer()
_POLICIES: Final = ("Background", "Orphan")


class Registry:
    """Writes objects as an API server does; whoever writes, client or controller, does it here."""

    def __init__(self, store: Store, clock: Callable[[], float], chance: random.Random) -> None:
        """Take where objects are stored, what tells the time, and what generated names are made of."""
        self.store = store
        self.clock = clock
        self._chance = chance

    def suffix(self) -> str:
        """Return five letters for a generated name."""
        return "".join(self._chance.choices(_LETTERS, k=5))

    def create(
        self, plural: str, namespace: str, wanted: Object, writer: Writer = _OWN, *, dry_run: bool = False
    ) -> Object:
        """Store a new object.

        Raises:
            Refused: It is there already, is no object of that kind, or its namespace is not there or is ending.
        """
        resource = OF[plural]
        with self.store.lock:
            item = self._whole(resource, namespace, wanted)
            self._require_namespace(resource, namespace)
            metadata = item["metadata"]
            if metadata.pop("resourceVersion", ""):
                msg = "resourceVersion should not be set on objects to be created"
                raise bad_request(msg)
            for name in _GIVEN:
                metadata.pop(name, None)
            if not metadata.get("name") and metadata.get("generateName"):
                metadata["name"] = f"{metadata['generateName']}{self.suffix()}"
            if not isinstance(metadata.get("name"), str) or not metadata["name"]:
                raise invalid(resource, "", [("metadata.name", "Required value: name or generateName is required")])
            if self.store.get(plural, namespace, metadata["name"]) is not None:
                raise exists(resource, metadata["name"])
            metadata |= {"uid": self._uid(), "creationTimestamp": stamp(self.clock())}
            if resource.generation:
                metadata["generation"] = 1
            if "status" in resource.subresources and plural != "nodes":
                item["status"] = {}
            defaults.fill(plural, item)
            self._require_valid(resource, item, validation.created(plural, item))
            metadata["managedFields"] = written(None, item, writer, metadata["creationTimestamp"])
            return item if dry_run else self.store.write(plural, item)

    def update(  # noqa: PLR0913 — what, where, and how
        self,
        plural: str,
        namespace: str,
        name: str,
        change: Callable[[Object], Object],
        writer: Writer = _OWN,
        *,
        dry_run: bool = False,
    ) -> Object:
        """Store what `change` makes of an object (to a writer of its status, of that alone), unless it is the same.

        Raises:
            Refused: There is no such object, it is another one by now, or what it becomes is no object of that kind.
        """
        resource = OF[plural]
        with self.store.lock:
            before = self.store.get(plural, namespace, name)
            if before is None:
                raise not_found(resource, name)
            item = self._whole(resource, namespace, change(before))
            self._require_same(resource, before, item)
            if writer.subresource == "status":
                item = self._with_status(before, item)
            else:
                self._keep(resource, before, item)
                defaults.fill(plural, item)
                self._require_valid(resource, item, validation.changed(plural, before, item))
                self._count(resource, before, item)
            metadata = item["metadata"]
            metadata["resourceVersion"] = before["metadata"]["resourceVersion"]
            if "managedFields" in before["metadata"]:
                metadata["managedFields"] = before["metadata"]["managedFields"]
            if item == before or dry_run:
                return item if dry_run else before
            metadata["managedFields"] = written(before, item, writer, stamp(self.clock()))
            if item["metadata"].get("deletionTimestamp") and not self._held(plural, item):
                return self.store.remove(plural, item)
            return self.store.write(plural, item)

    def delete(
        self, plural: str, namespace: str, name: str, options: Mapping[str, Any] | None = None, *, dry_run: bool = False
    ) -> tuple[Object, bool]:
        """Delete an object; a pod that runs gets its grace first. Return it, and whether it is gone.

        Raises:
            Refused: There is no such object, it is not the one meant, or the deletion is of a kind not served here.
        """
        resource, options = OF[plural], options or {}
        if (
            options.get("propagationPolicy", "Background") not in _POLICIES
            or options.get("orphanDependents") is not None
        ):
            msg = f"deletion with {dict(options)} is not served here: propagationPolicy may be {' or '.join(_POLICIES)}"
            raise bad_request(msg)
        with self.store.lock:
            item = self.store.get(plural, namespace, name)
            if item is None:
                raise not_found(resource, name)
            self._require_meant(resource, item, options.get("preconditions") or {})
            if dry_run:
                return item, True
            if plural == "namespaces":
                return self._end_namespace(item), False
            if options.get("propagationPolicy") == "Orphan":
                self._orphan(item)
            grace = self._grace(plural, item, options.get("gracePeriodSeconds"))
            if grace == 0 and not item["metadata"].get("finalizers"):
                return self.store.remove(plural, item), True
            metadata = item["metadata"]
            if metadata.get("deletionTimestamp") and grace >= metadata.get("deletionGracePeriodSeconds", 0):
                return item, False  # it is being deleted, and not more slowly than asked for now
            ending = {"deletionTimestamp": stamp(self.clock() + grace), "deletionGracePeriodSeconds": grace}
            if resource.generation:
                ending["generation"] = metadata.get("generation", 0) + 1
            return self.store.write(plural, {**item, "metadata": {**metadata, **ending}}), False

    def _end_namespace(self, item: Object) -> Object:
        """Mark a namespace: nothing more is made in it, and a controller empties and removes it."""
        metadata, name = item["metadata"], item["metadata"]["name"]
        if name in _KEPT:
            message = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
            raise Refused(FORBIDDEN, message, details={"name": name, "kind": "namespaces"})
        if metadata.get("deletionTimestamp"):
            return item
        ended = {**metadata, "deletionTimestamp": stamp(self.clock())}
        return self.store.write("namespaces", {**item, "metadata": ended, "status": {"phase": "Terminating"}})

    def _grace(self, plural: str, item: Object, asked: object) -> int:
        if plural != "pods" or not item["spec"].get("nodeName"):
            return 0
        if item["status"].get("phase") in ("Succeeded", "Failed"):
            return 0
        return int(item["spec"]["terminationGracePeriodSeconds"] if asked is None else str(asked))

    def _held(self, plural: str, item: Object) -> bool:
        """Whether something still keeps an object that is being deleted: a finalizer, or a pod's node."""
        pod = plural == "pods" and item["metadata"].get("deletionGracePeriodSeconds", 0) > 0
        return bool(item["metadata"].get("finalizers")) or pod

    def _orphan(self, owner: Object) -> None:
        uid = owner["metadata"]["uid"]
        for plural, item in self.store.every():
            references = item["metadata"].get("ownerReferences") or []
            left = [reference for reference in references if reference["uid"] != uid]
            if len(left) != len(references):
                self.store.write(plural, {**item, "metadata": {**item["metadata"], "ownerReferences": left}})

    def _whole(self, resource: Resource, namespace: str, wanted: Object) -> Object:
        """Return a copy with kind, version and namespace."""
        if not isinstance(wanted.get("metadata", {}), dict) or not isinstance(wanted.get("spec", {}), dict):
            msg = f'{resource.kind} in version "{resource.version}" cannot be handled: metadata and spec are objects'
            raise bad_request(msg)
        for field, value in (("kind", resource.kind), ("apiVersion", resource.api_version)):
            if wanted.get(field, value) != value:
                msg = f"{field} in the body is {wanted[field]}, and {value} is what is served here"
                raise bad_request(msg)
        item: Object = {"kind": resource.kind, "apiVersion": resource.api_version}
        item |= copy.deepcopy({name: value for name, value in wanted.items() if value is not None})
        metadata = item.setdefault("metadata", {})
        metadata.pop("managedFields", None)
        if metadata.get("namespace", namespace) != namespace:
            msg = (
                "the namespace of the provided object does not match the namespace sent on the request"
                f" ({metadata['namespace']} and {namespace})"
            )
            raise bad_request(msg)
        if resource.namespaced:
            metadata["namespace"] = namespace
        if resource.subresources or resource.generation:
            item.setdefault("spec", {})
        return item

    def _with_status(self, before: Object, item: Object) -> Object:
        """Return the object with another status; its annotations change with it, as the real one lets them."""
        metadata = dict(before["metadata"])
        if "annotations" in item["metadata"]:
            metadata["annotations"] = item["metadata"]["annotations"]
        return {**before, "metadata": metadata, "status": item.get("status", {})}

    def _keep(self, resource: Resource, before: Object, item: Object) -> None:
        """Keep what a writer of the main resource cannot change."""
        for name in _GIVEN:
            item["metadata"].pop(name, None)
            if name in before["metadata"]:
                item["metadata"][name] = before["metadata"][name]
        if "status" in resource.subresources:
            item.pop("status", None)
            if "status" in before:
                item["status"] = before["status"]

    def _count(self, resource: Resource, before: Object, item: Object) -> None:
        """Count the generation up: for another spec, and for a Deployment's other annotations."""
        notes = resource.plural == "deployments" and before["metadata"].get("annotations") != item["metadata"].get(
            "annotations"
        )
        if resource.generation and (before["spec"] != item["spec"] or notes):
            item["metadata"]["generation"] = before["metadata"].get("generation", 0) + 1

    def _require_namespace(self, resource: Resource, namespace: str) -> None:
        if not resource.namespaced:
            return
        found = self.store.get("namespaces", "", namespace)
        if found is None:
            raise not_found(OF["namespaces"], namespace)
        if found["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise Refused(FORBIDDEN, f"{resource.qualified} is forbidden: {why}", details={"kind": resource.plural})

    def _require_same(self, resource: Resource, before: Object, item: Object) -> None:
        old, new = before["metadata"], item["metadata"]
        if new.get("name", old["name"]) != old["name"]:
            msg = f"the name of the object ({new['name']}) does not match the name on the URL ({old['name']})"
            raise bad_request(msg)
        if new.get("uid", old["uid"]) != old["uid"]:
            why = f"Precondition failed: UID in precondition: {new['uid']}, UID in object meta: {old['uid']}"
            raise conflict(resource, old["name"], why)
        if new.get("resourceVersion", old["resourceVersion"]) not in ("", old["resourceVersion"]):
            raise conflict(resource, old["name"])
        new["name"] = old["name"]

    def _require_meant(self, resource: Resource, item: Object, preconditions: Mapping[str, Any]) -> None:
        for field, shown in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
            wanted, found = preconditions.get(field), item["metadata"][field]
            if wanted is not None and wanted != found:
                why = f"Precondition failed: {shown} in precondition: {wanted}, {shown} in object meta: {found}"
                raise conflict(resource, item["metadata"]["name"], why)

    def _require_valid(self, resource: Resource, item: Object, causes: list[validation.Cause]) -> None:
        if causes:
            raise invalid(resource, item["metadata"]["name"], causes)

    def _uid(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
