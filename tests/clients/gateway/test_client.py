"""What a service answers, and what is no answer."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from apgms_ops.clients.gateway import Health, LookUp, ServiceClient, Services, Standing
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Unobserved
from apgms_ops.observation import Identity, Recorder

VERSION = {
    "service": "registries",
    "version": "v1.4.2",
    "gitSha": "0" * 40,
    "builtAt": "2026-11-24T01:02:03Z",
    "environment": "staging",
}
Answers = dict[str, tuple[int, object]]
Serve = Callable[[Answers], ServiceClient]


@pytest.fixture
def recorder() -> Recorder:
    """Keeps what was seen."""
    return Recorder(lambda text: text)


@pytest.fixture
def serve(recorder: Recorder) -> Iterator[Serve]:
    """A server that answers what a test says: path → status, and JSON or raw text."""
    answers: Answers = {"/version": (200, VERSION)}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, "<html>no such page</html>"))
            is_text = isinstance(body, str)
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4" if is_text else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def start(more: Answers) -> ServiceClient:
        answers.update(more)
        return ServiceClient("registries", f"http://127.0.0.1:{server.server_port}", recorder)

    yield start
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_version_says_which_estate_answers(serve: Serve, recorder: Recorder) -> None:
    """The environment of `/version` is recorded as the identity of the services."""
    assert serve({}).version(Deadline(5)).git_sha == "0" * 40
    assert recorder.seen[0] == (Identity("services", "staging"),)


@pytest.mark.parametrize("key", list(VERSION))
def test_a_version_without_a_field_is_none(serve: Serve, key: str) -> None:
    """Every one of the five fields must be there, and not be empty."""
    for body in ({k: v for k, v in VERSION.items() if k != key}, {**VERSION, key: ""}, {**VERSION, key: None}):
        with pytest.raises(BadAnswer):
            serve({"/version": (200, body)}).version(Deadline(5))


@pytest.mark.parametrize(
    ("status", "body", "health"),
    [
        (200, {"ok": True, "checks": {"db": True}}, Health(ok=True, checks={"db": True})),
        (503, {"ok": False, "checks": {"db": False}}, Health(ok=False, checks={"db": False})),
        (200, {"ok": False}, None),
        (503, {"ok": True}, None),
        (200, {"ok": "yes"}, None),
        (200, [], None),
        (200, "ok", None),
        (500, {"ok": False}, None),
    ],
)
def test_health_is_believed_where_status_and_body_agree(
    serve: Serve, status: int, body: object, health: Health | None
) -> None:
    """Good and bad health are facts; anything else is no answer."""
    replica = serve({"/health/ready": (status, body)})
    if health is None:
        with pytest.raises(BadAnswer):
            replica.health(Deadline(5))
    else:
        assert replica.health(Deadline(5)) == health


ABN = "53004085616"
ACTIVE = {"abn": ABN, "status": "active", "legalName": "Synthetic Pty Ltd", "source": "abr"}


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (200, ACTIVE, LookUp(Standing.ACTIVE, ABN, "abr")),
        (200, {**ACTIVE, "status": "cancelled", "source": "cache"}, LookUp(Standing.CANCELLED, ABN, "cache")),
        (200, {**ACTIVE, "abn": "51824753556"}, LookUp(Standing.ACTIVE, "51824753556", "abr")),
        (422, {"error": "abn_invalid"}, LookUp(Standing.INVALID, None, None)),
        (404, {"error": "abn_unknown"}, LookUp(Standing.UNKNOWN, None, None)),
        (404, "<html>no such page</html>", None),
        (404, {"error": "no_route"}, None),
        (422, {"error": "body_invalid"}, None),
        (200, {**ACTIVE, "status": "unknown"}, None),
        (200, {"abn": ABN, "status": "active"}, None),
        (504, {"error": "abr_timeout"}, None),
        (401, {"error": "unauthorized"}, None),
    ],
)
def test_a_look_up_is_believed_where_it_speaks_of_a_number(
    serve: Serve, recorder: Recorder, status: int, body: object, found: LookUp | None
) -> None:
    """Active, cancelled, invalid and unknown are facts; a 404 of the route, another shape and 5xx are no answers."""
    replica = serve({f"/registries/abn/{ABN}?fresh=true": (status, body)})
    if found is None:
        with pytest.raises(Unobserved):
            replica.abn(ABN, Deadline(5), fresh=True)
    else:
        assert replica.abn(ABN, Deadline(5), fresh=True) == found
    assert Identity("services", "staging") in recorder.seen[0]


def test_metrics_are_read_from_text_alone(serve: Serve) -> None:
    """The text format is read; JSON, or a page of an error, is not."""
    assert list(serve({"/metrics": (200, "up 1\n")}).metrics(Deadline(5))) == ["up"]
    for status, body in ((200, {"up": 1}), (503, "up 1\n"), (200, "<html>")):
        with pytest.raises(BadAnswer):
            serve({"/metrics": (status, body)}).metrics(Deadline(5))


def test_a_service_without_an_address_cannot_be_asked(recorder: Recorder) -> None:
    """Replicas are those that the environment names; none is not an empty answer."""
    services = Services(urls={"audit": ("http://127.0.0.1:1", "http://127.0.0.1:2"), "payments": ()}, recorder=recorder)
    assert [replica.url[-1] for replica in services.replicas("audit")] == ["1", "2"]
    with pytest.raises(Unobserved, match=r"services\.payments\.urls is not declared"):
        services.replicas("payments")
