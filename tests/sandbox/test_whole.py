"""The whole sandbox, as a person drives it: from the command line."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load
from apgms_ops.sandbox.asking import ask
from apgms_ops.sandbox.composition import components
from apgms_ops.sandbox.faults import FAULTS, by_id
from apgms_ops.sandbox.processes import ProcessTable
from apgms_ops.sandbox.world import World

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]
GROUP = "sbr-submitter"
TOPIC = "sbr.submit"


COMMAND = (sys.executable, "-c", "import sys; from apgms_ops.cli import main; sys.exit(main())", "sandbox")


def run(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `apgms-ops sandbox …` on the sandbox in `root`."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=os.environ | {"APGMS_SANDBOX": str(root)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@contextmanager
def half_up(root: Path) -> Iterator["subprocess.Popen[str]"]:
    """Yield an `up` that is under way: the database runs, and the services are not there yet."""
    environ = os.environ | {"APGMS_SANDBOX": str(root)}
    with subprocess.Popen([*COMMAND, "up"], cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True) as up:
        deadline = Deadline(60)
        while not World(root).alive("postgres"):
            deadline.pause(0.02, "the database to run")
        try:
            yield up
        except BaseException:
            up.kill()
            run(root, "down")  # what a test that failed leaves behind slows every one after it
            raise


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sandbox that was brought up from the command line, and is taken down without a trace."""
    root = tmp_path_factory.mktemp("whole") / "sandbox"
    up = run(root, "up")
    assert up.returncode == 0, up.stderr
    assert "\x1b" not in up.stderr
    assert [line.split()[0] for line in up.stderr.splitlines() if " ready after " in line].count("kafka") == 1
    try:
        yield World(root)
    finally:
        down = run(root, "down")
    assert (down.returncode, down.stdout) == (0, "sandbox down\n")
    assert ProcessTable().marked(root) == []
    assert not root.exists()


def test_the_doctor_finds_every_target_well(world: World) -> None:
    """Each replica and each system is there, lets us in, is the pinned one, and keeps our time."""
    command = [*COMMAND[:-1], "doctor", "--env", "sandbox"]
    environ = os.environ | {"APGMS_SANDBOX": str(world.root)}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split("  ")[0] for line in done.stdout.splitlines()]
    replicas = ["api-gateway 1", "api-gateway 2", "audit 1", "payments 1", "registries 1"]
    assert rows[: len(replicas) + 4] == ["target", *replicas, "kafka", "postgres", "prometheus"]


def order(world: World, path: str, body: str = "") -> tuple[int, dict[str, Any]]:
    """Give the traffic process an order, and return status and answer."""
    connection = http.client.HTTPConnection(world.get("traffic.control"), timeout=40)
    try:
        connection.request("POST", path, body.encode())
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def exported(world: World, path: str) -> dict[str, float]:
    """Return the traffic process's metrics, once it has an answer from the broker: series as written → value."""
    text, deadline = None, Deadline(20)
    while text is None:
        text = ask(world.port("traffic.metrics"), path, deadline)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def lag(world: World) -> float:
    """Return how far the group is behind, as exported."""
    series = f'kafka_consumergroup_lag{{consumergroup="{GROUP}",'
    return sum(value for name, value in exported(world, "/metrics/kafka").items() if name.startswith(series))


def await_lag(world: World, least: float, most: float) -> None:
    """Wait until the exported lag lies between two numbers."""
    deadline = Deadline(20)
    while not least <= lag(world) <= most:
        deadline.pause(0.1, f"a lag of {least:g} to {most:g}")


def test_a_sandbox_that_is_up_is_well(world: World) -> None:
    """`status` names every component with its process, and exits 0."""
    status = run(world.root, "status")
    assert status.returncode == 0, status.stdout
    for component in components():
        assert f"\n  {component.name} " in status.stdout


def test_up_of_a_running_sandbox_exits_0(world: World) -> None:
    """A second `up` says that the sandbox runs, at once."""
    began = time.monotonic()
    up = run(world.root, "up")
    assert (up.returncode, up.stdout.partition(",")[0]) == (0, "sandbox runs already")
    assert time.monotonic() - began < 10


def test_the_filled_environment_is_a_valid_one(world: World) -> None:
    """The running sandbox's own environment file is loaded as it stands, and pins its Kafka and its Prometheus."""
    environment = load(world.root / "sandbox.toml")
    assert environment.identities.kafka == world.get("kafka.cluster_id")
    assert environment.identities.prometheus == world.get("cluster")


def test_a_fault_is_broken_and_healed_from_different_processes(world: World) -> None:
    """`break` once, `break` again (2), `status` (1), `heal`, `status` (0)."""
    fault = "kafka-group-empty"
    broken = run(world.root, "break", fault)
    assert broken.returncode == 0, broken.stderr
    again = run(world.root, "break", fault)
    assert (again.returncode, "is broken already" in again.stderr) == (2, True)
    status = run(world.root, "status")
    assert status.returncode == 1
    assert f"broken on purpose: {fault}" in status.stdout
    assert "** broken now **" in run(world.root, "faults").stdout
    healed = run(world.root, "heal")
    assert (healed.returncode, healed.stdout) == (0, f"healed: {fault}\n")
    assert run(world.root, "heal", fault).returncode == 2
    assert run(world.root, "status").returncode == 0


def test_an_unknown_fault_lists_the_known(world: World) -> None:
    """A mistyped fault exits 4 with one line that names those there are."""
    broken = run(world.root, "break", "kafka-grup-empty")
    assert broken.returncode == 4
    assert broken.stderr.count("\n") == 1
    assert "did you mean kafka-group-empty?" in broken.stderr


def test_logs_are_shown_a_component(world: World) -> None:
    """`logs COMPONENT` shows that component's log, and an unknown one is told with those there are."""
    assert "kafka.log" in run(world.root, "logs", "kafka").stdout
    unknown = run(world.root, "logs", "zookeeper")
    assert unknown.returncode == 4
    assert "kafka, kafka-topics" in unknown.stderr


def test_a_held_group_falls_behind_and_catches_up(world: World) -> None:
    """Held, a group stays a member and falls behind by what is produced; released, it catches up."""
    assert order(world, f"/groups/{GROUP}/hold")[0] == 200
    assert order(world, f"/topics/{TOPIC}/produce", '{"count": 150, "partition": 1}') == (
        200,
        {"topic": TOPIC, "produced": 150},
    )
    await_lag(world, 150, 1000)
    assert exported(world, "/metrics/kafka")[f'kafka_consumergroup_members{{consumergroup="{GROUP}"}}'] == 1
    assert order(world, f"/groups/{GROUP}/release")[0] == 200
    await_lag(world, 0, 10)


def test_a_stopped_group_has_no_member_and_comes_back(world: World) -> None:
    """Stopped, a group has no member; started, it has one again when the order is answered."""
    assert order(world, f"/groups/{GROUP}/stop")[1]["member"] is False
    assert order(world, f"/groups/{GROUP}/start")[1]["assigned"] == [f"{TOPIC}/{number}" for number in range(3)]


def test_a_failing_group_keeps_up_and_parks_everything(world: World) -> None:
    """What a failing group handles goes to the dead-letter topic, and counts there."""
    letters = f'apgms_dlq_messages{{topic="{TOPIC}"}}'
    before = exported(world, "/metrics/kafka")[letters]
    order(world, f"/groups/{GROUP}/fail")
    order(world, f"/topics/{TOPIC}/produce", '{"count": 20}')
    deadline = Deadline(20)
    while exported(world, "/metrics/kafka")[letters] < before + 20:
        deadline.pause(0.1, "dead letters")
    assert order(world, f"/groups/{GROUP}/recover")[0] == 200
    await_lag(world, 0, 10)


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("/", "", "no order '/'; there are "),
        ("/groups/nobody/stop", "", "no group 'nobody': there are sbr-submitter"),
        (f"/groups/{GROUP}/dance", "", "no order "),
        (f"/groups/{GROUP}/stop", '{"now": true}', "no option 'now'"),
        ("/topics/nothing/produce", '{"count": 1}', "no topic 'nothing'"),
        (f"/topics/{TOPIC}/produce", "", "count must be a whole number from 1 to 200000, not None"),
        (f"/topics/{TOPIC}/produce", '{"count": true}', "count must be a whole number"),
        (f"/topics/{TOPIC}/produce", '{"count": 1, "partition": 3}', "has partitions 0 to 2, not 3"),
        (f"/topics/{TOPIC}.dlq/pause", "", f"no topic '{TOPIC}.dlq'"),
        ("/topics/audit.log/produce", '{"count": 1}', "no topic 'audit.log'"),
        ("/requests", '{"rate": 1e999}', "rate must be a number from 0 to 50, not inf"),
        ("/requests", '{"error_share": 0.5}', "no option 'error_share'"),
        ("/requests", "[]", "the body is no JSON object"),
        ("/requests", "{", "the body is no JSON: "),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(world: World, path: str, body: str, error: str) -> None:
    """An order with bad input is answered 400 with what is wrong and what could be said instead."""
    status, answer = order(world, path, body)
    assert status == 400
    assert error in answer["error"]


def test_a_second_sandbox_lives_beside_the_first(world: World) -> None:
    """A sandbox of another name comes up beside this one, shares no port with it, and goes down without it."""
    up = run(world.root, "up", "--name", "second")
    try:
        assert up.returncode == 0, up.stderr
        second = World(world.root.with_name(f"{world.root.name}-second"))
        assert not set(second.ports().values()) & set(world.ports().values())
        assert second.get("postgres.system_id") != world.get("postgres.system_id")
        assert run(world.root, "status", "--name", "second").returncode == 0
    finally:
        assert run(world.root, "down", "--name", "second").returncode == 0
    assert ProcessTable().marked(second.root) == []
    assert run(world.root, "status").returncode == 0


def test_an_interrupted_start_of_all_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C while the whole sandbox starts takes down what runs by then, database and broker included."""
    root = tmp_path / "sandbox"
    with half_up(root) as up:
        up.send_signal(signal.SIGINT)
        assert "taking everything down" in up.communicate(timeout=60)[1]
    assert ProcessTable().marked(root) == []
    assert not root.exists()


def test_a_killed_start_of_all_is_cleared_away(tmp_path: Path) -> None:
    """What a start leaves that was ended by SIGKILL is gone after `down`."""
    root = tmp_path / "sandbox"
    with half_up(root) as up:
        up.kill()
        up.communicate(timeout=60)
    assert ProcessTable().marked(root) != []
    assert run(root, "down").returncode == 0
    assert ProcessTable().marked(root) == []
    assert not root.exists()


def test_what_customers_ask_for_is_done(world: World) -> None:
    """Payments are acknowledged and reconciled, and every event in the audit log came from a service."""
    with psycopg.connect(Path(world.get("postgres.dsn_file")).read_text(encoding="utf-8")) as database:
        deadline = Deadline(20)
        reconciled = "SELECT count(*) FROM payments WHERE state = 'ACK' AND reconciled_at IS NOT NULL"
        while database.execute(reconciled).fetchone() == (0,):
            database.rollback()
            deadline.pause(0.1, "a payment to be reconciled")
        actors = database.execute("SELECT DISTINCT org_id FROM audit_log WHERE at > now() - interval '1 minute'")
        assert {org for (org,) in actors} <= {"org-synthetic", "org-platform"}


def test_every_fault_has_an_id_of_its_own() -> None:
    """No two faults share an id, and faults of one component stand together."""
    assert len(by_id()) == len(FAULTS)
    components = [fault.component for fault in FAULTS]
    assert components == sorted(components, key=components.index)
