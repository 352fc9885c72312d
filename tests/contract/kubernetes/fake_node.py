"""A node without containers: it says of its pods that they run, or what their annotation says instead."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import httpx

NAME: Final = "fake-node"
MOOD: Final = "contract/mood"
"""Annotation of a pod: `unready` never is, `completes` succeeds at once, `crashes` waits in back-off."""
_MERGE: Final = {"Content-Type": "application/merge-patch+json"}
ADDRESS: Final = "contract/ip"
"""Annotation of a pod: the address that it is to have."""
_POLL: Final = 0.05


@contextmanager
def running(http: httpx.Client, kubelet: int) -> Iterator[None]:
    """Be the only node, until left; its kubelet listens on that port."""
    over = threading.Event()
    _register(http)
    where = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet}},
    }
    told = json.dumps({"status": where})
    http.patch(f"/api/v1/nodes/{NAME}/status", content=told, headers=_MERGE).raise_for_status()
    thread = threading.Thread(target=_run, args=(http, over), name="fake node", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)


def _register(http: httpx.Client) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME}}
    http.post("/api/v1/nodes", json=node)
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": NAME}}
    http.post("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", json=lease)
    _beat(http)


def _beat(http: httpx.Client) -> None:
    """Say that the node is ready, and has room."""
    room = {"cpu": "64", "memory": "64Gi", "pods": "500"}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "it is"}
    condition = {**ready, "lastHeartbeatTime": _now(), "lastTransitionTime": _now()}
    status = {"status": {"capacity": room, "allocatable": room, "conditions": [condition]}}
    http.patch(f"/api/v1/nodes/{NAME}/status", content=json.dumps(status), headers=_MERGE).raise_for_status()


def _run(http: httpx.Client, over: threading.Event) -> None:
    beats = 0
    while not over.wait(_POLL):
        beats += 1
        try:
            if beats % 100 == 0:
                _beat(http)
            pods = http.get("/api/v1/pods", params={"fieldSelector": f"spec.nodeName={NAME}"}).json()["items"]
            for pod in pods:
                _tend(http, pod)
        except (httpx.HTTPError, KeyError, ValueError):
            continue  # the server is being stopped, or the pod is gone


def _tend(http: httpx.Client, pod: dict[str, Any]) -> None:
    metadata = pod["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
    if "deletionTimestamp" in metadata:
        http.request("DELETE", path, json={"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}})
    elif not pod.get("status", {}).get("containerStatuses"):
        status = {"status": _status(pod, metadata.get("annotations", {}).get(MOOD, ""))}
        http.patch(f"{path}/status", content=json.dumps(status), headers=_MERGE)


def _status(pod: dict[str, Any], mood: str) -> dict[str, Any]:
    """Return the status of a pod whose containers have come to what its mood says."""
    ready = mood == ""
    state: dict[str, Any] = {"running": {"startedAt": _now()}}
    if mood == "completes":
        state = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": _now(), "finishedAt": _now()}}
    elif mood == "crashes":
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}}
    containers = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": f"{container['image'].rpartition(':')[0]}@sha256:{'0' * 64}",
            "ready": ready,
            "restartCount": 0,
            "started": ready,
            "state": state,
        }
        for container in pod["spec"]["containers"]
    ]
    address = pod["metadata"].get("annotations", {}).get(ADDRESS, "10.0.0.1")
    words = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    truths = {word: ready or word in {"Initialized", "PodScheduled"} for word in words}
    return {
        "phase": "Succeeded" if mood == "completes" else "Running",
        "startTime": _now(),
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [
            {"type": word, "status": str(truth), "lastTransitionTime": _now()} for word, truth in truths.items()
        ],
        "containerStatuses": containers,
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
