"""The API server's proxy: an HTTP request goes to a pod, or to one behind a service, and its answer comes back."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import pytest

from apgms_ops.sandbox.kubernetes.credentials import READER
from tests.contract.kubernetes import fake_node
from tests.contract.kubernetes.conftest import PLATFORM, Cluster, pods, template

pytestmark = pytest.mark.sandbox

_LOOPBACK: Final = "127.77.0.9"
"""Where the pod listens."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Say what was asked."""
        body = json.dumps({"path": self.path, "token": self.headers.get("Authorization")}).encode()
        self.send_response(418 if self.path.startswith("/teapot") else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the library's name
        """Say nothing."""


@contextmanager
def listening() -> Iterator[int]:
    """Listen as the pod does."""
    server = ThreadingHTTPServer((_LOOPBACK, 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture(scope="module")
def served(running: Cluster) -> Iterator[tuple[str, int]]:
    """A pod in the platform's namespace that answers, and a service before it, of the same name; its name and port."""
    name = f"web-{uuid.uuid4().hex[:6]}"
    network = running.world.get("kubernetes.pod_network", "127")
    with listening() as port:
        wanted = {"apiVersion": "v1", "kind": "Pod", **template("web")}
        annotations = {fake_node.ADDRESS: f"{network}{_LOOPBACK.removeprefix('127')}"}
        wanted["metadata"] = {"name": name, "labels": {"app": name}, "annotations": annotations}
        wanted["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": port}]
        running.make(pods(PLATFORM), wanted)
        ports = [{"name": "web", "port": 8080, "targetPort": "http"}]
        spec = {"selector": {"app": name}, "ports": ports}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
        services = f"/api/v1/namespaces/{PLATFORM}/services"
        running.make(services, service)
        running.until(f"/api/v1/namespaces/{PLATFORM}/endpoints/{name}", lambda now: now.get("subsets"))
        yield name, port
        running.ask("DELETE", f"{services}/{name}")
        running.ask("DELETE", pods(PLATFORM, name))


def test_a_request_goes_to_a_pods_port(cluster: Cluster, served: tuple[str, int]) -> None:
    """Path and query arrive as they were sent, the answer comes back as it is, and our token stays behind."""
    name, port = served
    answer = cluster.http(READER).get(f"{pods(PLATFORM, f'{name}:{port}')}/proxy/version?deep=1")
    assert (answer.status_code, answer.json()) == (200, {"path": "/version?deep=1", "token": None})


def test_a_request_goes_to_what_is_behind_a_service(cluster: Cluster, served: tuple[str, int]) -> None:
    """A service is reached by its port's number or name, with or without the scheme."""
    name, _ = served
    for target in (f"{name}:8080", f"{name}:web", f"http:{name}:8080", f"http:{name}:web"):
        path = f"/api/v1/namespaces/{PLATFORM}/services/{target}/proxy/-/ready"
        answer = cluster.http(READER).get(path)
        assert (answer.status_code, answer.json()["path"]) == (200, "/-/ready"), target


def test_an_error_from_behind_comes_back_as_it_is(cluster: Cluster, served: tuple[str, int]) -> None:
    """The status of what stands behind is not the API server's."""
    name, port = served
    answer = cluster.http(READER).get(f"{pods(PLATFORM, f'{name}:{port}')}/proxy/teapot")
    assert (answer.status_code, answer.json()["path"]) == (418, "/teapot")


def test_what_is_not_there_is_not_found(cluster: Cluster) -> None:
    """A pod or service that does not exist is 404 from the API server."""
    for path in (
        f"{pods(PLATFORM, 'none:80')}/proxy/",
        f"/api/v1/namespaces/{PLATFORM}/services/none:80/proxy/",
    ):
        status, answer = cluster.ask("GET", path, context=READER)
        assert (status, answer["reason"]) == (404, "NotFound"), path


def test_a_port_that_nobody_listens_on_is_unavailable(cluster: Cluster, served: tuple[str, int]) -> None:
    """A refused connection behind the proxy is an error of the API server, in its own words."""
    name, _ = served
    status, answer = cluster.ask("GET", f"{pods(PLATFORM, f'{name}:1')}/proxy/", context=READER)
    assert (status, answer["reason"]) == (503, "ServiceUnavailable")
    assert "error trying to reach service" in answer["message"]


def test_a_service_without_a_ready_pod_says_so(cluster: Cluster, namespace: str) -> None:
    """A service behind which nothing is ready is 503: no endpoints available."""
    spec = {"selector": {"app": "nobody"}, "ports": [{"port": 80}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "empty"}, "spec": spec}
    cluster.make(f"/api/v1/namespaces/{namespace}/services", service)
    path = f"/api/v1/namespaces/{namespace}/services/empty:80/proxy/"
    until = time.monotonic() + 10
    status, answer = cluster.ask("GET", path)
    while status == HTTPStatus.NOT_FOUND and time.monotonic() < until:  # its endpoints are made by a controller
        time.sleep(0.05)
        status, answer = cluster.ask("GET", path)
    assert (status, answer["reason"]) == (503, "ServiceUnavailable")
    assert answer["message"] == 'no endpoints available for service "empty"'


def test_an_address_that_is_no_pods_is_not_proxied_to(
    cluster: Cluster, namespace: str, served: tuple[str, int]
) -> None:
    """Endpoints that somebody wrote by hand, without a pod, lead nowhere through the proxy."""
    _, port = served
    metadata = {"name": "outside", "namespace": namespace}
    ports = [{"name": "http", "port": port}]
    services, endpoints = (f"/api/v1/namespaces/{namespace}/{plural}" for plural in ("services", "endpoints"))
    cluster.make(services, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports}})
    subset = {"addresses": [{"ip": f"10{_LOOPBACK.removeprefix('127')}"}], "ports": ports}
    cluster.make(endpoints, {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": [subset]})
    status, answer = cluster.ask("GET", f"{services}/outside:http/proxy/")
    assert (status, answer["reason"]) == (503, "ServiceUnavailable")
