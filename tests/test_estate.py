"""The clients of an environment over their access paths."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.doctor import Aspect, examine, targets_of
from apgms_ops.environment.model import Environment
from apgms_ops.errors import AccessDenied, Unreachable
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor
from apgms_ops.verdict import Verdict

UID = "0f0e0d0c-aaaa-4bbb-8ccc-123456789abc"
PROXY = "/api/v1/namespaces/observability/services/prometheus:9090/proxy"
CONFIG = "global:\n  external_labels:\n    cluster: toy\n"


def status(code: int, reason: str, message: str) -> dict[str, Any]:
    """Return a Status object."""
    return {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message}


class ApiServer:
    """Plays an API server with a Prometheus behind its proxy."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.answers: dict[str, tuple[int, Any]] = {
            "/api/v1/namespaces/kube-system": (
                200,
                {"kind": "Namespace", "metadata": {"name": "kube-system", "uid": UID}},
            ),
            "/version": (200, {"major": "1", "minor": "31", "gitVersion": "v1.31.2"}),
            f"{PROXY}/api/v1/status/config": (200, {"status": "success", "data": {"yaml": CONFIG}}),
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": (201, {"status": {"allowed": True}}),
        }
        answers = self.answers

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """Answer."""
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                code, data = answers.get(self.path.partition("?")[0], (404, status(404, "NotFound", "not found")))
                body = json.dumps(data).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 — as the base class calls it

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — as the base class names it
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """An API server for one test."""
    it = ApiServer()
    yield it
    it.close()


def environment(server: ApiServer) -> Environment:
    """Return an environment whose Prometheus is behind the API server."""
    return Environment.model_validate(
        {
            "name": "toy",
            "identities": {"kubernetes": UID, "prometheus": "toy"},
            "services": {
                "payments": {
                    "deployment": "payments",
                    "replicas": 1,
                    "objectives": [{"kind": "reconciliation-delay", "limit": "1h", "source": "a test"}],
                }
            },
            "kubernetes": {"server": server.url, "namespace": "platform"},
            "prometheus": {"via": "kubernetes:observability/svc/prometheus:9090"},
        }
    )


def test_prometheus_is_read_through_the_api_server(server: ApiServer) -> None:
    """Its answers are its own, and both systems say which they are."""
    recorder = Recorder(Redactor())
    estate = Estate(environment(server), {}, recorder)
    assert estate.prometheus.identity(Deadline(5)) == "toy"
    assert {(seen.system, seen.id) for seen in recorder.seen[0]} == {("kubernetes", UID), ("prometheus", "toy")}
    assert estate.prometheus.source == "Prometheus at kubernetes:observability/svc/prometheus:9090"


def test_what_the_api_server_says_is_not_taken_for_prometheus(server: ApiServer) -> None:
    """No endpoints and no permission are said as that, and asked for no more often than they should be."""
    estate = Estate(environment(server), {}, Recorder(Redactor()))
    server.answers[f"{PROXY}/api/v1/status/config"] = (503, status(503, "ServiceUnavailable", "no endpoints available"))
    with pytest.raises(Unreachable, match="no endpoints available"):
        estate.prometheus.identity(Deadline(5))
    server.answers[f"{PROXY}/api/v1/status/config"] = (403, status(403, "Forbidden", "cannot get services/proxy"))
    with pytest.raises(AccessDenied, match="grant get on services/proxy prometheus:9090 in namespace observability"):
        estate.prometheus.identity(Deadline(5))


def test_the_doctor_asks_the_cluster_for_every_right(server: ApiServer) -> None:
    """Reachable, permitted, of a version, the pinned one and on time; a right that is missing is named."""
    targets = [target for target in targets_of(environment(server)) if target.name == "kubernetes"]
    (diagnosis,) = examine(environment(server), targets, {}, Deadline(20))
    assert {finding.verdict for finding in diagnosis.findings.values()} == {Verdict.PASS}
    server.answers["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"] = (201, {"status": {"allowed": False}})
    (diagnosis,) = examine(environment(server), targets, {}, Deadline(20))
    permitted = diagnosis.findings[Aspect.PERMITTED]
    assert permitted.verdict is Verdict.FAIL
    assert "no list on deployments.apps in platform: bind the role apgms-ops-reader" in permitted.remedy
    server.answers["/version"] = (200, {"major": "1", "minor": "26+", "gitVersion": "v1.26.9"})
    (diagnosis,) = examine(environment(server), targets, {}, Deadline(20))
    assert diagnosis.findings[Aspect.VERSION].verdict is Verdict.UNKNOWN
