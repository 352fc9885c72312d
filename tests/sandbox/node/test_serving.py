"""What the node serves to the API, what it refuses, and what it takes of the machine."""

import http.client
import json
import ssl
import threading
from contextlib import closing
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import workloads
from apgms_ops.sandbox.world import World
from tests.sandbox.node.tiny_service import (
    deployment,
    execute,
    pod,
)

pytestmark = pytest.mark.sandbox


def test_a_command_says_what_it_said_and_how_it_ended(world: World, app: str) -> None:
    """Output, exit code as a cause of the status, over both versions of the protocol, with and without input."""
    workloads.apply(world, deployment(app))
    workloads.await_rolled_out(world, app, Deadline(20))
    name = pod(world, app)["metadata"]["name"]
    for version in ("v4", "v5"):
        found = execute(world, name, "say", "hello", version=version)
        status = json.loads(found[3])
        assert found[1] == b"said hello\n"
        assert (status["status"], status["reason"]) == ("Failure", "NonZeroExitCode")
        assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "7"}]
    large = b"x" * 300_000
    found = execute(world, name, "cat", version="v5", given=large)
    assert found[1] == large
    assert json.loads(found[3])["status"] == "Success"


def test_a_command_that_is_not_the_sandboxs_own_is_refused(world: World, app: str) -> None:
    """As a program that cannot be run: exit code 126, and the reason."""
    workloads.apply(world, deployment(app))
    workloads.await_rolled_out(world, app, Deadline(20))
    found = execute(world, pod(world, app)["metadata"]["name"], "sh", "-c", "id")
    status = json.loads(found[3])
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "126"}]
    assert b"only its own commands" in found[2]
    assert not found.get(1)


def test_a_node_takes_little_memory_and_hardly_any_time(world: World) -> None:
    """Less than 60 MB, and left alone a small part of one core."""
    pid = world.processes()["node"]["node"].pid

    def used() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = used()
    threading.Event().wait(3)
    assert used() - before < 30  # hundredths of a second
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    assert next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) < 60_000


def test_the_nodes_own_api_serves_nothing_else(world: World) -> None:
    """No list of pods, no attach, no port-forward."""
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    for path, status in (("/healthz", 200), ("/pods", 404), ("/attach/a/b/c", 404), ("/containerLogs/a/b/c", 404)):
        with closing(
            http.client.HTTPSConnection("127.0.0.1", world.port("node"), timeout=5, context=tls)
        ) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
        assert answer.status == status
