"""The HTTP reader against a real server that behaves as servers do at 3 a.m."""

import gzip
import socket
import threading
import time
from collections.abc import Callable
from typing import Protocol

import pytest

from apgms_ops.clients.http import HttpReader
from apgms_ops.deadline import Deadline
from apgms_ops.errors import (
    AccessDenied,
    BadAnswer,
    ConfigurationError,
    DeadlineExceeded,
    Incomplete,
    Unobserved,
    Unreachable,
)
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret

TOKEN = "s3cr3t-t0ken-of-ours"
Handler = Callable[[socket.socket, bytes], object]


class Server(Protocol):
    """The wire server of conftest.py."""

    url: str
    heads: list[bytes]
    over: threading.Event

    def answers(self, *handlers: Handler | bytes) -> None:
        """Set what each request gets."""


def response(body: bytes, status: str = "200 OK", media_type: str = "application/json", *more: str) -> bytes:
    """Return an answer as bytes on the wire."""
    head = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {media_type}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *more,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


OK = response(b'{"a":1}')


def reader(
    url: str,
    recorder: Recorder | None = None,
    *,
    token: Secret | None = None,
    ca_file: str | None = None,
    size_limit: int = 1_000_000,
) -> HttpReader:
    """Return a reader whose waits are not jittered."""
    return HttpReader(
        system="Prometheus",
        url=url,
        recorder=recorder or Recorder(Redactor([Secret(TOKEN)])),
        token=token,
        ca_file=ca_file,
        size_limit=size_limit,
        jitter=lambda: 0.0,
    )


def test_a_json_answer_is_parsed_and_recorded(server: Server) -> None:
    """A good answer yields its JSON, and the recorder keeps it."""
    server.answers(OK)
    recorder = Recorder(Redactor())
    answer = reader(f"{server.url}/prefix/", recorder).get("/x", [("q", "a b")], deadline=Deadline(5))
    assert answer.json() == {"a": 1}
    assert server.heads[0].startswith(b"GET /prefix/x?q=a+b HTTP/1.1")
    assert [(raw.name, raw.text) for raw in recorder.seen[1]] == [("GET /x?q=a+b", '{"a":1}')]


def test_a_body_that_drips_for_ever_expires(server: Server) -> None:
    """A body that arrives byte by byte ends at the deadline, not never."""

    def drip(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        while not server.over.wait(0.05):
            connection.sendall(b" ")

    server.answers(drip)
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"no complete answer within 0.4 s"):
        reader(server.url).get("/x", deadline=Deadline(0.4))
    assert time.monotonic() - began < 1.5


def test_a_head_that_drips_for_ever_expires_and_hangs_up(server: Server) -> None:
    """A head that arrives byte by byte ends at the deadline, and the connection is then closed by us."""
    closed: list[bytes] = []

    def drip(connection: socket.socket, _head: bytes) -> None:
        connection.settimeout(0.05)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not server.over.is_set():
            try:
                closed.append(connection.recv(1))
            except TimeoutError:
                connection.sendall(b"x")
            else:
                return

    server.answers(drip)
    with pytest.raises(DeadlineExceeded):
        reader(server.url).get("/x", deadline=Deadline(0.3))
    limit = time.monotonic() + 3
    while not closed and time.monotonic() < limit:
        server.over.wait(0.02)
    assert closed == [b""]


def test_a_look_up_of_the_host_name_that_hangs_expires(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that never answers ends at the deadline."""

    def hang(*_args: object, **_more: object) -> None:
        server.over.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(DeadlineExceeded):
        reader("http://prometheus.invalid").get("/x", deadline=Deadline(0.3))


def test_a_tls_handshake_that_hangs_expires(server: Server) -> None:
    """A server that accepts and never says a word of TLS ends at the deadline."""
    server.answers(lambda _connection, _head: server.over.wait(10))
    with pytest.raises(DeadlineExceeded):
        reader(server.url.replace("http:", "https:")).get("/x", deadline=Deadline(0.3))


@pytest.mark.parametrize("scheme", ["http:", "https:"])
def test_nobody_reads_from_a_line_that_was_given_up(server: Server, scheme: str) -> None:
    """Once it is said to be late its thread is over: the number of a line that is closed is that of the next file."""
    server.answers(lambda _connection, _head: server.over.wait(10))
    url = server.url.replace("http:", scheme)
    with pytest.raises(DeadlineExceeded):
        reader(url).get("/x", deadline=Deadline(0.3))
    assert [thread.name for thread in threading.enumerate() if url in thread.name] == []


@pytest.mark.parametrize(
    ("body", "media_type", "says"),
    [
        (b"<html>Log in</html>", "text/html; charset=utf-8", "not JSON"),
        (b"", "application/json", "an empty body"),
        (b'{"a":', "application/json", "malformed JSON"),
        (b'{"a":NaN}', "application/json", "NaN is not JSON"),
        (b'{"a":"\xff"}', "application/json", "not UTF-8"),
        (b"[" * 100_000, "application/json", "nested too deeply"),
        (b"9" * 10_000, "application/json", "malformed JSON"),
    ],
)
def test_what_is_not_json_is_a_bad_answer(server: Server, body: bytes, media_type: str, says: str) -> None:
    """A 200 that is no JSON is refused, with what it was."""
    server.answers(response(body, media_type=media_type))
    answer = reader(server.url).get("/x", deadline=Deadline(5))
    with pytest.raises(BadAnswer, match=says):
        answer.json()


def test_a_hostile_body_is_quoted_harmlessly(server: Server) -> None:
    """What an error quotes is redacted, on one line, bounded and without control characters."""
    server.answers(
        response(f"\x1b[31mred\u202e\nforged line token={TOKEN} {'x' * 5000}".encode(), media_type="text/html")
    )
    with pytest.raises(BadAnswer) as caught:
        reader(server.url).get("/x", deadline=Deadline(5)).json()
    text = str(caught.value)
    assert TOKEN not in text
    assert text.isprintable()
    assert len(text) < 500


def test_an_answer_that_breaks_off_is_tried_again_and_then_incomplete(server: Server) -> None:
    """A body shorter than announced is never used: it is asked for again, and in the end incomplete."""
    recorder = Recorder(Redactor())
    server.answers(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"a":1}')
    with pytest.raises(Incomplete, match="broke off") as caught:
        reader(server.url, recorder).get("/x", deadline=Deadline(5))
    assert caught.type is Incomplete
    assert len(server.heads) == 3
    assert len(recorder.seen[2]) == 2
    server.answers(OK)
    assert reader(server.url).get("/x", deadline=Deadline(5)).json() == {"a": 1}


def test_a_body_over_the_limit_is_incomplete(server: Server) -> None:
    """A body is read up to the limit, and then refused; a compressed one counts as unpacked."""
    packed = gzip.compress(b'"' + b"x" * 100_000 + b'"')
    server.answers(
        response(b'"' + b"x" * 2000 + b'"'), response(packed, "200 OK", "application/json", "Content-Encoding: gzip")
    )
    small = reader(server.url, size_limit=1000)
    for _ in range(2):
        with pytest.raises(Incomplete, match="larger than 1000 bytes"):
            small.get("/x", deadline=Deadline(5))
    assert len(server.heads) == 2


def test_a_redirect_is_not_followed_and_the_token_goes_nowhere_else(server: Server) -> None:
    """A redirect is a bad answer; its query, which may carry a ticket, is not repeated."""
    server.answers(response(b"", "302 Found", "text/html", "Location: https://login.example/?ticket=abc123"))
    with pytest.raises(BadAnswer, match=r"redirect to https://login.example \(status 302\)") as caught:
        reader(server.url, token=Secret(TOKEN)).get("/x", deadline=Deadline(5))
    assert "ticket" not in str(caught.value)
    assert len(server.heads) == 1
    assert f"Authorization: Bearer {TOKEN}".encode() in server.heads[0]


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_refused_token_is_access_denied_and_not_shown(server: Server, status: str) -> None:
    """401 and 403 are access denied, at once, and the token is in no error even if the server repeats it."""
    server.answers(response(f"bad token {TOKEN}".encode(), status, "text/plain"))
    with pytest.raises(AccessDenied, match="the token was sent") as caught:
        reader(server.url, token=Secret(TOKEN)).get("/x", deadline=Deadline(5))
    assert TOKEN not in str(caught.value)
    assert len(server.heads) == 1


def test_a_token_that_no_header_may_carry_is_not_quoted(server: Server) -> None:
    """A token with a line break or beyond ASCII fails without being shown."""
    for token in (f"{TOKEN}\n", f"{TOKEN}\u2019"):
        with pytest.raises(Unobserved, match="cannot be written") as caught:
            reader(server.url, token=Secret(token)).get("/x", deadline=Deadline(5))
        assert TOKEN not in str(caught.value)
        assert caught.value.__cause__ is None


def test_nobody_there_is_unreachable_after_three_tries() -> None:
    """A refused connection is tried three times, each recorded, and then unreachable."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    recorder = Recorder(Redactor())
    with pytest.raises(Unreachable, match="refused"):
        reader(f"http://127.0.0.1:{port}", recorder).get("/x", deadline=Deadline(5))
    assert [a.doing for a in recorder.seen[2]] == [f"Prometheus at http://127.0.0.1:{port}, GET /x"] * 2


def test_what_does_not_speak_http_is_a_bad_answer(server: Server) -> None:
    """A server of another protocol is named as such, not taken for absent."""
    server.answers(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    with pytest.raises(BadAnswer, match="does not speak HTTP"):
        reader(server.url).get("/x", deadline=Deadline(5))


def test_a_gateway_failure_is_tried_again_but_not_the_systems_own_word(server: Server) -> None:
    """503 in plain text is tried again; 503 in JSON is the system's answer."""
    server.answers(response(b"Service Unavailable", "503 Service Unavailable", "text/plain"), OK)
    assert reader(server.url).get("/x", deadline=Deadline(5)).status == 200
    server.heads.clear()
    server.answers(response(b'{"status":"error"}', "503 Service Unavailable"))
    assert reader(server.url).get("/x", deadline=Deadline(5)).status == 503
    assert len(server.heads) == 1


def test_other_statuses_are_returned_for_the_client_to_judge(server: Server) -> None:
    """400 with a JSON body is an answer that only the vendor's client can read."""
    server.answers(response(b'{"errorType":"bad_data"}', "400 Bad Request"))
    assert reader(server.url).get("/x", deadline=Deadline(5)).status == 400


def test_a_ca_file_that_cannot_be_read_is_a_configuration_error() -> None:
    """A missing file of certificates is named; nothing is sent without verification."""
    with pytest.raises(ConfigurationError, match=r"ca_file /nowhere/ca\.pem"):
        reader("https://127.0.0.1:1", ca_file="/nowhere/ca.pem").get("/x", deadline=Deadline(5))


def test_a_proxy_of_the_process_is_not_heeded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked is what the environment file names, whatever HTTP_PROXY says."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server.answers(OK)
    assert reader(server.url).get("/x", deadline=Deadline(5)).status == 200


@pytest.mark.parametrize("path", ["x", "//evil.example/x", "/x?y=1", "/x#y"])
def test_a_path_cannot_lead_to_another_host(path: str) -> None:
    """A path that could change the host or the query is refused."""
    with pytest.raises(ValueError, match="a path begins with one slash"):
        reader("http://127.0.0.1:1").get(path, deadline=Deadline(5))
