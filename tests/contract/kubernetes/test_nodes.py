"""What the API server asks of a node for its clients: logs, and commands over a WebSocket with an exit status."""

import base64
import json
from typing import Any

import pytest
from kubernetes.stream import stream

from tests.contract.kubernetes.conftest import Cluster, pods, template

pytestmark = pytest.mark.sandbox


@pytest.fixture
def pod(cluster: Cluster, namespace: str) -> str:
    """A pod with two containers, that runs; returns its path."""
    wanted = {"apiVersion": "v1", "kind": "Pod", **template("main"), "metadata": {"name": "one"}}
    wanted["spec"]["containers"].append({"name": "side", "image": "registry.example/side:v1"})
    cluster.make(pods(namespace), wanted)
    cluster.until(pods(namespace, "one"), lambda seen: seen["status"]["phase"] == "Running")
    return pods(namespace, "one")


def test_a_log_is_asked_of_the_node_with_every_option(cluster: Cluster, namespace: str, pod: str) -> None:
    """Container, since, tail, limit, previous and timestamps reach the node as they were asked."""
    asked = {
        "container": "side",
        "sinceSeconds": "60",
        "tailLines": "5",
        "limitBytes": "1000",
        "previous": "true",
        "timestamps": "true",
    }
    answer = cluster.http().get(f"{pod}/log", params=asked)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    told = answer.json()
    assert told["of"] == f"{namespace}/one/side"
    assert told["query"] == {
        "sinceSeconds": ["60"],
        "tailLines": ["5"],
        "limitBytes": ["1000"],
        "previous": ["true"],
        "timestamps": ["true"],
    }


def test_a_log_of_one_of_several_containers_needs_its_name(cluster: Cluster, pod: str) -> None:
    """Without a container's name, or with a wrong one, the log is 400, and the message lists what there is."""
    status, answer = cluster.ask("GET", f"{pod}/log")
    assert (status, answer["reason"]) == (400, "BadRequest")
    assert "a container name must be specified for pod one, choose one of: [main side]" in answer["message"]
    status, answer = cluster.ask("GET", f"{pod}/log", container="third")
    assert (status, answer["message"]) == (400, "container third is not valid for pod one")


def test_a_log_of_a_pod_that_is_gone_is_not_found(cluster: Cluster, namespace: str) -> None:
    """Between a list and the log a pod may vanish: 404 with its name."""
    status, answer = cluster.ask("GET", f"{pods(namespace, 'gone')}/log")
    assert (status, answer["message"]) == (404, 'pods "gone" not found')


def test_options_of_a_log_that_make_no_sense_are_refused(cluster: Cluster, pod: str) -> None:
    """A negative tail is 422."""
    status, answer = cluster.ask("GET", f"{pod}/log", container="main", tailLines="-1")
    assert (status, answer["reason"]) == (422, "Invalid")


@pytest.mark.parametrize("code", [0, 3])
def test_a_command_ends_with_its_status(cluster: Cluster, namespace: str, pod: str, code: int) -> None:  # noqa: ARG001
    """The official client's exec gets output, error output and the exit code."""
    from kubernetes import client, config  # noqa: PLC0415 — heavy

    configuration = client.Configuration()
    config.load_kube_config(  # type: ignore[no-untyped-call]
        str(cluster.kubeconfig), "sandbox-admin", configuration, persist_config=False
    )
    command = ["exit", str(code)]
    asked: dict[str, Any] = {"command": command, "container": "side", "stdout": True, "stderr": True}
    with client.ApiClient(configuration) as transport:
        run = client.CoreV1Api(transport).connect_get_namespaced_pod_exec
        socket = stream(run, "one", namespace, **asked, _preload_content=False)
        socket.run_forever(timeout=20)
        socket.sock.shutdown()  # what the server has closed the client leaves open
    told = json.loads(socket.read_stdout())
    assert told["of"] == f"{namespace}/one/side"
    assert told["query"]["command"] == command
    assert {"output", "error"} <= told["query"].keys()
    assert socket.read_stderr() == "told on the side"
    assert socket.returncode == code


@pytest.mark.parametrize("protocol", ["v4.channel.k8s.io", "v5.channel.k8s.io"])
def test_both_protocols_of_exec_are_spoken(cluster: Cluster, pod: str, protocol: str) -> None:
    """A WebSocket of version 4 or 5 is granted as it is asked for."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
        "Sec-WebSocket-Protocol": protocol,
    }
    query = {"command": "true", "container": "main", "stdout": "true"}
    with cluster.http().stream("GET", f"{pod}/exec", params=query, headers=headers) as answer:
        assert (answer.status_code, answer.headers["Sec-WebSocket-Protocol"]) == (101, protocol)


def test_exec_without_an_upgrade_is_refused(cluster: Cluster, pod: str) -> None:
    """A plain request for exec is 400, and says what it lacks."""
    status, answer = cluster.ask("GET", f"{pod}/exec", command="true", container="main", stdout="true")
    assert (status, answer["message"]) == (400, "Upgrade request required")


def test_exec_in_a_pod_that_is_not_there_is_not_found(cluster: Cluster, namespace: str) -> None:
    """The upgrade is refused with 404 before anything is switched."""
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers["Sec-WebSocket-Key"] = base64.b64encode(b"0123456789abcdef").decode()
    path = f"{pods(namespace, 'gone')}/exec"
    with cluster.http().stream("GET", path, params={"command": "true"}, headers=headers) as answer:
        assert answer.status_code == 404
