"""What changes something is sent once, whatever comes of it."""

import socket
from collections.abc import Callable
from typing import Protocol

import pytest

from apgms_ops.clients.http import HttpWriter
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, Unreachable
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret


class Server(Protocol):
    """The wire server of conftest.py."""

    url: str
    heads: list[bytes]

    def answers(self, *handlers: Callable[[socket.socket, bytes], object] | bytes) -> None:
        """Set what each request gets."""


def writer(server: Server) -> HttpWriter:
    """Return a writer."""
    return HttpWriter(system="x", url=server.url, recorder=Recorder(Redactor()), token=Secret("token-of-ours"))


def test_a_body_is_sent_as_json(server: Server) -> None:
    """Method, type, token and body are sent; an answer without a body is one."""
    server.answers(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    assert writer(server).post("/x", {"ref": "v1"}, deadline=Deadline(5)).status == 204
    head = server.heads[0].lower()
    assert head.startswith(b"post /x http/1.1")
    assert b"content-type: application/json" in head
    assert b"authorization: bearer token-of-ours" in head


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_may_have_taken_effect_is_not_sent_again(server: Server, answer: bytes) -> None:
    """A failure that a read would try again is handed back."""
    server.answers(answer)
    writer(server).post("/x", {}, deadline=Deadline(5))
    assert len(server.heads) == 1


def test_a_connection_that_is_closed_is_not_tried_again(server: Server) -> None:
    """Nobody knows whether it was heard: it is said, and not sent again."""
    server.answers(b"")
    with pytest.raises(Unreachable):
        writer(server).post("/x", {}, deadline=Deadline(5))
    assert len(server.heads) == 1


def test_a_refusal_is_one(server: Server) -> None:
    """403 is a refusal, as for reads."""
    server.answers(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    with pytest.raises(AccessDenied):
        writer(server).post("/x", {}, deadline=Deadline(5))
