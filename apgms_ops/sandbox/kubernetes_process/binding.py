"""A pod gets its node: by our scheduler, or by whoever posts a Binding."""

from apgms_ops.sandbox.kubernetes_process.clock import stamp
from apgms_ops.sandbox.kubernetes_process.conditions import told, with_condition
from apgms_ops.sandbox.kubernetes_process.kinds import OF, Object
from apgms_ops.sandbox.kubernetes_process.registry import Registry
from apgms_ops.sandbox.kubernetes_process.status import conflict, not_found


def bind(registry: Registry, namespace: str, name: str, node: str) -> Object:
    """Give a pod its node.

    Raises:
        Refused: There is no such pod, it is being deleted, or it has a node.
    """
    store = registry.store
    with store.lock:
        pod = store.get("pods", namespace, name)
        if pod is None:
            raise not_found(OF["pods"], name)
        if pod["metadata"].get("deletionTimestamp"):
            raise conflict(OF["pods"], name, f"pod {name} is being deleted, cannot be assigned to a host")
        if pod["spec"].get("nodeName"):
            raise conflict(OF["pods"], name, f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"')
        found = pod["status"].get("conditions") or []
        conditions = with_condition(found, told("PodScheduled", "True"), stamp(registry.clock()))
        status = {**pod["status"], "conditions": conditions}
        return store.write("pods", {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status})
