"""What is there from the beginning: namespaces, what everybody may do, and what the component asked for."""

from collections.abc import Iterable
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process.kinds import Object, of_object
from apgms_ops.sandbox.kubernetes_process.registry import Registry
from apgms_ops.sandbox.kubernetes_process.status import CONFLICT, Refused

_NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
_API: Final = [
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
]
_REVIEWS: Final = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
_ROLES: Final[dict[str, tuple[str, list[Object]]]] = {
    "cluster-admin": ("system:masters", [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]),
    "system:discovery": ("system:authenticated", [{"nonResourceURLs": _API, "verbs": ["get"]}]),
    "system:basic-user": (
        "system:authenticated",
        [{"apiGroups": ["authorization.k8s.io"], "resources": _REVIEWS, "verbs": ["create"]}],
    ),
    # The real one lets a node touch its own pods only; here there is one node.
    "system:node": (
        "system:nodes",
        [
            {
                "apiGroups": [""],
                "resources": ["nodes", "nodes/status"],
                "verbs": ["create", "get", "list", "patch", "update", "watch"],
            },
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "delete", "get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["pods/status"], "verbs": ["patch", "update"]},
            {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch", "update"]},
            {"apiGroups": [""], "resources": ["services", "configmaps", "secrets"], "verbs": ["get", "list", "watch"]},
            {
                "apiGroups": ["coordination.k8s.io"],
                "resources": ["leases"],
                "verbs": ["create", "delete", "get", "patch", "update"],
            },
        ],
    ),
}


def fill(registry: Registry, objects: Iterable[Object], uid: str) -> None:
    """Store what is there from the beginning.

    Args:
        registry: Where.
        objects: What the component asked for, in any order.
        uid: That of namespace kube-system; by default one of its own.

    Raises:
        Refused: An object makes no sense, or is of a kind that is not served here.
    """
    wanted = list(objects)
    spaces = [item for item in wanted if item.get("kind") == "Namespace"]
    for name in _NAMESPACES:
        _create(registry, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    if uid:
        with registry.store.lock:
            found = registry.store.get("namespaces", "", "kube-system") or {}
            registry.store.write("namespaces", {**found, "metadata": {**found["metadata"], "uid": uid}})
    needed = {item["metadata"].get("namespace") for item in wanted} - {None}
    for item in (*spaces, *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in needed)):
        _create(registry, item)
    for name, (group, rules) in _ROLES.items():
        for item in _role(name, group, rules):
            _create(registry, item)
    for item in wanted:
        _create(registry, item)


def _create(registry: Registry, item: Object) -> None:
    resource = of_object(item.get("apiVersion"), item.get("kind"))
    if resource is None:
        message = f"{item.get('apiVersion')} {item.get('kind')} is not served here"
        raise Refused(404, message)
    namespace = item["metadata"].get("namespace", "default") if resource.namespaced else ""
    try:
        registry.create(resource.plural, namespace, item)
    except Refused as refused:
        if refused.code != CONFLICT:
            raise


def _role(name: str, group: str, rules: list[Object]) -> tuple[Object, Object]:
    api, metadata = "rbac.authorization.k8s.io", {"name": name}
    role: dict[str, Any] = {"apiVersion": f"{api}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules}
    binding = {
        "apiVersion": f"{api}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": api, "kind": "Group", "name": group}],
    }
    return role, binding
