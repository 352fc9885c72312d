"""What a rate limit asks for is waited out within the deadline, or said at once."""

import socket
from collections.abc import Callable
from typing import Protocol

import pytest

from apgms_ops.clients.http import HttpReader
from apgms_ops.deadline import Deadline
from apgms_ops.errors import RateLimited
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Server(Protocol):
    """The wire server of conftest.py."""

    url: str

    def answers(self, *handlers: Callable[[socket.socket, bytes], object] | bytes) -> None:
        """Set what each request gets."""


def reader(url: str, recorder: Recorder | None = None) -> HttpReader:
    """Return a reader whose waits are not jittered."""
    return HttpReader(system="x", url=url, recorder=recorder or Recorder(Redactor()), jitter=lambda: 0.0)


class Slept:
    """A clock that a deadline's sleep advances."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Remember, and do not wait."""
        self.waits.append(seconds)

    def deadline(self, seconds: float) -> Deadline:
        """Return a deadline on this clock."""
        return Deadline(seconds, clock=lambda: sum(self.waits), sleep=self.sleep)


def limited(*more: str) -> bytes:
    """Return a 429 with more headers."""
    head = [
        "HTTP/1.1 429 Too Many Requests",
        "Content-Type: application/json",
        "Content-Length: 2",
        "Connection: close",
    ]
    return "\r\n".join([*head, *more, "", "{}"]).encode()


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (["Retry-After: 3"], 3.0),
        (["Retry-After: 0"], 0.5),
        (["Retry-After: -7"], 0.5),
        (["Retry-After: soon"], 0.5),
        (["Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"], 0.5),
        ([], 0.5),
    ],
)
def test_a_rate_limit_is_waited_out_within_the_deadline(server: Server, header: list[str], wait: float) -> None:
    """429 is waited out as it asks, at least half a second, and asked again."""
    clock, recorder = Slept(), Recorder(Redactor())
    server.answers(limited(*header), OK)
    assert reader(server.url, recorder).get("/x", deadline=clock.deadline(20)).status == 200
    assert clock.waits == [wait]
    assert recorder.seen[2][0].cause == f"rate limited (429), waiting {wait:g} s"


@pytest.mark.parametrize("asked", ["86400", "20", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_rate_limit_beyond_the_deadline_is_said_at_once(server: Server, asked: str) -> None:
    """A wait that the deadline does not allow is not begun."""
    clock = Slept()
    server.answers(limited(f"Retry-After: {asked}"))
    with pytest.raises(RateLimited, match=r"20\.0 s are left"):
        reader(server.url).get("/x", deadline=clock.deadline(20))
    assert clock.waits == []


def test_a_rate_limit_that_never_ends_is_given_up(server: Server) -> None:
    """429 without end is given up after five answers, each wait longer than the one before."""
    clock = Slept()
    server.answers(limited())
    with pytest.raises(RateLimited, match="after 5 tries"):
        reader(server.url).get("/x", deadline=clock.deadline(1000))
    assert clock.waits == [0.5, 1.0, 2.0, 4.0]
