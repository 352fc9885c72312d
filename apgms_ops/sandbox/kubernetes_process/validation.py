"""What makes no object of a kind, and what of an object cannot be changed: the rules that a rollout can meet."""

import re
from collections.abc import Iterator
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process import selectors
from apgms_ops.sandbox.kubernetes_process.kinds import Object

Cause = tuple[str, str]
"""A field, and what is wrong about it."""

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_NAME_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character"
)
_POD_RULE: Final = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations`"
)
_FREE: Final = ("roles", "rolebindings", "clusterroles", "clusterrolebindings")
"""Kinds whose names may hold colons and capitals."""
_WORKLOADS: Final = ("deployments", "replicasets", "statefulsets")
_HAS_SPEC: Final = (*_WORKLOADS, "pods", "jobs", "cronjobs", "services")
_FIXED: Final = {
    "deployments": ("selector",),
    "replicasets": ("selector",),
    "statefulsets": ("selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"),
    "jobs": ("selector", "template", "completionMode"),
}
_POLICIES: Final = {"pods": ("Always", "OnFailure", "Never"), "jobs": ("OnFailure", "Never")}


def created(plural: str, item: Object) -> list[Cause]:
    """Return what is wrong about an object, defaults filled in."""
    name = item["metadata"]["name"]
    causes: list[Cause] = []
    if plural not in _FREE and not _NAME.fullmatch(name):
        causes.append(
            (
                "metadata.name",
                f'Invalid value: "{name}": {_NAME_RULE}',
            )
        )
    if plural in _HAS_SPEC:
        causes += _spec(plural, item["spec"])
    return causes


def changed(plural: str, before: Object, after: Object) -> list[Cause]:
    """Return what is wrong about an object that takes another's place."""
    old, new = before.get("spec") or {}, after.get("spec") or {}
    causes = [
        (f"spec.{field}", "Invalid value: field is immutable")
        for field in _FIXED.get(plural, ())
        if old.get(field) != new.get(field)
    ]
    if plural == "pods" and _unchangeable(old) != _unchangeable(new):
        causes.append(
            (
                "spec",
                f"Forbidden: {_POD_RULE}",
            )
        )
    return causes + created(plural, after)


def _unchangeable(spec: dict[str, Any]) -> dict[str, Any]:
    free = ("activeDeadlineSeconds", "tolerations", "containers", "initContainers")
    images = [
        [
            {key: value for key, value in container.items() if key not in ("image", "imagePullPolicy")}
            for container in spec.get(kind) or ()
        ]
        for kind in ("containers", "initContainers")
    ]
    return {**{key: value for key, value in spec.items() if key not in free}, "containers": images}


def _spec(plural: str, spec: dict[str, Any]) -> Iterator[Cause]:
    if plural in _WORKLOADS:
        yield from _workload(spec)
    if plural == "pods":
        yield from _pod(spec, "spec", plural)
    if plural == "jobs":
        yield from _template(spec, "spec.template", plural)
    if plural == "cronjobs":
        if len(str(spec.get("schedule", "")).split()) != 5 and not str(spec.get("schedule")).startswith("@"):  # noqa: PLR2004
            yield "spec.schedule", f'Invalid value: "{spec.get("schedule", "")}": expected exactly 5 fields'
        yield from _template(
            (spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec.template", "jobs"
        )
    if plural == "services" and not spec.get("ports") and spec.get("clusterIP") != "None":
        yield "spec.ports", "Required value"


def _workload(spec: dict[str, Any]) -> Iterator[Cause]:
    replicas = spec.get("replicas")
    if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
        yield "spec.replicas", f"Invalid value: {replicas}: must be greater than or equal to 0"
    selector = spec.get("selector")
    if not isinstance(selector, dict) or not (selector.get("matchLabels") or selector.get("matchExpressions")):
        yield "spec.selector", "Required value"
        return
    template = spec.get("template")
    if isinstance(template, dict):
        item = {"metadata": template.get("metadata") or {}}
        if not selectors.selected(selectors.of_object(selector), item):
            labels = item["metadata"].get("labels")
            yield (
                "spec.template.metadata.labels",
                f"Invalid value: {labels}: `selector` does not match template `labels`",
            )
    yield from _template(spec, "spec.template", "workloads")


def _template(spec: dict[str, Any], field: str, plural: str) -> Iterator[Cause]:
    template = spec.get("template")
    if not isinstance(template, dict) or not isinstance(template.get("spec"), dict):
        yield f"{field}.spec.containers", "Required value"
        return
    yield from _pod(template["spec"], f"{field}.spec", plural)


def _pod(spec: dict[str, Any], field: str, plural: str) -> Iterator[Cause]:
    policy, allowed = spec.get("restartPolicy"), _POLICIES.get(plural, ("Always",))
    if policy not in allowed:
        listed = ", ".join(f'"{value}"' for value in allowed)
        yield f"{field}.restartPolicy", f'Unsupported value: "{policy}": supported values: {listed}'
    containers = spec.get("containers")
    if not containers:
        yield f"{field}.containers", "Required value"
        return
    names = [container.get("name") for container in containers]
    for number, container in enumerate(containers):
        place = f"{field}.containers[{number}]"
        if not container.get("name"):
            yield f"{place}.name", "Required value"
        elif names.index(container["name"]) != number:
            yield f"{place}.name", f'Duplicate value: "{container["name"]}"'
        if not container.get("image"):
            yield f"{place}.image", "Required value"
