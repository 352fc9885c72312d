"""Commands in pods: outputs, exit codes, and the many ways of not learning one."""

import json
import socket
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from apgms_ops.clients.kubernetes.client import KubernetesClient
from apgms_ops.clients.kubernetes.exec import STDERR, STDOUT
from apgms_ops.clients.kubernetes.exit import Ended, ended
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, BadAnswer, DeadlineExceeded, Incomplete, Unobserved
from tests.clients.kubernetes.socket_server import frame, received, says, upgrade
from tests.clients.kubernetes.wire import KUBE_SYSTEM, TOKEN, Server, response, status

SUCCESS = b'\x03{"metadata":{},"status":"Success"}'
EXIT_3 = (
    b"\x03"
    + json.dumps(
        {
            "status": "Failure",
            "reason": "NonZeroExitCode",
            "message": "command terminated with non-zero exit code",
            "details": {"causes": [{"reason": "ExitCode", "message": "3"}]},
        }
    ).encode()
)


@pytest.mark.parametrize("protocol", ["v5.channel.k8s.io", "v4.channel.k8s.io"])
def test_outputs_and_the_exit_code_come_apart(server: Server, client: KubernetesClient, protocol: str) -> None:
    """What a command writes on each output is returned apart, with the code on the error channel, in both protocols."""
    server.answers(KUBE_SYSTEM, says(b"\x01out", b"\x02err\n", b"\x01put\n", EXIT_3, protocol=protocol))
    found = client.execute("platform", "postgres-1", ["psql", "-c", "SELECT 1; --&x=ü"], Deadline(5), container="main")
    assert (found.stdout, found.stderr, found.exit_code, found.cut) == ("output\n", "err\n", 3, False)
    path = urlsplit(server.heads[1].split(b" ")[1].decode())
    assert path.path == "/api/v1/namespaces/platform/pods/postgres-1/exec"
    query = parse_qs(path.query)
    assert query["command"] == ["psql", "-c", "SELECT 1; --&x=ü"]
    assert (query["container"], query["stdout"], query["stderr"]) == (["main"], ["true"], ["true"])
    assert f"authorization: Bearer {TOKEN}".encode() in server.heads[1]


def test_an_exit_code_of_0_is_success(server: Server, client: KubernetesClient) -> None:
    """A command that went well ends with 0."""
    server.answers(KUBE_SYSTEM, says(b"\x01ok", SUCCESS))
    assert client.execute("platform", "p", ["true"], Deadline(5)).exit_code == 0


def test_a_connection_that_closes_without_an_exit_status_is_unknown(server: Server, client: KubernetesClient) -> None:
    """Output without a status is neither success nor failure, whether the end was said or not."""
    server.answers(KUBE_SYSTEM, says(b"\x01all is well\n"))
    with pytest.raises(Incomplete, match="before it was said how the command ended"):
        client.execute("platform", "p", ["check"], Deadline(5))
    server.answers(lambda connection, head: connection.sendall(upgrade(head) + frame(b"\x01half")))
    with pytest.raises(Incomplete, match="before it was said how the command ended"):
        client.execute("platform", "p", ["check"], Deadline(5))


def test_too_much_output_is_cut_and_says_so(server: Server, client: KubernetesClient) -> None:
    """Of each output the beginning is kept, up to the limit, even where that parts a character."""
    server.answers(KUBE_SYSTEM, says(*[b"\x01" + "ü".encode() * 3000] * 50, SUCCESS))
    found = client.execute("platform", "p", ["yes"], Deadline(5), limit=1001)
    assert found.cut
    assert found.stdout == "ü" * 500


def test_output_that_is_no_text_is_no_answer(server: Server, client: KubernetesClient) -> None:
    """Bytes that are no UTF-8 are told, not replaced."""
    server.answers(KUBE_SYSTEM, says(b"\x01\xff\xfe", SUCCESS))
    with pytest.raises(BadAnswer, match="no UTF-8 text"):
        client.execute("platform", "p", ["cat"], Deadline(5))


def test_a_refusal_before_the_conversation_is_told(server: Server, client: KubernetesClient) -> None:
    """403 names both verbs to grant, 404 the pod; a proxy that does not upgrade is no answer."""
    server.answers(KUBE_SYSTEM, response(status(403, "Forbidden", "cannot create pods/exec"), "403 Forbidden"))
    with pytest.raises(
        AccessDenied, match=r"cannot create pods/exec; grant create and get on pods/exec p in namespace"
    ):
        client.execute("platform", "p", ["true"], Deadline(5))
    server.answers(response(status(404, "NotFound", 'pods "p" not found'), "404 Not Found"))
    with pytest.raises(Unobserved, match='pods "p" not found'):
        client.execute("platform", "p", ["true"], Deadline(5))
    server.answers(response(b"<html>", media_type="text/html"))
    with pytest.raises(Unobserved, match="no answer of an API server"):
        client.execute("platform", "p", ["true"], Deadline(5))


def test_a_command_that_cannot_be_started_is_unknown(server: Server, client: KubernetesClient) -> None:
    """A program that is not there ends with an InternalError, which is no exit code."""
    failed = b"\x03" + json.dumps({"status": "Failure", "reason": "InternalError", "message": "no such file"}).encode()
    server.answers(KUBE_SYSTEM, says(failed))
    with pytest.raises(Unobserved, match="the command could not be run: no such file"):
        client.execute("platform", "p", ["nope"], Deadline(5))


def test_a_command_that_hangs_or_never_stops_is_left_at_the_deadline(server: Server, client: KubernetesClient) -> None:
    """Neither silence nor a flood of output holds anybody beyond the deadline."""

    def silent(connection: socket.socket, head: bytes) -> None:
        connection.sendall(upgrade(head))
        connection.settimeout(5)
        while connection.recv(4096):
            pass

    def flood(connection: socket.socket, head: bytes) -> None:
        connection.sendall(upgrade(head))
        while True:
            connection.sendall(frame(b"\x01" + b"x" * 60_000))

    server.answers(KUBE_SYSTEM)
    client.identity(Deadline(5))
    for handler in (silent, flood):
        server.answers(handler)
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded, match="may still be running"):
            client.execute("platform", "p", ["sleep"], Deadline(0.3))
        assert time.monotonic() - began < 2


def test_one_can_talk_with_a_command(server: Server, client: KubernetesClient) -> None:
    """What is written reaches the command, and what it answers comes back while it runs."""

    def echo(connection: socket.socket, head: bytes) -> None:
        connection.sendall(upgrade(head))
        while message := received(connection):
            if message == b"\xff\x00":
                connection.sendall(frame(SUCCESS))
                connection.recv(100)
                return
            connection.sendall(frame(b"\x01" + message[1:].upper()) + frame(b"\x02!"))

    server.answers(KUBE_SYSTEM, echo)
    talk = client.command("platform", "p", ["cat"]).start(Deadline(5))
    talk.send(b"hello")
    assert talk.receive(Deadline(5)) == (STDOUT, b"HELLO")
    assert talk.receive(Deadline(5)) == (STDERR, b"!")
    talk.end_of_input()
    assert talk.receive(Deadline(5)) == Ended(0)
    talk.close()


@pytest.mark.parametrize(
    "data",
    [
        b"oops",
        b"[]",
        b'{"status":"Failure","reason":"NonZeroExitCode"}',
        b'{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"x"}]}}',
    ],
)
def test_a_malformed_exit_status_is_no_exit_code(data: bytes) -> None:
    """What is no status, or has no code where there must be one, is told as that."""
    assert isinstance(ended(data, "exec"), BadAnswer)
