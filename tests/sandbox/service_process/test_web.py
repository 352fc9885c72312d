"""A service answers, counts and logs each request, and nothing that a handler does takes it down."""

import http.client
import json
import socket
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from apgms_ops.sandbox.service_process.log import Log
from apgms_ops.sandbox.service_process.message import Refused, Request, Response, reply
from apgms_ops.sandbox.service_process.metrics import RequestMetrics
from apgms_ops.sandbox.service_process.peer import Peer
from apgms_ops.sandbox.service_process.router import Route, Router
from apgms_ops.sandbox.service_process.switches import Spec, Switches
from apgms_ops.sandbox.service_process.unavailable import Unavailable
from apgms_ops.sandbox.service_process.web import Application, Server

ROUTE = "/things/{id}"


class House:
    """A service of one route, on a clock that ticks 0.2 s at every look."""

    def __init__(self) -> None:
        """Make it."""
        self.registry = CollectorRegistry()
        self.switches = Switches(Spec())
        self.metrics = RequestMetrics("house", self.registry, self.switches)
        self._now = 0.0
        router = Router()
        router.add(Route("GET", ROUTE, self.handle, ()))
        router.add(Route("POST", ROUTE, lambda request: reply(200, request.json()), ()))
        self.metrics.expect("GET", ROUTE, 200)
        self.application = Application(router, self.metrics, Log("house", "house-1"), self.clock)

    def clock(self) -> float:
        """Tick."""
        self._now += 0.2
        return self._now

    @staticmethod
    def handle(request: Request) -> Response:
        """Do what the path says."""
        match request.values["id"]:
            case "refused":
                raise Refused(422, "odd", "that is odd")
            case "away":
                raise Unavailable("database", "it does not answer")  # noqa: EM101 — the name of what is away
            case "broken":
                raise ZeroDivisionError
            case "empty":
                return Response(204)
            case found:
                return reply(200, {"id": found})

    def ask(self, path: str, **headers: str) -> tuple[int, dict[str, object], Response]:
        """Ask for a path."""
        response = self.application.answer("GET", path, headers, b"")
        return response.status, json.loads(response.body), response

    def counted(self, status: int) -> float | None:
        """Return how many answers of a status were counted."""
        labels = {"service": "house", "method": "GET", "route": ROUTE, "status": str(status)}
        return self.registry.get_sample_value("http_requests_total", labels)

    def bucket(self, edge: str) -> float | None:
        """Return how many good answers took no longer than an edge."""
        labels = {"service": "house", "method": "GET", "route": ROUTE, "status": "200", "le": edge}
        return self.registry.get_sample_value("http_request_duration_seconds_bucket", labels)


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [("refused", 422, "odd"), ("away", 503, "unavailable"), ("broken", 500, "internal")],
)
def test_a_failure_is_answered_in_one_form_and_counted(path: str, status: int, error: str) -> None:
    """Every error has `error`, `message` and `correlationId`, and counts under its status."""
    house = House()
    answered, body, response = house.ask(f"/things/{path}", **{"x-correlation-id": "corr-7"})
    assert answered == status
    assert body["error"] == error
    assert set(body) == {"error", "message", "correlationId"}
    assert body["correlationId"] == response.headers["X-Correlation-Id"] == "corr-7"
    assert house.counted(status) == 1


def test_a_series_is_there_before_the_first_request() -> None:
    """What never happened is 0, not absent."""
    assert House().counted(200) == 0


def test_an_unknown_path_makes_no_series() -> None:
    """Whoever asks for nonsense gets 404 and adds no label value."""
    house = House()
    before = house.metrics.scrape().body
    assert house.ask("/wp-login.php")[0] == 404
    assert house.application.answer("DELETE", "/things/1", {}, b"").status == 405
    assert house.metrics.scrape().body == before


@pytest.mark.parametrize("given", ["", "a\r\nb", "x" * 101, "<script>"])
def test_a_correlation_id_that_is_none_is_replaced(given: str) -> None:
    """What goes into the logs is an id."""
    made = House().ask("/things/1", **{"x-correlation-id": given})[2].headers["X-Correlation-Id"]
    assert made != given
    assert len(made) == 36


def test_an_answer_is_timed() -> None:
    """A request is put into the bucket that it took."""
    house = House()
    house.ask("/things/1")
    assert [house.bucket(edge) for edge in ("0.1", "0.25", "+Inf")] == [0, 1, 1]


def test_the_log_holds_no_body(capsys: pytest.CaptureFixture[str]) -> None:
    """A line names route, status and correlation id, and nothing that was sent."""
    headers = {"x-correlation-id": "corr-8", "authorization": "Bearer hunter2"}
    House().application.answer("POST", "/things/1?otp=hunter2", headers, b'{"password":"hunter2"}')
    logged = capsys.readouterr().out
    line = json.loads(logged.splitlines()[-1])
    assert (line["correlationId"], line["route"], line["status"]) == ("corr-8", ROUTE, 200)
    assert "hunter2" not in logged


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b"[" * 60_000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    """Nonsense is the client's error, not ours."""
    assert House().application.answer("POST", "/things/1", {}, body).status == 400


def test_a_histogram_can_be_wrong_in_each_way_it_is_told() -> None:
    """Zeros, milliseconds, no edge at the limit, and a bucket above the last."""
    house = House()
    house.switches.set({"histogram_zero": True})
    house.ask("/things/1")
    assert house.bucket("0.05") == 1
    house.switches.set({"histogram_zero": False, "histogram_milliseconds": True})
    house.ask("/things/1")
    assert (house.bucket("5.0"), house.bucket("+Inf")) == (1, 2)
    house.switches.set({"histogram_milliseconds": False, "histogram_no_limit_edge": True})
    assert b'le="0.25"' not in house.metrics.scrape().body
    house.switches.set({"histogram_no_limit_edge": False, "histogram_bad_bucket": True})
    lines = house.metrics.scrape().body.decode().splitlines()
    last, above = (next(line for line in lines if f'le="{edge}"' in line and "200" in line) for edge in ("+Inf", "5.0"))
    assert float(above.split()[-1]) > float(last.split()[-1])


@pytest.fixture
def served() -> Iterator[int]:
    """Serve a house, and return its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = Server(port, House().application, "house")
    server.start()
    yield port
    server.stop()


def test_a_connection_is_kept_through_good_answers_bad_ones_and_empty_ones(served: int) -> None:
    """One connection carries many requests."""
    connection = http.client.HTTPConnection("127.0.0.1", served, timeout=10)
    statuses = []
    for path in ("/things/1", "/things/empty", "/things/broken", "/nothing", "/things/2"):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
        assert connection.sock is not None
    connection.close()
    assert statuses == [200, 204, 500, 404, 200]


def test_a_body_without_a_good_length_is_refused(served: int) -> None:
    """A length that is too large, or none, ends the connection with 400."""
    connection = http.client.HTTPConnection("127.0.0.1", served, timeout=10)
    connection.request("POST", "/things/1", b"{}", {"Content-Length": "100000000"})
    assert connection.getresponse().status == 400
    connection.close()


def test_a_peer_that_came_back_is_asked_over_a_new_connection(served: int) -> None:
    """A kept connection that was closed meanwhile fails no request."""
    peer = Peer("house", "127.0.0.1", served, 10)
    assert peer.ask("POST", "/things/1", {"a": 1}).json() == {"a": 1}
    (kept,) = peer._idle
    assert kept.sock is not None
    kept.sock.shutdown(socket.SHUT_RDWR)
    assert peer.ask("GET", "/things/1").status == 200
    peer.close()


def test_a_peer_that_is_gone_is_unavailable() -> None:
    """Nobody at the address is an error that can be answered with 503."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="house"):
            Peer("house", "127.0.0.1", probe.getsockname()[1], 5).ask("GET", "/")
