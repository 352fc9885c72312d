"""Conditions: what a status says of its object, each with the time since when."""

from collections.abc import Sequence

from apgms_ops.sandbox.kubernetes_process.kinds import Object


def condition(item: Object, kind: str) -> Object:
    """Return an object's condition of a type; an empty one, where it has none."""
    found = (item.get("status") or {}).get("conditions") or []
    return next((entry for entry in found if entry["type"] == kind), {})


def is_true(item: Object, kind: str) -> bool:
    """Whether a condition of an object is there and true."""
    return condition(item, kind).get("status") == "True"


def told(kind: str, status: str, reason: str = "", message: str = "") -> Object:
    """Return a condition that has no times yet.

    Args:
        kind: Its type: `Ready`.
        status: `True`, `False` or `Unknown`.
        reason: One word.
        message: A sentence.
    """
    more = {"reason": reason, "message": message}
    return {"type": kind, "status": status, **{name: text for name, text in more.items() if text}}


def with_condition(conditions: Sequence[Object], wanted: Object, now: str) -> list[Object]:
    """Return conditions with one of them set, as the last; its time of transition stays, as long as its status does."""
    before = next((entry for entry in conditions if entry["type"] == wanted["type"]), {})
    since = before.get("lastTransitionTime", now) if before.get("status") == wanted["status"] else now
    others = [entry for entry in conditions if entry["type"] != wanted["type"]]
    return [*others, {**wanted, "lastTransitionTime": since}]
