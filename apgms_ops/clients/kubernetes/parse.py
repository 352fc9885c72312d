"""What the API server sends, made facts. Pure.

A count that is left out is 0, as the server leaves zeros out; a required field that is missing is no answer; a word
that is not known is UNKNOWN.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from apgms_ops.clients.http.shape import field, list_field, mapping, rfc3339, sequence, text, text_field, texts, wrong
from apgms_ops.clients.kubernetes.facts import (
    Condition,
    Deployment,
    ReplicaSet,
    Selector,
    StatefulSet,
    Truth,
)

Json = Mapping[str, object]
Word = TypeVar("Word", bound=StrEnum)

_REVISION: Final = "deployment.kubernetes.io/revision"
_OPERATORS: Final = {
    "In": "{key} in ({values})",
    "NotIn": "{key} notin ({values})",
    "Exists": "{key}",
    "DoesNotExist": "!{key}",
}


def part(data: Json, key: str, where: str) -> Json:
    """Return an object below, empty where it is left out."""
    value = data.get(key)
    return {} if value is None else mapping(value, f"{where}.{key}")


def items(data: Json, key: str, where: str) -> list[Json]:
    """Return the objects of an array, none where it is left out."""
    value = data.get(key)
    if value is None:
        return []
    return [mapping(item, f"{where}.{key}[{n}]") for n, item in enumerate(sequence(value, f"{where}.{key}"))]


def whole(data: Json, key: str, where: str) -> int:
    """Return a required whole number."""
    value = field(data, key, where)
    if isinstance(value, bool) or not isinstance(value, int):
        wrong(f"{where}.{key}", "a whole number", value)
    return value


def count(data: Json, key: str, where: str) -> int:
    """Return a count, 0 where it is left out."""
    number = 0 if data.get(key) is None else whole(data, key, where)
    if number < 0:
        wrong(f"{where}.{key}", "a count", number)
    return number


def words(data: Json, key: str, where: str) -> str:
    """Return a text, empty where it is left out."""
    value = data.get(key)
    return "" if value is None else text(value, f"{where}.{key}")


def truth(data: Json, key: str, where: str) -> bool:
    """Return a truth value, false where it is left out."""
    value = data.get(key)
    if value is not None and not isinstance(value, bool):
        wrong(f"{where}.{key}", "true or false", value)
    return bool(value)


def time(data: Json, key: str, where: str) -> datetime | None:
    """Return a time, None where it is left out."""
    value = data.get(key)
    return None if value is None else rfc3339(value, f"{where}.{key}")


def labels(data: Json, key: str, where: str) -> dict[str, str]:
    """Return texts by name, none where they are left out."""
    value = data.get(key)
    return {} if value is None else texts(value, f"{where}.{key}")


def word(kind: type[Word], value: str, unknown: Word) -> Word:
    """Return a word of those that are known, and `unknown` for any other."""
    try:
        return kind(value)
    except ValueError:
        return unknown


class Meta:
    """The metadata of an object."""

    def __init__(self, item: object, source: str) -> None:
        """Read what every object has.

        Raises:
            BadAnswer: It has no name, or no UID.
        """
        self.data = mapping(item, f"{source}: an item")
        meta = mapping(self.data.get("metadata"), f"{source}: an item's metadata")
        self.name = text_field(meta, "name", f"{source}: metadata")
        self.where = f"{source}: {self.name}"
        self.meta = meta
        self.uid = text_field(meta, "uid", self.where)
        self.namespace = words(meta, "namespace", self.where)
        self.spec = part(self.data, "spec", self.where)
        self.status = part(self.data, "status", self.where)

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        return rfc3339(field(self.meta, "creationTimestamp", self.where), f"{self.where}.creationTimestamp")

    @property
    def generation(self) -> int:
        """The generation of what is wanted."""
        return whole(self.meta, "generation", self.where)

    @property
    def owner(self) -> tuple[str, str, str] | None:
        """Kind, name and UID of its controller."""
        for owner in items(self.meta, "ownerReferences", self.where):
            if owner.get("controller") is True:
                return (
                    text_field(owner, "kind", self.where),
                    text_field(owner, "name", self.where),
                    text_field(owner, "uid", self.where),
                )
        return None

    @property
    def revision(self) -> int | None:
        """The revision that its Deployment's controller wrote down."""
        value = labels(self.meta, "annotations", self.where).get(_REVISION)
        if value is None:
            return None
        if not value.isascii() or not value.isdigit():
            wrong(f"{self.where}: annotation {_REVISION}", "a number", value)
        return int(value)

    @property
    def changed_at(self) -> datetime | None:
        """When what is wanted was last changed: whoever changes a field is written down, with the time."""
        managed = items(self.meta, "managedFields", self.where)
        times = [time(entry, "time", self.where) for entry in managed if not words(entry, "subresource", self.where)]
        return max((at for at in times if at is not None), default=None)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Its conditions."""
        return conditions(self.status, self.where)


def conditions(status: Json, where: str) -> tuple[Condition, ...]:
    """Return the conditions of a status."""
    return tuple(
        Condition(
            type=text_field(item, "type", f"{where}: a condition"),
            status=word(Truth, text_field(item, "status", f"{where}: a condition"), Truth.UNKNOWN),
            reason=words(item, "reason", f"{where}: a condition"),
            message=words(item, "message", f"{where}: a condition"),
            at=time(item, "lastTransitionTime", f"{where}: a condition"),
            updated_at=time(item, "lastUpdateTime", f"{where}: a condition"),
        )
        for item in items(status, "conditions", where)
    )


def images(spec: Json, where: str) -> dict[str, str]:
    """Return container → image of a template."""
    template = mapping(part(spec, "template", where).get("spec"), f"{where}: spec.template.spec")
    found = list_field(template, "containers", f"{where}: spec.template.spec")
    containers = [mapping(item, f"{where}: a container") for item in found]
    return {text_field(c, "name", f"{where}: a container"): text_field(c, "image", where) for c in containers}


def selector(spec: Json, where: str) -> Selector:
    """Return which pods belong to a workload."""
    chosen = mapping(spec.get("selector"), f"{where}: spec.selector")
    expressions = []
    for item in items(chosen, "matchExpressions", where):
        operator = text_field(item, "operator", f"{where}: spec.selector")
        form = _OPERATORS.get(operator)
        if form is None:
            wrong(f"{where}: spec.selector", "an operator that is known", operator)
        values = [text(value, where) for value in sequence(item.get("values") or [], where)]
        key = text_field(item, "key", f"{where}: spec.selector")
        expressions.append(form.format(key=key, values=",".join(values)))
    return Selector(labels(chosen, "matchLabels", f"{where}: spec.selector"), tuple(expressions))


def deployment(item: object, source: str) -> Deployment:
    """Return a Deployment."""
    of = Meta(item, source)
    return Deployment(
        name=of.name,
        namespace=of.namespace,
        uid=of.uid,
        generation=of.generation,
        observed_generation=count(of.status, "observedGeneration", of.where),
        replicas=whole(of.spec, "replicas", of.where),
        updated=count(of.status, "updatedReplicas", of.where),
        total=count(of.status, "replicas", of.where),
        ready=count(of.status, "readyReplicas", of.where),
        available=count(of.status, "availableReplicas", of.where),
        paused=truth(of.spec, "paused", of.where),
        images=images(of.spec, of.where),
        selector=selector(of.spec, of.where),
        revision=of.revision,
        conditions=of.conditions,
        changed_at=of.changed_at,
    )


def replica_set(item: object, source: str) -> ReplicaSet:
    """Return a ReplicaSet."""
    of = Meta(item, source)
    owner = of.owner
    return ReplicaSet(
        name=of.name,
        uid=of.uid,
        owner_uid=owner[2] if owner is not None else None,
        revision=of.revision,
        wanted=whole(of.spec, "replicas", of.where),
        replicas=count(of.status, "replicas", of.where),
        ready=count(of.status, "readyReplicas", of.where),
        images=images(of.spec, of.where),
        created_at=of.created_at,
    )


def stateful_set(item: object, source: str) -> StatefulSet:
    """Return a StatefulSet."""
    of = Meta(item, source)
    strategy = part(of.spec, "updateStrategy", of.where)
    return StatefulSet(
        name=of.name,
        namespace=of.namespace,
        uid=of.uid,
        generation=of.generation,
        observed_generation=count(of.status, "observedGeneration", of.where),
        replicas=whole(of.spec, "replicas", of.where),
        updated=count(of.status, "updatedReplicas", of.where),
        current=count(of.status, "currentReplicas", of.where),
        total=count(of.status, "replicas", of.where),
        ready=count(of.status, "readyReplicas", of.where),
        available=count(of.status, "availableReplicas", of.where),
        current_revision=words(of.status, "currentRevision", of.where),
        update_revision=words(of.status, "updateRevision", of.where),
        partition=count(part(strategy, "rollingUpdate", of.where), "partition", of.where),
        on_delete=strategy.get("type") == "OnDelete",
        images=images(of.spec, of.where),
        selector=selector(of.spec, of.where),
        conditions=of.conditions,
    )
