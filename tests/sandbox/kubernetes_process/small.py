"""A cluster without threads: the API, its controllers and a clock that a test winds, and a node that obeys at once."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from apgms_ops.sandbox.kubernetes_process import bootstrap
from apgms_ops.sandbox.kubernetes_process.access import User
from apgms_ops.sandbox.kubernetes_process.api import Api, Parts
from apgms_ops.sandbox.kubernetes_process.clock import stamp
from apgms_ops.sandbox.kubernetes_process.controllers.every import every
from apgms_ops.sandbox.kubernetes_process.controllers.manager import Manager
from apgms_ops.sandbox.kubernetes_process.kubelet import Kubelets
from apgms_ops.sandbox.kubernetes_process.listing import Lists
from apgms_ops.sandbox.kubernetes_process.message import Answer, Request, Response, Stream
from apgms_ops.sandbox.kubernetes_process.proxy import Proxy
from apgms_ops.sandbox.kubernetes_process.registry import Registry
from apgms_ops.sandbox.kubernetes_process.store import Store
from apgms_ops.sandbox.kubernetes_process.watching import Watches

Object = dict[str, Any]
NOW = 1_800_000_000.0
NODE = "one-node"
SPACE = "platform"
ADMIN = "admin-token"
READER = "reader-token"
MERGE = "application/merge-patch+json"


class Small:
    """One cluster, asked and acted upon in one thread."""

    def __init__(self, *objects: Object) -> None:
        """Begin at noon, with namespace `platform` and what else is given."""
        self.now = NOW
        self.store = Store()
        chance = random.Random(4)  # noqa: S311 — names, the same each time
        self.registry = Registry(self.store, self.clock, chance)
        bootstrap.fill(
            self.registry, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}, *objects], ""
        )
        self.lists = Lists(self.store, self.clock)
        self.watches = Watches(self.store, self.clock)
        users = {ADMIN: User.known("admin", ("system:masters",)), READER: User.known("reader", ("readers",))}
        self.parts = Parts(
            self.registry, self.lists, self.watches, Kubelets(self.store), Proxy(self.store, chance), users
        )
        self.api = Api(self.parts)
        self.manager = Manager(self.registry, every(self.registry))
        self.manager.settle()

    def clock(self) -> float:
        """Tell the time."""
        return self.now

    # Asking

    def answer(
        self, method: str, path: str, body: object = None, *, token: str = ADMIN, media: str = "application/json"
    ) -> Answer:
        """Ask one thing."""
        path, _, query = path.partition("?")
        headers = {"authorization": f"Bearer {token}", "content-type": media, "user-agent": "test/1"}
        content = b"" if body is None else json.dumps(body).encode()
        return self.api.answer(Request(method, path, parse_qsl(query, keep_blank_values=True), headers, content, query))

    def ask(
        self, method: str, path: str, body: object = None, *, token: str = ADMIN, media: str = "application/json"
    ) -> tuple[int, Object]:
        """Ask one thing, and return status and JSON."""
        found = self.answer(method, path, body, token=token, media=media)
        assert isinstance(found, Response), found
        return found.status, json.loads(found.body) if found.body else {}

    def good(self, method: str, path: str, body: object = None, *, media: str = "application/json") -> Object:
        """Ask one thing as the administrator, which must go well."""
        status, found = self.ask(method, path, body, media=media)
        assert status < 300, found
        return found

    def events(self, path: str) -> list[tuple[str, Object]]:
        """Return what a watch tells until its time is over, which this clock lets be at once."""
        found = self.answer("GET", path)
        assert isinstance(found, Stream)
        lines = [json.loads(piece) for piece in found.pieces if piece]
        return [(line["type"], line["object"]) for line in lines]

    # Being a node

    def add_node(self, name: str = NODE) -> None:
        """Register a node that is ready."""
        status = {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": stamp(self.now)}]}
        self.registry.create("nodes", "", {"metadata": {"name": name}, "status": status})
        self.manager.settle()

    def obey(self, *, ready: bool = True, least: int = 1000) -> int:
        """Be the node: run what is bound, end what is deleted; return how many pods were touched, at most `least`."""
        touched = 0
        for pod in self.store.items("pods"):
            if touched == least or not pod["spec"].get("nodeName"):
                continue
            if pod["metadata"].get("deletionTimestamp"):
                self.registry.delete("pods", SPACE, pod["metadata"]["name"], {"gracePeriodSeconds": 0})
            elif pod["status"]["phase"] == "Pending":
                self.report(pod["metadata"]["name"], ready=ready)
            else:
                continue
            touched += 1
        self.manager.settle()
        return touched

    def obey_all(self, *, ready: bool = True) -> None:
        """Be the node until there is nothing left to do."""
        while self.obey(ready=ready):
            pass

    def report(self, name: str, *, ready: bool = True, phase: str = "Running") -> None:
        """Tell a pod's status."""
        condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": stamp(self.now)}
        status = {"phase": phase, "conditions": [condition], "podIP": f"127.1.0.{len(name)}"}
        path = f"/api/v1/namespaces/{SPACE}/pods/{name}/status"
        self.good("PATCH", path, {"status": status}, media=MERGE)
        self.manager.settle()

    def wait(self, seconds: int) -> None:
        """Let time pass, second by second."""
        for _ in range(seconds):
            self.now += 1
            self.manager.settle()

    # Looking

    def get(self, plural: str, name: str) -> Object:
        """Return an object of namespace `platform`."""
        found = self.store.get(plural, SPACE, name)
        assert found is not None
        return found

    def names(self, plural: str, where: Callable[[Object], bool] = lambda _item: True) -> list[str]:
        """Return the names of a kind in namespace `platform`."""
        return [item["metadata"]["name"] for item in self.store.items(plural, SPACE) if where(item)]

    def images(self) -> list[str]:
        """Return the images of the pods that nobody is deleting."""
        found = [pod for pod in self.store.items("pods", SPACE) if "deletionTimestamp" not in pod["metadata"]]
        return sorted(pod["spec"]["containers"][0]["image"] for pod in found)

    def make(self, plural: str, wanted: Object) -> Object:
        """Create an object in namespace `platform`, and let the controllers act."""
        found = self.registry.create(plural, SPACE, wanted)
        self.manager.settle()
        return found

    def change(self, plural: str, name: str, spec: Mapping[str, Any]) -> None:
        """Change fields of a spec, and let the controllers act."""
        self.registry.update(plural, SPACE, name, lambda old: {**old, "spec": {**old["spec"], **spec}})
        self.manager.settle()


def template(image: str = "app:v1", **spec: Any) -> Object:  # noqa: ANN401 — JSON
    """Return a pod's template, labelled `app: web`."""
    port = {"name": "http", "containerPort": 8080}
    containers = [{"name": "web", "image": image, "ports": [port]}]
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers, **spec}}


def workload(replicas: int = 2, image: str = "app:v1", **spec: Any) -> Object:  # noqa: ANN401 — JSON
    """Return a Deployment or a StatefulSet that can be created."""
    wanted = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template(image)}
    return {"metadata": {"name": "web"}, "spec": {**wanted, **spec}}


def rolling(surge: int | str, unavailable: int | str) -> Object:
    """Return a Deployment's strategy."""
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
