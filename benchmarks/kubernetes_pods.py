"""How long we take to list 5,000 pods, and how much memory, beside the official client's typed list.

A process of its own serves the pods as an API server does, in pages where they are asked for, each pod with the
environment, volumes, conditions and managed fields that pods have. Each reading is a process of its own, and its whole
time counts, from after the start of Python to the last fact. Prints the smallest of five runs each, the resident
memory and the ratio; exits with 1 if we hold more than 150 MB, or take more than half of the typed list's time.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PODS, RUNS, MEMORY, RATIO = 5000, 5, 150, 0.5
_NAMESPACE = "platform"


def pod(number: int) -> dict[str, Any]:
    """Return a pod of the size that pods have."""
    name = f"payments-7d9c5b6f4-{number:05}"
    labels = {
        "app.kubernetes.io/name": "payments",
        "app.kubernetes.io/part-of": "apgms",
        "pod-template-hash": "7d9c5b6f4",
    }
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "payments-7d9c5b6f4",
        "uid": "2b8a0c1e-5f43-4a9d-9f11-0c8f2f6f6a01",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    fields: dict[str, Any] = {f'k:{{"type":"{kind}"}}': {".": {}, "f:status": {}, "f:type": {}} for kind in "abcdefgh"}
    managed = [
        {
            "manager": manager,
            "operation": "Update",
            "apiVersion": "v1",
            "time": "2026-11-25T01:02:03Z",
            "fieldsV1": fields,
        }
        for manager in ("kube-controller-manager", "kubelet")
    ]
    env = [{"name": f"SETTING_{n}", "value": f"value-of-setting-{n}"} for n in range(20)]
    conditions = [
        {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": "2026-11-25T01:02:10Z"}
        for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    container = {
        "name": "payments",
        "image": "registry.example/platform/payments:v1.4.2",
        "env": env,
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
        "readinessProbe": {"httpGet": {"path": "/health/ready", "port": "http", "scheme": "HTTP"}, "periodSeconds": 5},
        "livenessProbe": {"httpGet": {"path": "/health/live", "port": "http", "scheme": "HTTP"}, "periodSeconds": 5},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/payments", "readOnly": True}],
        "imagePullPolicy": "IfNotPresent",
    }
    running = {
        "name": "payments",
        "image": "registry.example/platform/payments:v1.4.2",
        "imageID": "registry.example/platform/payments@sha256:" + "ab" * 32,
        "containerID": "containerd://" + "cd" * 32,
        "ready": True,
        "started": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": "2026-11-25T01:02:05Z"}},
        "lastState": {},
    }
    return {
        "metadata": {
            "name": name,
            "generateName": "payments-7d9c5b6f4-",
            "namespace": _NAMESPACE,
            "uid": f"2b8a0c1e-5f43-4a9d-9f11-{number:012}",
            "resourceVersion": str(100_000 + number),
            "creationTimestamp": "2026-11-25T01:02:03Z",
            "labels": labels,
            "annotations": {"prometheus.io/scrape": "true", "checksum/config": "ef" * 32},
            "ownerReferences": [owner],
            "managedFields": managed,
        },
        "spec": {
            "volumes": [{"name": "config", "configMap": {"name": "payments", "defaultMode": 420}}],
            "containers": [container],
            "restartPolicy": "Always",
            "nodeName": f"node-{number % 100}",
            "serviceAccountName": "payments",
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}],
        },
        "status": {
            "phase": "Running",
            "conditions": conditions,
            "hostIP": "10.0.0.1",
            "podIP": "10.1.2.3",
            "podIPs": [{"ip": "10.1.2.3"}],
            "startTime": "2026-11-25T01:02:03Z",
            "containerStatuses": [running],
            "qosClass": "Burstable",
        },
    }


def serve() -> None:
    """Serve the pods until the process is ended; the first line printed is the address."""
    items = [json.dumps(pod(number)).encode() for number in range(PODS)]
    system = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "kube-system", "uid": "uid-of-the-cluster"}}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == f"/api/v1/namespaces/{_NAMESPACE}/pods":
                query = parse_qs(parts.query)
                start = int(query.get("continue", ["0"])[0])
                end = min(PODS, start + int(query.get("limit", [PODS])[0]))
                onward = json.dumps({"resourceVersion": "1", **({"continue": str(end)} if end < PODS else {})}).encode()
                body = b'{"kind":"PodList","apiVersion":"v1","metadata":%s,"items":[%s]}' % (
                    onward,
                    b",".join(items[start:end]),
                )
            else:
                body = json.dumps(system).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — as the base class names it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def ours(url: str) -> int:
    """List with our client, with a redactor as a run has one, and return how many pods there are."""
    from apgms_ops.clients.kubernetes.access import Access  # noqa: PLC0415 — its import counts
    from apgms_ops.clients.kubernetes.client import KubernetesClient  # noqa: PLC0415
    from apgms_ops.deadline import Deadline  # noqa: PLC0415
    from apgms_ops.observation import Recorder  # noqa: PLC0415
    from apgms_ops.redact import Redactor  # noqa: PLC0415

    client = KubernetesClient(access=Access(server=url), recorder=Recorder(Redactor()))
    return len(client.pods(_NAMESPACE, Deadline(120)))


def typed(url: str) -> int:
    """List with the official client, and return how many pods there are."""
    from kubernetes.client import ApiClient, Configuration, CoreV1Api  # noqa: PLC0415 — its import counts

    configuration = Configuration()
    configuration.host = url
    return len(CoreV1Api(ApiClient(configuration)).list_namespaced_pod(_NAMESPACE).items)


def read(who: str, url: str) -> None:
    """Read once, and print seconds, megabytes and pods."""
    began = time.perf_counter()
    count = {"ours": ours, "typed": typed}[who](url)
    took = time.perf_counter() - began
    print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, count)


@contextmanager
def served() -> Iterator[str]:
    """Run the server in a process of its own, and yield its address."""
    command = [sys.executable, "-m", "benchmarks.kubernetes_pods", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout is not None else ""
        finally:
            server.kill()


def timed(who: str, url: str) -> tuple[float, float, int]:
    """Return the smallest time of several runs in seconds, the largest memory in megabytes, and the pods read."""
    runs = []
    for _ in range(RUNS):
        command = [sys.executable, "-m", "benchmarks.kubernetes_pods", who, url]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        took, memory, count = done.stdout.split()
        runs.append((float(took), float(memory), int(count)))
    return min(run[0] for run in runs), max(run[1] for run in runs), min(run[2] for run in runs)


def main() -> int:
    """Compare, print, and return the exit code."""
    with served() as url:
        their_time, their_memory, theirs = timed("typed", url)
        our_time, our_memory, found = timed("ours", url)
    ratio = our_time / their_time
    sys.stdout.write(
        f"pods         {found} ours, {theirs} the typed list's\n"
        f"ours         {our_time:.2f} s (min of {RUNS}), {our_memory:.0f} MB resident (limit {MEMORY})\n"
        f"typed list   {their_time:.2f} s (min of {RUNS}), {their_memory:.0f} MB resident\n"
        f"ratio        {ratio:.3f} (limit {RATIO})\n"
    )
    return 0 if found == theirs == PODS and our_memory <= MEMORY and ratio <= RATIO else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    elif sys.argv[1:]:
        read(sys.argv[1], sys.argv[2])
    else:
        sys.exit(main())
