"""Objects as an API server writes them."""

from typing import Any


def meta(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 — JSON
    """Return metadata."""
    return {
        "name": name,
        "namespace": "platform",
        "uid": f"uid-{name}",
        "generation": 3,
        "creationTimestamp": "2026-11-25T01:02:03Z",
        **more,
    }


def template(image: str = "registry.example/audit:v1") -> dict[str, Any]:
    """Return a pod template."""
    return {"metadata": {}, "spec": {"containers": [{"name": "main", "image": image}]}}


def deployment(name: str = "audit", **status: Any) -> dict[str, Any]:  # noqa: ANN401 — JSON
    """Return a Deployment whose status is the test's."""
    return {
        "metadata": meta(name, annotations={"deployment.kubernetes.io/revision": "7"}),
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template()},
        "status": status,
    }


def pod(name: str = "audit-1", **more: Any) -> dict[str, Any]:  # noqa: ANN401 — JSON
    """Return a running pod."""
    owner = {"kind": "ReplicaSet", "name": "audit-5d", "uid": "uid-rs", "controller": True}
    status = {
        "name": "main",
        "image": "registry.example/audit:v1",
        "imageID": "registry.example/audit@sha256:" + "a" * 64,
        "ready": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": "2026-11-25T01:03:00Z"}},
    }
    return {
        "metadata": meta(name, labels={"app": "audit"}, ownerReferences=[owner]),
        "spec": {
            "nodeName": "node-1",
            "containers": [
                {
                    "name": "main",
                    "image": "registry.example/audit:v1",
                    "env": [{"name": "PASSWORD", "value": "hunter2-in-the-open"}],
                    "ports": [{"name": "http", "containerPort": 8080}, {"containerPort": 9102}],
                }
            ],
        },
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.7",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-25T01:03:05Z"}],
            "containerStatuses": [status],
        },
        **more,
    }


def listed(kind: str, *items: dict[str, Any], onward: str | None = None) -> dict[str, Any]:
    """Return a list, or a page of one."""
    more = {"continue": onward} if onward is not None else {}
    return {"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "9", **more}, "items": list(items)}
