"""Deployments of a tiny program, and how its pods are looked at and asked."""

import http.client
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import images, workloads
from apgms_ops.sandbox.cluster.api import Object, namespaced
from apgms_ops.sandbox.kubernetes.objects import PLATFORM
from apgms_ops.sandbox.world import World

# Answers on its pod's address, says so on its log, and ends as it is told to: with the code in the file `end`.
PROGRAM = """
import http.server, os, sys, threading, time
name, version, folder = os.environ["POD_NAME"], sys.argv[1], sys.argv[2]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/end":
            print("ending", flush=True)
            os._exit(3)
        self.send_response(503 if os.path.exists(folder + "/unready") else 200)
        self.end_headers()
        self.wfile.write(version.encode())
    def log_message(self, *_): pass
print("started", version, flush=True)
http.server.ThreadingHTTPServer((os.environ["POD_IP"], 8080), Handler).serve_forever()
"""


def manifest(version: str, folder: Path) -> dict[str, Any]:
    """Return what the image of a tiny program holds."""
    commands = {"say": [sys.executable, "-c", "import sys; print('said', *sys.argv[1:]); sys.exit(7)"], "cat": ["cat"]}
    program = [sys.executable, "-c", PROGRAM, version, str(folder)]
    return {"service": "tiny", "version": version, "program": program, "commands": commands}


def deployment(name: str, tag: str = "v1", replicas: int = 1) -> Object:
    """Return a Deployment of tiny programs."""
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
    container = {
        "name": name,
        "image": images.reference("tiny", tag),
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": probe,
    }
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 2},
    }
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "template": template,
    }
    metadata = {"name": name, "namespace": PLATFORM}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def eventually(so: Callable[[], object], seconds: float = 20.0) -> Any:  # noqa: ANN401 — whatever it is
    """Wait until something is so, and return it."""
    deadline = Deadline(seconds)
    while not (found := so()):
        deadline.pause(0.05, "what was asked for")
    return found


def pod(world: World, app: str) -> Object:
    """Return the only pod of a Deployment."""
    items = workloads.admin(world).list(namespaced("v1", PLATFORM, "pods"), labelSelector=f"app={app}")["items"]
    assert len(items) == 1
    return dict(items[0])


def container(world: World, app: str) -> dict[str, Any]:
    """Return the status of its container."""
    return dict((pod(world, app)["status"].get("containerStatuses") or [{}])[0])


def ask(found: Object, path: str) -> tuple[int, str]:
    """Ask a pod itself."""
    with closing(http.client.HTTPConnection(found["status"]["podIP"], 8080, timeout=5)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def end(found: Object) -> None:
    """Let a pod's process end with 3."""
    with pytest.raises((OSError, http.client.HTTPException)):
        ask(found, "/end")


def log(world: World, name: str, **query: str) -> tuple[int, str]:
    """Ask the API for a pod's log."""
    access = workloads.admin(world)._access
    text = "&".join(f"{key}={value}" for key, value in query.items())
    path = f"{namespaced('v1', PLATFORM, 'pods', name)}/log?{text}"
    with closing(http.client.HTTPConnection(access.host, access.port, timeout=5)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {access.token}"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def execute(
    world: World, name: str, *command: str, version: str = "v4", given: bytes | None = None
) -> dict[int, bytes]:
    """Run a command in a pod over the API, and return what came on each channel."""
    access = workloads.admin(world)._access
    words = "&".join(f"command={word}" for word in command)
    streams = "stdout=true&stderr=true" + ("&stdin=true" if given is not None else "")
    url = f"ws://{access.host}:{access.port}{namespaced('v1', PLATFORM, 'pods', name)}/exec?{words}&{streams}"
    headers = {"Authorization": f"Bearer {access.token}"}
    found: dict[int, bytes] = {}
    protocol: Any = f"{version}.channel.k8s.io"
    with connect(url, additional_headers=headers, subprotocols=[protocol], proxy=None) as connection:
        if given is not None:
            connection.send(b"\0" + given)
            connection.send(b"\xff\0")
        for message in connection:
            assert isinstance(message, bytes)
            found[message[0]] = found.get(message[0], b"") + message[1:]
    return found


def events(world: World, name: str) -> dict[str, int]:
    """Return the events of a pod: reason → how often."""
    items = workloads.admin(world).list(namespaced("v1", PLATFORM, "events"))["items"]
    return {entry["reason"]: entry["count"] for entry in items if entry["involvedObject"]["name"] == name}
