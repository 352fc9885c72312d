"""Pods as controllers see them: made from a template, active, ready, available."""

import json
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process.clock import seconds
from apgms_ops.sandbox.kubernetes_process.conditions import condition, is_true
from apgms_ops.sandbox.kubernetes_process.controllers.owning import reference
from apgms_ops.sandbox.kubernetes_process.kinds import Object

_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_OFFSET: Final = 2166136261
_PRIME: Final = 16777619
_ENDED: Final = ("Succeeded", "Failed")


def made(owner: Object, template: Object, **metadata: Any) -> Object:  # noqa: ANN401 — JSON
    """Return a pod to be created for its owner."""
    given = template.get("metadata") or {}
    labels = {**(given.get("labels") or {}), **metadata.pop("labels", {})}
    head: dict[str, Any] = {"labels": labels, "ownerReferences": [reference(owner)], **metadata}
    if given.get("annotations"):
        head["annotations"] = given["annotations"]
    return {"kind": "Pod", "apiVersion": "v1", "metadata": head, "spec": template["spec"]}


def active(pod: Object) -> bool:
    """Whether it counts: it has not ended, and nobody is deleting it."""
    return pod["status"].get("phase") not in _ENDED and not pod["metadata"].get("deletionTimestamp")


def ready(pod: Object) -> bool:
    """Whether it is ready."""
    return is_true(pod, "Ready")


def available_in(pod: Object, least: float, now: float) -> float | None:
    """Return in how many seconds it will have been ready for long enough: 0 if it was, None if it is not ready."""
    if not ready(pod):
        return None
    since = condition(pod, "Ready").get("lastTransitionTime")
    if not least or not since:
        return 0.0
    return max(0.0, seconds(since) + least - now)


def fingerprint(value: object) -> str:
    """Return the short name of a template: equal templates have equal ones, other templates other ones."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    number = _OFFSET
    for byte in text.encode():
        number = ((number ^ byte) * _PRIME) & 0xFFFFFFFF
    return "".join(_LETTERS[int(digit) % len(_LETTERS)] for digit in str(number))
