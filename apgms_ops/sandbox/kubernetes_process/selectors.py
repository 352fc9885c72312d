"""Selectors: which objects of a list are meant, by their labels or by the few fields that can be asked for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.status import Refused, bad_request

_KEY: Final = r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_VALUE: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?"
_EQUAL: Final = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_SET: Final = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^()]*)\)")
_THERE: Final = re.compile(rf"(!?)\s*({_KEY})")
_PARTS: Final = re.compile(r",(?![^()]*\))")
_TERM: Final = re.compile(r"([A-Za-z.]+)\s*(==|=|!=)\s*(.*)", re.DOTALL)

_EVERYWHERE: Final = ("metadata.name", "metadata.namespace")
_FIELDS: Final = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "nodes": ("spec.unschedulable",),
    "namespaces": ("status.phase",),
    "jobs": ("status.successful",),
    "replicasets": ("status.replicas",),
    "secrets": ("type",),
}
_ABSENT: Final = {"spec.hostNetwork": "false", "spec.unschedulable": "false"}
"""What a field is that an object does not have."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label."""

    key: str
    operator: str
    """`in`, `notin`, `exists`, `!`."""
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet it; one that is absent is not in any set."""
        present = self.key in labels
        if self.operator == "exists":
            return present
        if self.operator == "!":
            return not present
        return (present and labels[self.key] in self.values) == (self.operator == "in")


def labels(text: str) -> tuple[Requirement, ...]:
    """Read a label selector: `app=x,tier!=y,zone in (a,b),!legacy`.

    Raises:
        Refused: It is none.
    """
    return tuple(_requirement(part.strip()) for part in _PARTS.split(text)) if text.strip() else ()


def _requirement(part: str) -> Requirement:
    if match := _EQUAL.fullmatch(part):
        return Requirement(match[1], "notin" if match[2] == "!=" else "in", frozenset((match[3],)))
    if match := _SET.fullmatch(part):
        values = [value.strip() for value in match[3].split(",")]
        if all(re.fullmatch(_VALUE, value) for value in values):
            return Requirement(match[1], match[2], frozenset(values))
    if match := _THERE.fullmatch(part):
        return Requirement(match[2], "!" if match[1] else "exists")
    msg = f'unable to parse requirement: "{part}" is no condition on a label'
    raise bad_request(msg)


def of_object(selector: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """Read the selector of a spec: `matchLabels` and `matchExpressions`; an empty one selects everything."""
    equal = [Requirement(key, "in", frozenset((value,))) for key, value in (selector.get("matchLabels") or {}).items()]
    operators = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    more = [
        Requirement(entry["key"], operators[entry["operator"]], frozenset(entry.get("values") or ()))
        for entry in selector.get("matchExpressions") or ()
    ]
    return (*equal, *more)


def selected(requirements: tuple[Requirement, ...], item: Object) -> bool:
    """Whether an object's labels meet every condition."""
    found = item["metadata"].get("labels") or {}
    return all(requirement.holds(found) for requirement in requirements)


def fields(text: str, plural: str) -> tuple[tuple[str, bool, str], ...]:
    """Read a field selector of a kind, `status.phase=Running,spec.nodeName!=`: field, whether equal, and value of each.

    Raises:
        Refused: It is none, or asks for a field that this kind cannot be selected by.
    """
    terms = []
    for part in filter(None, text.split(",")):
        match = _TERM.fullmatch(part.strip())
        if match is None:
            msg = f"invalid selector: '{text}'; can't understand '{part}'"
            raise bad_request(msg)
        if match[1] not in (*_EVERYWHERE, *_FIELDS.get(plural, ())):
            raise _unknown(match[1], plural)
        terms.append((match[1], match[2] != "!=", match[3]))
    return tuple(terms)


def _unknown(field: str, plural: str) -> Refused:
    return bad_request(f'field label not supported: "{field}" (of {plural}: {_FIELDS.get(plural, _EVERYWHERE)})')


def field_value(item: Object, path: str) -> str:
    """Return a field as a selector compares it; absent ones are empty."""
    if path == "source":
        return str((item.get("source") or {}).get("component", ""))
    if path == "status.successful":
        return str((item.get("status") or {}).get("succeeded", 0))
    value: Any = item
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return str(value).lower()
    return _ABSENT.get(path, "") if value is None else str(value)


def matcher(label_selector: str, field_selector: str, plural: str) -> Callable[[Object], bool]:
    """Return what says whether an object is meant.

    Raises:
        Refused: One of the two is no selector.
    """
    requirements, terms = labels(label_selector), fields(field_selector, plural)

    def meant(item: Object) -> bool:
        return selected(requirements, item) and all(
            (field_value(item, field) == value) == equal for field, equal, value in terms
        )

    return meant
