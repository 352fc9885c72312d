"""The `managedFields` of metadata: who wrote which fields last, and when. Kept two levels deep, never consulted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process.clock import seconds, stamp
from apgms_ops.sandbox.kubernetes_process.kinds import Object

CONTROLLERS: Final = "kube-controller-manager"
"""As whom the controllers write."""
_TOP: Final = ("kind", "apiVersion")
_GIVEN: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "uid",
)
"""Metadata that nobody manages."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, and to what."""

    name: str = CONTROLLERS
    subresource: str = ""


STATUS: Final = Writer(subresource="status")
"""As whom the controllers write a status."""


def written(before: Object | None, after: Object, writer: Writer, now: str) -> list[Object]:
    """Return the entries of an object that was written: the writer's has what changed, the others lose it."""
    changed = _changed(before or {}, after)
    found: list[Object] = []
    own: dict[str, Any] = {}
    for entry in (before or {}).get("metadata", {}).get("managedFields") or []:
        if (entry["manager"], entry.get("subresource", "")) == (writer.name, writer.subresource):
            own = entry["fieldsV1"]
        else:
            left = _without(entry["fieldsV1"], changed)
            if left:
                found.append({**entry, "fieldsV1": left})
    fields = {top: {**own.get(top, {}), **changed.get(top, {})} for top in {**own, **changed}}
    subresource = {"subresource": writer.subresource} if writer.subresource else {}
    found.append(
        {
            "manager": writer.name,
            "operation": "Update",
            "apiVersion": after["apiVersion"],
            "time": now,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
            **subresource,
        }
    )
    return found


def last_written(item: Object) -> str:
    """Return when an object was written last, or else made."""
    metadata = item["metadata"]
    return max(
        (str(entry["time"]) for entry in metadata.get("managedFields") or ()),
        default=str(metadata["creationTimestamp"]),
    )


def dated_back(item: Object, age: float) -> Object:
    """Return an object of which everything was written that many seconds earlier than it was."""
    entries = [
        {**entry, "time": stamp(seconds(str(entry["time"])) - age)}
        for entry in item["metadata"].get("managedFields") or ()
    ]
    return {**item, "metadata": {**item["metadata"], "managedFields": entries}}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    changed: dict[str, dict[str, Any]] = {}
    for top, value in after.items():
        old = before.get(top)
        if top in _TOP or value == old:
            continue
        if not isinstance(value, dict):
            changed[f"f:{top}"] = {}
            continue
        known = old if isinstance(old, dict) else {}
        inner: dict[str, Any] = {
            f"f:{name}": {}
            for name, part in value.items()
            if part != known.get(name) and not (top == "metadata" and name in _GIVEN)
        }
        if inner:
            changed[f"f:{top}"] = inner
    return changed


def _without(fields: Mapping[str, Any], taken: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    left: dict[str, Any] = {}
    for top, inner in fields.items():
        if top in taken and (not inner or not taken[top]):
            continue
        kept = {name: value for name, value in inner.items() if name not in taken.get(top, {})}
        if kept or not inner:
            left[top] = kept
    return left
