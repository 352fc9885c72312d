"""What breaks a journey sets switches that there are, names tests of the smoke folder, and leaves no switch set."""

import importlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import edge_process
from apgms_ops.sandbox.breaking import Breaker
from apgms_ops.sandbox.faults import FAULTS, by_id, smoke_door
from apgms_ops.sandbox.faults.smoke_tools import FOLDER, JOURNEY, Switched
from apgms_ops.sandbox.service_process.switches import COMMON, Spec, Switches
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

SWITCHED = [fault for fault in FAULTS if issubclass(fault, Switched)]
MODULES = {"api-gateway": "gateway", "payments": "payments", "audit": "audit"}


def switches_of(place: str) -> Switches:
    """Return the switches of the process in a place."""
    if place == "edge":
        return Switches(edge_process.SWITCHES, common=Spec())
    module = importlib.import_module(f"apgms_ops.sandbox.service_process.{MODULES[place.partition('.')[0]]}")
    return Switches(module.SWITCHES)


@pytest.mark.parametrize("fault", SWITCHED, ids=lambda fault: fault.id)
def test_every_switch_is_there_and_off_at_first(fault: type[Switched]) -> None:
    """Each process that is told a switch knows it, takes the value, and had another one before."""
    for place in fault.places:
        switches = switches_of(place)
        before = switches.values
        switches.set(fault.switches)
        assert all(switches.values[name] == value != before[name] for name, value in fault.switches.items())
    assert COMMON.flags


@pytest.mark.parametrize("fault", SWITCHED, ids=lambda fault: fault.id)
def test_a_fault_is_noticed_by_what_its_proof_runs(fault: type[Switched]) -> None:
    """Whatever must notice is in a folder that the proof runs, and some test of the journey or the door must FAIL."""
    folders = fault.reach.split()
    assert FOLDER in folders
    for check in (*fault.expected, *fault.may_notice):
        assert check.startswith(tuple(folders))
    assert any(check.startswith(FOLDER) for check, verdict in fault.expected.items() if verdict is Verdict.FAIL)


def test_every_step_of_a_journey_is_failed_by_some_fault() -> None:
    """A test that no fault proves able to FAIL is worth nothing."""
    failed = {check for fault in FAULTS for check, verdict in fault.expected.items() if verdict is Verdict.FAIL}
    assert JOURNEY - failed == set()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[tuple[World, Switches]]:
    """A world whose edge is no more than its control port."""
    world = World(tmp_path / "sandbox", cache=tmp_path / "cache", report=lambda _line: None)
    switches = switches_of("edge")
    server = edge_process.control(0, switches)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    world.set("edge.control", f"127.0.0.1:{server.server_port}")
    yield world, switches
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("fault", [smoke_door.Staging, smoke_door.OldTls], ids=lambda fault: fault.id)
def test_a_switch_is_set_and_set_back(door: tuple[World, Switches], fault: type[Switched]) -> None:
    """Broken, its switches are set; healed, from whichever process, they are what they were."""
    world, switches = door
    before = switches.values
    assert Breaker(world, by_id()).break_(fault.id, Deadline(10))
    assert switches.values == before | dict(fault.switches)
    assert Breaker(world, by_id()).heal(fault.id, Deadline(10))
    assert switches.values == before
