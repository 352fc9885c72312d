"""Events: what the controllers tell of what they do. The same thing told again is counted, not repeated."""

from apgms_ops.sandbox.kubernetes_process.clock import stamp
from apgms_ops.sandbox.kubernetes_process.controllers.pods import fingerprint
from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.registry import Registry


def tell(  # noqa: PLR0913 — what an event has
    registry: Registry, about: Object, reason: str, message: str, *, component: str, kind: str = "Normal"
) -> None:
    """Tell something about an object.

    Args:
        registry: Where events are stored.
        about: The object.
        reason: One word.
        message: A sentence.
        component: Who tells it: `deployment-controller`.
        kind: `Normal` or `Warning`.
    """
    metadata, now = about["metadata"], stamp(registry.clock())
    namespace = metadata.get("namespace", "default")
    name = f"{metadata['name']}.{fingerprint([metadata['uid'], reason, message])}"
    if registry.store.get("events", namespace, name) is not None:
        registry.update(
            "events", namespace, name, lambda event: {**event, "count": event["count"] + 1, "lastTimestamp": now}
        )
        return
    involved = {
        "kind": about["kind"],
        "namespace": namespace,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": about["apiVersion"],
        "resourceVersion": metadata["resourceVersion"],
    }
    event = {
        "metadata": {"name": name},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "source": {"component": component},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "type": kind,
        "eventTime": None,
        "reportingComponent": component,
        "reportingInstance": "",
    }
    registry.create("events", namespace, event)
