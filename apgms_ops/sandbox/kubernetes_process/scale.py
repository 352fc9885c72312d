"""The subresource `scale`: how many replicas a workload has and shall have."""

from collections.abc import Callable
from typing import Final

from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.status import bad_request

_METADATA: Final = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(item: Object) -> Object:
    """Return a workload's Scale."""
    metadata = {name: item["metadata"][name] for name in _METADATA if name in item["metadata"]}
    equal = (item["spec"].get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{name}={value}" for name, value in sorted(equal.items()))
    replicas = item["spec"].get("replicas", 0)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": replicas} if replicas else {},
        "status": {"replicas": (item.get("status") or {}).get("replicas", 0), "selector": selector},
    }


def scaled(change: Callable[[Object], Object]) -> Callable[[Object], Object]:
    """Return what applies to a workload a change that was made of its Scale."""

    def changed(item: Object) -> Object:
        wanted = change(scale_of(item))
        replicas = (wanted.get("spec") or {}).get("replicas", 0)
        if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
            msg = f"spec.replicas: Invalid value: {replicas}: must be greater than or equal to 0"
            raise bad_request(msg)
        metadata = dict(item["metadata"])
        version = (wanted.get("metadata") or {}).get("resourceVersion")
        if version:
            metadata["resourceVersion"] = version
        return {**item, "metadata": metadata, "spec": {**item["spec"], "replicas": replicas}}

    return changed
