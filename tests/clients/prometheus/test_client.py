"""The verbs, over a real socket: identity first, and no answer that is less than what was asked."""

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from apgms_ops.clients.prometheus import PrometheusClient
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer
from apgms_ops.observation import Identity, Recorder
from apgms_ops.redact import Redactor

AT = datetime(2026, 11, 23, tzinfo=UTC)


class Server(Protocol):
    """The wire server of conftest.py."""

    url: str
    heads: list[bytes]

    def answers(self, *handlers: Callable[[socket.socket, bytes], object] | bytes) -> None:
        """Set what each request gets."""


def ok(data: object) -> bytes:
    """Return a success on the wire."""
    body = json.dumps({"status": "success", "data": data}).encode()
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


CONFIG = ok({"yaml": "global:\n  external_labels:\n    cluster: prod\n"})
NAMELESS = ok({"yaml": "global:\n  scrape_interval: 1s\n"})
EMPTY = ok({"resultType": "vector", "result": []})


def client(server: Server, recorder: Recorder, *ticks: float) -> PrometheusClient:
    """Return a client whose clock shows these seconds."""
    times = iter(ticks or (0.0,) * 99)
    return PrometheusClient(url=server.url, recorder=recorder, clock=lambda: next(times), now=lambda: AT)


def test_the_server_is_identified_before_it_is_read(server: Server) -> None:
    """The first request asks who answers, and the recorder hears it; the configuration itself is not kept."""
    recorder = Recorder(Redactor())
    server.answers(CONFIG, EMPTY)
    client(server, recorder).vector("up", at=AT, deadline=Deadline(5))
    assert [head.split()[1].partition(b"?")[0] for head in server.heads] == [b"/api/v1/status/config", b"/api/v1/query"]
    identities, raw, _ = recorder.seen
    assert identities == (Identity("prometheus", "prod"),)
    assert raw[0].text == '{"cluster":"prod"}'


def test_a_server_without_the_label_is_recorded_as_nobody(server: Server) -> None:
    """A missing label is an identity that equals no pin."""
    recorder = Recorder(Redactor())
    server.answers(NAMELESS)
    assert client(server, recorder).identity(Deadline(5)) is None
    assert recorder.seen[0] == (Identity("prometheus", ""),)


def test_a_server_that_changes_behind_the_address_is_noticed(server: Server) -> None:
    """A later read asks again who answers."""
    recorder = Recorder(Redactor())
    server.answers(CONFIG, EMPTY, NAMELESS, EMPTY)
    prometheus = client(server, recorder, 0.0, 100.0, 100.0)
    for _ in range(2):
        prometheus.vector("up", at=AT, deadline=Deadline(5))
    assert {identity.id for identity in recorder.seen[0]} == {"prod", ""}


@pytest.mark.parametrize(
    "data",
    [
        {"resultType": "scalar", "result": [1, "1"]},
        {"resultType": "vector", "result": [{"metric": {}, "histogram": [1, {"count": "1", "sum": "1"}]}]},
    ],
)
def test_a_vector_of_numbers_is_nothing_else(server: Server, data: object) -> None:
    """A scalar or a native histogram where numbers of series were asked for is a bad answer."""
    server.answers(CONFIG, ok(data))
    with pytest.raises(BadAnswer, match="a vector of numbers was asked for"):
        client(server, Recorder(Redactor())).vector("up", at=AT, deadline=Deadline(5))


def test_the_servers_clock_is_read_beside_ours(server: Server) -> None:
    """The time of evaluation is the server's own."""
    server.answers(CONFIG, ok({"resultType": "scalar", "result": [AT.timestamp() + 60, "1"]}))
    time = client(server, Recorder(Redactor())).server_time(Deadline(5))
    assert time.server - time.ours == timedelta(minutes=1)


@pytest.mark.parametrize("step", [timedelta(), timedelta(seconds=-1), timedelta(seconds=1)])
def test_a_range_of_too_many_points_is_not_asked_for(server: Server, step: timedelta) -> None:
    """A step that Prometheus would refuse is refused before anything is sent."""
    with pytest.raises(ValueError, match="11000 points"):
        client(server, Recorder(Redactor())).matrix(
            "up", start=AT - timedelta(days=1), end=AT, step=step, deadline=Deadline(5)
        )
    assert server.heads == []
