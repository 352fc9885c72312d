"""The API servers of the contract: a real control plane and its stand-in. The same tests on both."""

import base64
import json
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.kubernetes.component import Kubernetes
from apgms_ops.sandbox.kubernetes.credentials import ADMIN
from apgms_ops.sandbox.kubernetes.twin import RealKubernetes
from apgms_ops.sandbox.platform import TEMPLATE
from apgms_ops.sandbox.world import World
from tests.contract.kubernetes import fake_kubelet, fake_node

SERVERS: dict[str, Callable[[], Component]] = {"real": RealKubernetes, "stand-in": Kubernetes}
_NO_TLS: Final = "it speaks plain HTTP, over which kubectl sends no token"
EXCLUDED: Final = {
    "test_it_lists_deployments": _NO_TLS,
    "test_it_follows_a_rollout": _NO_TLS,
    "test_it_scales_and_deletes": _NO_TLS,
    "test_it_reads_logs": _NO_TLS,
    "test_it_runs_commands": _NO_TLS,
    "test_it_says_what_may_be_done": _NO_TLS,
    "test_it_knows_the_servers_version": _NO_TLS,
    "test_an_address_that_is_no_pods_is_not_proxied_to": "it does: Prometheus is no pod in the sandbox",
}
"""The tests that the stand-in is not asked to pass, each with the reason."""
PLATFORM: Final = "platform"
Object = dict[str, Any]
_ROOT: Final = Path(__file__).parents[3]
_PATCHES: Final = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}
_PATIENCE: Final = 30.0


@dataclass
class Cluster:
    """A running API server, and what a test asks it."""

    world: World
    component: Component
    _clients: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def real(self) -> bool:
        """Whether it is the real one."""
        return isinstance(self.component, RealKubernetes)

    @property
    def kubeconfig(self) -> Path:
        """The file that says where it is."""
        return Path(self.world.get("kubernetes.kubeconfig"))

    def http(self, context: str = ADMIN, token: str | None = None) -> httpx.Client:
        """Return a plain HTTP client that asks as a user of the kubeconfig, or with another token."""
        kept = context if token is None else f"token {token}"
        if kept in self._clients:
            return self._clients[kept]
        config = yaml.safe_load(self.kubeconfig.read_text(encoding="utf-8"))
        cluster = config["clusters"][0]["cluster"]
        authority = cluster.get("certificate-authority-data")
        trusted = ssl.create_default_context(cadata=base64.b64decode(authority).decode("ascii")) if authority else True
        own = {user["name"]: user["user"]["token"] for user in config["users"]}
        given = own[context] if token is None else token
        headers = {"Authorization": f"Bearer {given}"} if given else {}
        client = httpx.Client(base_url=cluster["server"], headers=headers, verify=trusted, timeout=20, trust_env=False)
        return self._clients.setdefault(kept, client)

    def ask(
        self, method: str, path: str, body: object = None, *, context: str = ADMIN, patch: str = "", **query: str
    ) -> tuple[int, Object]:
        """Ask one thing, and return status and JSON."""
        headers = {"Content-Type": _PATCHES[patch] if patch else "application/json"}
        content = None if body is None else json.dumps(body)
        answer = self.http(context).request(method, path, content=content, headers=headers, params=query)
        return answer.status_code, answer.json()

    def get(self, path: str, *, context: str = ADMIN, **query: str) -> Object:
        """Return what is there."""
        return _good(self.ask("GET", path, context=context, **query))

    def make(self, path: str, body: Object, *, context: str = ADMIN) -> Object:
        """Create an object."""
        return _good(self.ask("POST", path, body, context=context))

    def patch(self, path: str, body: object, kind: str = "merge") -> Object:
        """Change an object."""
        return _good(self.ask("PATCH", path, body, patch=kind))

    def until(self, path: str, holds: Callable[[Object], object], **query: str) -> Object:
        """Look again and again until what is there is as wanted, and return it."""
        began = time.monotonic()
        while True:
            status, seen = self.ask("GET", path, **query)
            if status == 200 and holds(seen):
                return seen
            assert time.monotonic() < began + _PATIENCE, f"{path} stays {status}: {json.dumps(seen)[:4000]}"
            time.sleep(0.05)

    def gone(self, path: str) -> None:
        """Wait until nothing is there."""
        began = time.monotonic()
        while self.ask("GET", path)[0] != 404:
            assert time.monotonic() < began + _PATIENCE, f"{path} does not go"
            time.sleep(0.05)

    def forget(self) -> None:
        """Let it forget every version but the present one, as it does by itself after some minutes."""
        if self.real:
            etcd = httpx.Client(base_url=f"http://127.0.0.1:{self.world.port('kubernetes.etcd')}", trust_env=False)
            with etcd:
                present = etcd.post("/v3/kv/range", json={"key": "eA=="}).json()["header"]["revision"]
                etcd.post("/v3/kv/compaction", json={"revision": present}).raise_for_status()
        else:
            control = httpx.Client(
                base_url=f"http://127.0.0.1:{self.world.port('kubernetes.control')}", trust_env=False
            )
            with control:
                for order in ("/tokens/expire", "/changes/forget"):
                    control.post(order).raise_for_status()

    def close(self) -> None:
        """Close the clients."""
        for client in self._clients.values():
            client.close()


def _good(answer: tuple[int, Object]) -> Object:
    status, body = answer
    assert status < 300, f"{status}: {body.get('message', body)}"
    return body


@pytest.fixture(scope="package", params=list(SERVERS))
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server of this folder's own, with a node that has no containers."""
    component = SERVERS[request.param]()
    said: list[str] = []
    world = World(tmp_path_factory.mktemp(request.param) / "world", report=said.append)
    world.set(TEMPLATE, str(_ROOT / "environments" / "sandbox.toml"))
    try:
        component.install(world, Deadline(1800))
    except SandboxError as error:
        pytest.skip(f"no {request.param} Kubernetes: {error}")
    try:
        component.start(world, Deadline(90))
        component.ready(world, Deadline(60))
        cluster = Cluster(world, component)
        folder = tmp_path_factory.mktemp("kubelet")
        with fake_kubelet.running(folder) as port, fake_node.running(cluster.http(), port):
            yield cluster
        cluster.close()
    finally:
        world.destroy(Deadline(20))


@pytest.fixture
def cluster(running: Cluster, request: pytest.FixtureRequest) -> Cluster:
    """The server, if this test is one that it is to pass."""
    if not running.real and request.node.originalname in EXCLUDED:
        pytest.skip(f"the stand-in: {EXCLUDED[request.node.originalname]}")
    return running


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of this test's own."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    cluster.make("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    cluster.ask("DELETE", f"/api/v1/namespaces/{name}")


def pods(namespace: str, name: str = "") -> str:
    """Return the path of the pods of a namespace, or of one of them."""
    return f"/api/v1/namespaces/{namespace}/pods" + (f"/{name}" if name else "")


def apps(namespace: str, plural: str, name: str = "") -> str:
    """Return the path of Deployments and the like."""
    return f"/apis/apps/v1/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")


def configmaps(namespace: str, name: str = "") -> str:
    """Return the path of ConfigMaps, which nothing acts upon."""
    return f"/api/v1/namespaces/{namespace}/configmaps" + (f"/{name}" if name else "")


def configmap(name: str, **data: str) -> Object:
    """Return a ConfigMap that can be created."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def events(namespace: str) -> str:
    """Return the path of events, which a real API server reads from etcd each time, past its cache."""
    return f"/api/v1/namespaces/{namespace}/events"


def event(name: str, namespace: str, **told: object) -> Object:
    """Return an event about the pod `one` that can be created; it happened now."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    times = {"firstTimestamp": now, "lastTimestamp": now, "count": 1}
    about = {"kind": "Pod", "name": "one", "namespace": namespace}
    plain = {"reason": "Started", "message": "-", "type": "Normal", "involvedObject": about, **times}
    return {"apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, **plain, **told}


def template(name: str, image: str = "registry.example/app:v1", mood: str = "") -> Object:
    """Return a pod's template: one container, named as the app."""
    annotations = {fake_node.MOOD: mood} if mood else {}
    port = {"name": "http", "containerPort": 8080}
    return {
        "metadata": {"labels": {"app": name}, "annotations": annotations},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": name, "image": image, "ports": [port]}],
        },
    }


def deployment(name: str, replicas: int = 2, image: str = "registry.example/app:v1", **spec: object) -> Object:
    """Return a Deployment that can be created."""
    wanted = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template(name, image)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {**wanted, **spec}}
