"""The stand-in's own process, asked by the official client and told by its control port what is to go wrong."""

import http.client
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.kubernetes.component import Kubernetes
from apgms_ops.sandbox.kubernetes.credentials import ADMIN, READER
from apgms_ops.sandbox.platform import TEMPLATE
from apgms_ops.sandbox.world import World
from tests.sandbox.kubernetes_process.small import workload

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[3]
PATH = "/api/v1/namespaces/platform/pods"
_MEMORY = 60 << 20


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which the stand-in runs."""
    world = World(tmp_path_factory.mktemp("kubernetes") / "sandbox", report=lambda _line: None)
    world.set(TEMPLATE, str(ROOT / "environments" / "sandbox.toml"))
    try:
        start(world)
        yield world
    finally:
        world.destroy(Deadline(20))


def start(world: World) -> None:
    """Start it."""
    Kubernetes().start(world, Deadline(30))
    Kubernetes().ready(world, Deadline(30))


@pytest.fixture
def api(world: World) -> Iterator[Any]:
    """The official client, as the administrator."""
    from kubernetes import client, config  # noqa: PLC0415 — heavy

    configuration = client.Configuration()
    config.load_kube_config(world.get("kubernetes.kubeconfig"), ADMIN, configuration, persist_config=False)  # type: ignore[no-untyped-call]
    configuration.retries = False
    with client.ApiClient(configuration) as api:
        yield api


@pytest.fixture(autouse=True)
def calm(world: World) -> Iterator[None]:
    """Call off what a test ordered."""
    yield
    order(world, "POST", "/listening", body=True)
    order(world, "POST", "/frozen", body=[])
    order(world, "DELETE", "/troubles")


def order(world: World, method: str, path: str, body: object = None) -> dict[str, Any]:
    """Give an order to the control port."""
    status, found = request(world.port("kubernetes.control"), method, path, body)
    assert status == 200, found
    status_of: dict[str, Any] = found
    return status_of


def request(  # noqa: PLR0913 — what a request has
    port: int, method: str, path: str, body: object = None, *, token: str = "", timeout: float = 10
) -> tuple[int, Any]:
    """Ask one thing over HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, json.dumps(body), {"Authorization": f"Bearer {token}"})
        found = connection.getresponse()
        return found.status, json.loads(found.read() or b"null")
    finally:
        connection.close()


def token(world: World, context: str) -> str:
    """Return a user's token."""
    found: str = json.loads((world.folder("kubernetes") / "tokens.json").read_text(encoding="utf-8"))[context]
    return found


def test_the_official_client_lists_changes_and_watches(api: Any) -> None:  # noqa: ANN401 — the client has no types
    """Objects are made, listed in pages, patched, watched and deleted through the official client."""
    from kubernetes import client, watch  # noqa: PLC0415 — heavy

    apps: Any = client.AppsV1Api(api)
    core: Any = client.CoreV1Api(api)
    wanted = {**workload(2), "apiVersion": "apps/v1", "kind": "Deployment"}
    apps.create_namespaced_deployment("platform", wanted)
    stream = watch.Watch()  # type: ignore[no-untyped-call]
    for event in stream.stream(apps.list_namespaced_deployment, "platform", timeout_seconds=10):  # type: ignore[no-untyped-call]
        if event["object"].status.updated_replicas == 2:
            stream.stop()  # type: ignore[no-untyped-call]
    page = core.list_namespaced_pod("platform", limit=1, label_selector="app=web")
    rest = core.list_namespaced_pod("platform", limit=1, label_selector="app=web", _continue=page.metadata._continue)
    assert len({pod.metadata.name for pod in (*page.items, *rest.items)}) == 2
    patched = apps.patch_namespaced_deployment("web", "platform", {"spec": {"replicas": 0}})
    assert (patched.spec.replicas, patched.metadata.generation) == (0, 2)
    apps.delete_namespaced_deployment("web", "platform")
    with pytest.raises(client.ApiException) as missing:
        apps.read_namespaced_deployment("web", "platform")
    assert "NotFound" in str(missing.value.body)


def test_a_reader_is_held_to_the_roles_of_the_repository(world: World) -> None:
    """The contexts of the kubeconfig are the users that deploy/rbac.yaml speaks of."""
    port = world.port("kubernetes")
    assert request(port, "GET", PATH, token=token(world, READER))[0] == 200
    assert request(port, "GET", "/api/v1/nodes", token=token(world, READER))[0] == 403
    assert request(port, "GET", "/api/v1/nodes", token=token(world, ADMIN))[0] == 200
    _, found = request(port, "GET", "/api/v1/namespaces/kube-system", token=token(world, READER))
    assert found["metadata"]["uid"] == world.get("kubernetes.uid")


def test_a_hung_server_answers_nobody_until_it_is_let_go(world: World) -> None:
    """While it hangs a request of the hung user gets no answer; others do, and afterwards all."""
    order(world, "POST", "/troubles", {"kind": "hang", "user": READER})
    port = world.port("kubernetes")
    with pytest.raises(TimeoutError):
        request(port, "GET", PATH, token=token(world, READER), timeout=0.3)
    assert request(port, "GET", PATH, token=token(world, ADMIN))[0] == 200
    order(world, "DELETE", "/troubles")
    assert request(port, "GET", PATH, token=token(world, READER))[0] == 200


def test_a_server_that_is_gone_refuses_connections_and_loses_nothing(world: World) -> None:
    """While it does not listen connections are refused; afterwards everything is there as before."""
    order(world, "POST", "/listening", body=False)
    with pytest.raises(ConnectionRefusedError):
        request(world.port("kubernetes"), "GET", PATH)
    order(world, "POST", "/listening", body=True)
    assert request(world.port("kubernetes"), "GET", PATH, token=token(world, READER))[0] == 200


def test_what_is_no_order_is_refused(world: World) -> None:
    """The control port refuses what it does not know, and says what there is."""
    port = world.port("kubernetes.control")
    assert request(port, "POST", "/frozen", ["nobody"])[0] == 400
    assert request(port, "POST", "/troubles", {"kind": "storm"})[0] == 400
    assert request(port, "POST", "/listening", "yes")[0] == 400
    assert request(port, "POST", "/watches/end", {"code": "x"})[0] == 400
    of = {"plural": "deployments", "namespace": "platform", "name": "nobody"}
    assert request(port, "POST", "/aged", {**of, "seconds": 1})[0] == 400
    assert request(port, "POST", "/aged", {**of, "seconds": "x"})[0] == 400
    assert request(port, "POST", "/aged", of)[0] == 400
    status, found = request(port, "GET", "/nothing")
    assert (status, "/troubles" in found["message"]) == (404, True)


def test_a_watch_that_is_ended_says_so_in_its_stream(world: World) -> None:
    """The stream of a watch is a 200 that ends with the ERROR that was ordered."""
    connection = http.client.HTTPConnection("127.0.0.1", world.port("kubernetes"), timeout=10)
    headers = {"Authorization": f"Bearer {token(world, ADMIN)}"}
    connection.request("GET", f"{PATH}?watch=1&resourceVersion={version(world)}", headers=headers)
    stream = connection.getresponse()
    assert stream.status == 200
    order(world, "POST", "/watches/end", {"code": 410})
    assert json.loads(stream.readline())["object"]["code"] == 410
    assert stream.readline() == b""
    connection.close()


def version(world: World) -> int:
    """Return the newest version."""
    return int(order(world, "GET", "/status")["revision"])


def test_killed_and_started_it_has_its_data(world: World) -> None:
    """A process that was killed leaves objects and identity to the next one, which gives out newer versions."""
    uid, before = world.get("kubernetes.uid"), version(world)
    made = {"metadata": {"name": "kept"}}
    path = "/api/v1/namespaces/platform/configmaps"
    assert request(world.port("kubernetes"), "POST", path, made, token=token(world, ADMIN))[0] == 201
    saved = world.folder("kubernetes") / "snapshot.json"
    while '"kept"' not in saved.read_text(encoding="utf-8"):
        time.sleep(0.02)
    world.signal("kubernetes", signal.SIGKILL)
    Kubernetes().stop(world, Deadline(20))
    start(world)
    assert (world.get("kubernetes.uid"), version(world) > before) == (uid, True)
    assert request(world.port("kubernetes"), "GET", f"{path}/kept", token=token(world, ADMIN))[0] == 200


def test_it_needs_little_memory(world: World) -> None:
    """The process keeps below sixty megabytes."""
    pid = world.processes()["kubernetes"]["kubernetes"].pid
    own = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines())
    assert int(own["VmRSS"].split()[0]) * 1024 < _MEMORY
