"""A watch is followed whatever happens to it: it ends, breaks off, ends in an ERROR, or is refused."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from apgms_ops.clients.kubernetes import watching
from apgms_ops.clients.kubernetes.client import KubernetesClient
from apgms_ops.clients.kubernetes.errors import Expired
from apgms_ops.clients.kubernetes.facts import Deployment
from apgms_ops.deadline import Deadline
from apgms_ops.errors import (
    AccessDenied,
    BadAnswer,
    DeadlineExceeded,
    Incomplete,
    RateLimited,
    Unobserved,
    Unreachable,
)
from apgms_ops.observation import Recorder
from tests.clients.kubernetes.objects import deployment, listed
from tests.clients.kubernetes.wire import KUBE_SYSTEM, Server, response, status

Handler = Callable[[socket.socket, bytes], object]
LIST = response(listed("DeploymentList", deployment("audit", updatedReplicas=1)))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
LONG = 20.0


def asleep(seconds: float = 10.0) -> Deadline:
    """Return a deadline whose pauses take no time."""
    return Deadline(seconds, sleep=lambda _: None)


def event(kind: str, version: str, updated: int = 0, name: str = "audit") -> bytes:
    """Return a line of a watch about a Deployment."""
    item = deployment(name, updatedReplicas=updated)
    item["metadata"]["resourceVersion"] = version
    return json.dumps({"type": kind, "object": item}).encode() + b"\n"


def error(code: int, reason: str, message: str = "no") -> bytes:
    """Return the line in which a watch ends."""
    return json.dumps({"type": "ERROR", "object": status(code, reason, message)}).encode() + b"\n"


def chunk(data: bytes) -> bytes:
    """Return a chunk of a body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def stream(*pieces: bytes) -> bytes:
    """Return a watch that is told in pieces and ends by itself."""
    return HEAD + b"".join(map(chunk, pieces)) + b"0\r\n\r\n"


def broken(*pieces: bytes) -> bytes:
    """Return a watch whose connection is cut."""
    return HEAD + b"".join(map(chunk, pieces))


def held(server: Server, *pieces: bytes) -> Handler:
    """Return a watch that goes on in silence until the test is over."""

    def answer(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(broken(*pieces))
        server.over.wait(30)

    return answer


def follow(client: KubernetesClient, deadline: Deadline, every: float = LONG) -> Iterator[tuple[Deployment, ...]]:
    """Follow the Deployments of the platform."""
    return client.follow_deployments("platform", deadline, every=every)


def updated(found: tuple[Deployment, ...]) -> dict[str, int]:
    """Return name → updated replicas."""
    return {one.name: one.updated for one in found}


def watched(server: Server) -> list[dict[str, list[str]]]:
    """Return the queries of all watches that were asked for."""
    asked = [urlsplit(head.split(b" ")[1].decode()) for head in server.heads]
    return [parse_qs(one.query) for one in asked if "watch" in parse_qs(one.query)]


def test_what_changes_is_told_from_the_lists_version_on(server: Server, client: KubernetesClient) -> None:
    """Additions, changes and deletions are heard as they come, though an event is cut in the middle of a chunk."""
    first = event("MODIFIED", "11", updated=2) + event("ADDED", "12", updated=1, name="payments")
    server.answers(KUBE_SYSTEM, LIST, held(server, first[:50], first[50:], event("DELETED", "13")))
    told = follow(client, asleep())
    assert updated(next(told)) == {"audit": 1}
    seen: dict[str, int] = {}
    while seen != {"payments": 1}:
        seen = updated(next(told))
    told.close()  # type: ignore[attr-defined]  # a generator
    (query,) = watched(server)
    assert (query["resourceVersion"], query["allowWatchBookmarks"]) == (["9"], ["true"])
    assert 1 <= int(query["timeoutSeconds"][0]) <= 10


def test_a_watch_that_ends_goes_on_where_it_was(server: Server, client: KubernetesClient) -> None:
    """The next one begins at the version of the last event, a bookmark's if that came last."""
    bookmark = json.dumps(
        {"type": "BOOKMARK", "object": {"kind": "Deployment", "metadata": {"resourceVersion": "40"}}}
    ).encode()
    server.answers(
        KUBE_SYSTEM,
        LIST,
        stream(event("MODIFIED", "11", updated=2), bookmark + b"\n"),
        stream(event("MODIFIED", "41", updated=3)),
        held(server, event("MODIFIED", "42", updated=4)),
    )
    told = follow(client, asleep())
    while updated(next(told)) != {"audit": 4}:
        pass
    assert [query["resourceVersion"] for query in watched(server)] == [["9"], ["40"], ["41"]]


def test_a_watch_that_is_cut_goes_on_where_it_was(server: Server, client: KubernetesClient, recorder: Recorder) -> None:
    """The attempt is recorded."""
    server.answers(
        KUBE_SYSTEM, LIST, broken(event("MODIFIED", "11", updated=2)), held(server, event("MODIFIED", "12", updated=3))
    )
    told = follow(client, asleep())
    while updated(next(told)) != {"audit": 3}:
        pass
    assert [query["resourceVersion"] for query in watched(server)] == [["9"], ["11"]]
    assert [attempt.doing for attempt in recorder.seen[2]] == [f"{client.source}, watch deployments.apps in platform"]


@pytest.mark.parametrize(
    "forgotten",
    [stream(error(410, "Expired", "too old resource version: 9 (100)")), response(status(410, "Expired"), "410 Gone")],
    ids=["in the stream", "as the answer"],
)
def test_a_version_that_is_forgotten_lets_the_list_be_read_again(
    server: Server, client: KubernetesClient, forgotten: bytes
) -> None:
    """What is gone since is gone, and the watch begins at the new list's version."""
    again = listed("DeploymentList", deployment("payments", updatedReplicas=2))
    again["metadata"]["resourceVersion"] = "100"
    server.answers(KUBE_SYSTEM, LIST, forgotten, response(again), held(server, event("MODIFIED", "101", 3, "payments")))
    told = follow(client, asleep())
    assert updated(next(told)) == {"audit": 1}
    assert updated(next(told)) == {"payments": 2}
    assert updated(next(told)) == {"payments": 3}
    assert [query["resourceVersion"] for query in watched(server)] == [["9"], ["100"]]


def test_a_version_that_is_forgotten_each_time_is_an_error(server: Server, client: KubernetesClient) -> None:
    """No list is read for ever: the third time in a row it is one clear line."""
    gone = stream(error(410, "Expired", "too old resource version"))
    server.answers(KUBE_SYSTEM, LIST, gone, LIST, gone, LIST, gone)
    with pytest.raises(Expired, match=r"the watch ended in an ERROR.*\(status 410\): too old resource version"):
        list(follow(client, asleep()))
    assert len(watched(server)) == 3


@pytest.mark.parametrize(
    ("code", "reason", "kind", "words"),
    [
        (403, "Forbidden", AccessDenied, "grant watch on deployments.apps in namespace platform"),
        (401, "Unauthorized", AccessDenied, "the credentials were refused"),
        (400, "BadRequest", Unobserved, "refused"),
    ],
)
@pytest.mark.parametrize("streamed", [True, False], ids=["in the stream", "as the answer"])
def test_a_refusal_is_one_clear_line(  # noqa: PLR0913, PLR0917 — a case
    server: Server,
    client: KubernetesClient,
    code: int,
    reason: str,
    kind: type[Exception],
    words: str,
    streamed: bool,  # noqa: FBT001 — a case
) -> None:
    """It is not tried again, and a missing permission names the verb and the resource."""
    refusal = stream(error(code, reason)) if streamed else response(status(code, reason), f"{code} {reason}")
    server.answers(KUBE_SYSTEM, LIST, refusal)
    with pytest.raises(kind, match=words) as raised:
        list(follow(client, asleep()))
    assert "\n" not in str(raised.value)
    assert len(watched(server)) == 1


def test_an_error_that_passes_is_tried_again_and_no_more_than_twice(server: Server, client: KubernetesClient) -> None:
    """A server that cannot, three times in a row, cannot."""
    failing = stream(error(500, "InternalError", "etcdserver: request timed out"))
    server.answers(KUBE_SYSTEM, LIST, failing, stream(event("MODIFIED", "11", 2)), failing, failing, failing)
    told = follow(client, asleep())
    with pytest.raises(Unreachable, match=r"ended in an ERROR.*the API server cannot answer.*request timed out"):
        list(told)
    assert len(watched(server)) == 5


def test_connections_that_are_cut_each_time_are_an_error(server: Server, client: KubernetesClient) -> None:
    """Three in a row of which nothing was heard."""
    server.answers(KUBE_SYSTEM, LIST, broken())
    with pytest.raises(Incomplete, match="broke off"):
        list(follow(client, asleep()))


def test_too_many_requests_are_waited_for(server: Server, client: KubernetesClient) -> None:
    """A 429 is waited for as it asks, and not where that is too long."""
    wait = response(status(429, "TooManyRequests"), "429 Too Many Requests", "Retry-After: 1")
    server.answers(KUBE_SYSTEM, LIST, wait, held(server, event("MODIFIED", "11", 2)))
    told = follow(client, asleep())
    assert [updated(next(told)), updated(next(told))] == [{"audit": 1}, {"audit": 2}]
    long = response(status(429, "TooManyRequests"), "429 Too Many Requests", "Retry-After: 3600")
    server.answers(*[LIST] * len(server.heads), LIST, long)
    with pytest.raises(RateLimited, match="to wait 3600 s"):
        list(follow(client, asleep()))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"<html>\n", "no JSON"),
        (b"[]\n", "not an object"),
        (b'{"type": "MOVED", "object": {"metadata": {"resourceVersion": "1"}}}\n', "'MOVED', which nobody knows"),
        (b'{"type": "MODIFIED", "object": {"metadata": {"name": "audit"}}}\n', "resourceVersion"),
        (b'{"type": "ERROR", "object": {}}\n', "an ERROR that says nothing"),
    ],
)
def test_what_is_no_event_is_no_answer(server: Server, client: KubernetesClient, line: bytes, words: str) -> None:
    """A proxy's page, an unknown type, a missing version: an error, and no change."""
    server.answers(KUBE_SYSTEM, LIST, stream(line))
    with pytest.raises(BadAnswer, match=words):
        list(follow(client, asleep()))


def test_an_event_without_an_end_is_not_held_in_memory(
    server: Server, client: KubernetesClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than an object can be is no event."""
    monkeypatch.setattr(watching, "_LINE", 1000)
    server.answers(KUBE_SYSTEM, LIST, stream(b"x" * 600, b"x" * 600))
    with pytest.raises(BadAnswer, match="an event is larger than 1000 bytes"):
        list(follow(client, asleep()))


def test_silence_is_told_now_and_then_and_ends_with_the_time(server: Server, client: KubernetesClient) -> None:
    """Nothing changes: the same is told again, until time is up, and not a moment longer."""
    server.answers(KUBE_SYSTEM, LIST, held(server))
    began, times = time.monotonic(), 0
    told = follow(client, Deadline(0.8), every=0.2)

    def listen() -> None:
        nonlocal times
        for found in told:
            times += 1
            assert updated(found) == {"audit": 1}

    with pytest.raises(DeadlineExceeded):
        listen()
    assert time.monotonic() - began < 3
    assert times >= 3


def test_a_server_that_ends_every_watch_at_once_is_not_asked_without_end(
    server: Server, client: KubernetesClient
) -> None:
    """Between two watches of which nothing was heard there is a pause."""
    paused: list[float] = []

    def sleep(seconds: float) -> None:
        paused.append(seconds)

    deadline = Deadline(10, clock=lambda: sum(paused), sleep=sleep)
    server.answers(KUBE_SYSTEM, LIST, stream())
    with pytest.raises(DeadlineExceeded):
        list(follow(client, deadline))
    assert 5 <= len(watched(server)) <= 21


def test_the_list_says_its_version(server: Server, client: KubernetesClient) -> None:
    """A list without a version could not be followed."""
    bare: dict[str, Any] = listed("DeploymentList")
    del bare["metadata"]["resourceVersion"]
    server.answers(KUBE_SYSTEM, response(bare))
    with pytest.raises(BadAnswer, match="resourceVersion is not a string"):
        list(follow(client, asleep()))
