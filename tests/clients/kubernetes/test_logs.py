"""The logs of a workload's pods, from an API server that is slow, forgetful, or has very much to say."""

import socket
import tracemalloc
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from apgms_ops.clients.kubernetes.client import KubernetesClient
from apgms_ops.deadline import Deadline
from apgms_ops.errors import Unobserved
from tests.clients.kubernetes.objects import listed, pod
from tests.clients.kubernetes.wire import KUBE_SYSTEM, Server, response, status

MEGABYTE = 1024 * 1024


def paths(server: Server) -> list[str]:
    """Return what was asked for."""
    return [head.split(b" ")[1].decode() for head in server.heads]


def test_logs_are_of_all_pods_and_say_what_was_cut(server: Server, client: KubernetesClient) -> None:
    """Each container's log is asked for with its window; of one that is too long the end is kept, by whole lines."""
    long = b"".join(b"line %06d\n" % n for n in range(20_000))
    server.answers(
        KUBE_SYSTEM,
        response(listed("PodList", pod("a"), pod("b"))),
        response(b"hello\n", media_type="text/plain"),
        response(long, media_type="text/plain"),
    )
    first, second = client.logs("platform", "app=audit", Deadline(5), since=timedelta(minutes=5), limit=1000)
    assert (first.pod, first.text, first.cut) == ("a", "hello\n", 0)
    assert second.text.startswith("line ")
    assert second.text.endswith("line 019999\n")
    assert len(second.text) + second.cut == len(long)
    assert 980 < len(second.text) <= 1000
    assert parse_qs(urlsplit(paths(server)[2]).query) == {"container": ["main"], "sinceSeconds": ["300"]}


def test_a_pod_that_vanished_between_list_and_log_is_named(server: Server, client: KubernetesClient) -> None:
    """A pod that is gone when its log is read is said, by name, and is not an empty log."""
    server.answers(
        KUBE_SYSTEM,
        response(listed("PodList", pod("a"))),
        response(status(404, "NotFound", 'pods "a" not found'), "404 Not Found"),
    )
    with pytest.raises(Unobserved, match="pod a is gone since the pods were listed"):
        client.logs("platform", "app=audit", Deadline(5))


def test_previous_logs_are_those_of_containers_that_were_restarted(server: Server, client: KubernetesClient) -> None:
    """Only a container that was restarted has a previous log; one that never ran has an empty one of its own."""
    crashed, waiting = pod("crashed"), pod("waiting")
    crashed["status"]["containerStatuses"][0]["restartCount"] = 1
    waiting["status"]["containerStatuses"][0] |= {"ready": False, "state": {"waiting": {"reason": "ContainerCreating"}}}
    pods = response(listed("PodList", crashed, waiting))
    server.answers(KUBE_SYSTEM, pods, response(b"Traceback\n", media_type="text/plain"))
    found = client.logs("platform", "app=audit", Deadline(5), previous=True)
    assert [(log.pod, log.text) for log in found] == [("crashed", "Traceback\n")]
    assert "previous=true" in paths(server)[2]
    server.answers(pods, response(b"up\n", media_type="text/plain"))
    server.heads.clear()
    assert [log.text for log in client.logs("platform", "app=audit", Deadline(5))] == ["up\n", ""]


def test_no_pod_is_no_log(server: Server, client: KubernetesClient) -> None:
    """A selector that picks nothing is UNKNOWN: it may be a wrong one."""
    server.answers(KUBE_SYSTEM, response(listed("PodList")))
    with pytest.raises(Unobserved, match="no pod in platform has the labels app=audit"):
        client.logs("platform", "app=audit", Deadline(5))


def test_a_log_of_200_megabytes_is_not_held(server: Server, client: KubernetesClient) -> None:
    """However much a container wrote, its end is kept and the rest counted, and little of it is in memory at once."""
    lines = (b"x" * 1023 + b"\n") * 1024

    def stream(connection: socket.socket, _head: bytes) -> None:
        size = 200 * len(lines) + 5
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(200):
            connection.sendall(lines)
        connection.sendall(b"last\n")

    server.answers(KUBE_SYSTEM, response(listed("PodList", pod("a"))), stream)
    tracemalloc.start()
    try:
        (log,) = client.logs("platform", "app=audit", Deadline(120), limit=MEGABYTE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert log.text.endswith("x\nlast\n")
    assert len(log.text) + log.cut == 200 * len(lines) + 5
    assert peak < 16 * MEGABYTE
