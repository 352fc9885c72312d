"""The sandbox comes up, and goes down without a trace, whatever happens to who started it."""

import os
import signal
import socket
import time
from collections.abc import Callable

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from tests.sandbox.lifecycle.tiny_sandbox import Sandbox, wait_for

pytestmark = pytest.mark.sandbox


def test_up_then_down_leaves_no_process_and_no_state(sandbox: Sandbox) -> None:
    """After `down` no process and no state is left, not even of a process that got away from its session."""
    assert "first ready" in sandbox.run("up")
    assert len(sandbox.left()) == 4
    assert (sandbox.root / "sandbox.toml").read_text().startswith('name = "root-')
    assert sandbox.run("down") == "down\n"
    assert sandbox.left() == []
    assert not sandbox.root.exists()
    assert sandbox.run("down") == "nothing there\n"


def test_up_of_a_running_sandbox_says_so_and_starts_nothing(sandbox: Sandbox) -> None:
    """A second `up` says that the sandbox runs, and leaves its processes alone."""
    sandbox.run("up")
    before = sandbox.world().processes()
    assert sandbox.run("up") == "ran already\n"
    assert sandbox.world().processes() == before


def test_a_step_of_the_start_is_not_taken_for_dead(sandbox: Sandbox) -> None:
    """A component that has no process is started once, and not again by the next `up`."""
    assert sandbox.run("up").count("step done") == 1
    assert "step" not in sandbox.run("up")


def test_up_starts_again_what_died(sandbox: Sandbox) -> None:
    """`up` starts a component that died, says so, and leaves the others alone."""
    sandbox.run("up")
    before = sandbox.world().processes()
    os.kill(before["second"]["second"].pid, signal.SIGKILL)
    wait_for(lambda: not sandbox.world().alive("second"))
    assert "second has died: starting it again" in sandbox.run("up")
    assert sandbox.world().processes()["first"] == before["first"]
    assert sandbox.world().alive("second")


def test_up_repairs_nothing_that_is_broken_on_purpose(sandbox: Sandbox) -> None:
    """While a fault is in force `up` starts nothing again, and names the fault."""
    sandbox.run("up")
    sandbox.world().set_fault("second-killed", {})
    os.kill(sandbox.world().processes()["second"]["second"].pid, signal.SIGKILL)
    wait_for(lambda: not sandbox.world().alive("second"))
    assert "broken on purpose: second-killed" in sandbox.run("up")
    assert not sandbox.world().alive("second")


def test_two_sandboxes_live_side_by_side(new: Callable[[str], Sandbox]) -> None:
    """Two sandboxes share no port and no process, and one goes down without the other."""
    one, two = new("a"), new("b")
    one.run("up")
    two.run("up")
    assert not set(one.world().ports().values()) & set(two.world().ports().values())
    one.run("down")
    assert one.left() == []
    assert two.world().alive("first")
    assert two.world().alive("second")


def test_a_killed_start_is_cleaned_up_by_the_next_one(sandbox: Sandbox) -> None:
    """What `kill -9` of a start leaves half-made is cleared away by the next `up`, which then succeeds."""
    command = sandbox.begin("up", "stuck")
    wait_for(lambda: sandbox.world().alive("second"))
    command.kill()
    command.communicate()
    orphans = set(sandbox.left())
    assert orphans
    assert "broken off half-way: clearing it away" in sandbox.run("up")
    assert not orphans & set(sandbox.left())
    assert sandbox.world().alive("second")


def test_processes_whose_records_are_lost_are_found(sandbox: Sandbox) -> None:
    """Processes of a sandbox whose folder was removed by hand are found by their mark and ended."""
    sandbox.run("up")
    orphans = set(sandbox.left())
    for path in sorted(sandbox.root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert "processes of an earlier sandbox are left" in sandbox.run("up")
    assert not orphans & set(sandbox.left())


@pytest.mark.parametrize("number", [signal.SIGINT])
def test_an_interrupted_start_takes_everything_down(sandbox: Sandbox, number: signal.Signals) -> None:
    """Ctrl-C during a start leaves no process and no state."""
    command = sandbox.begin("up", "stuck")
    wait_for(lambda: sandbox.world().alive("second"))
    command.send_signal(number)
    assert "taking everything down" in command.communicate(timeout=20)[0]
    assert sandbox.left() == []
    assert not sandbox.root.exists()


def test_a_component_that_fails_takes_the_others_down_with_it(sandbox: Sandbox) -> None:
    """A component that dies while starting ends the start with its log, and nothing is left."""
    output = sandbox.run("up", "broken")
    assert "error: second died:" in output
    assert "no luck today" in output
    assert sandbox.left() == []
    assert not sandbox.root.exists()


def test_a_process_that_ignores_sigterm_is_ended_all_the_same(sandbox: Sandbox) -> None:
    """A component that hears no SIGTERM is ended by SIGKILL once the grace is over."""
    sandbox.run("up", "unstoppable")
    sandbox.world().stop("second", Deadline(1.0))
    assert not sandbox.world().alive("second")
    assert "second" not in sandbox.world().processes()


def test_a_stopped_process_is_ended_at_once(sandbox: Sandbox) -> None:
    """A process in SIGSTOP is continued to hear SIGTERM, and ends within its grace."""
    sandbox.run("up")
    sandbox.world().signal("first", signal.SIGSTOP)
    began = time.monotonic()
    sandbox.world().stop("first", Deadline(10))
    assert time.monotonic() - began < 3
    assert not sandbox.world().alive("first")


def test_down_clears_away_a_damaged_sandbox(sandbox: Sandbox) -> None:
    """`up` refuses a state that cannot be read and says what helps; `down` ends its processes all the same."""
    sandbox.run("up")
    (sandbox.root / "world.json").write_text("{ nonsense")
    assert "`apgms-ops sandbox down` clears it away" in sandbox.run("up")
    assert sandbox.run("down") == "down\n"
    assert sandbox.left() == []


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(sandbox: Sandbox) -> None:
    """A folder that holds somebody's files is neither used by `up` nor removed by `down`."""
    sandbox.root.mkdir()
    (sandbox.root / "thesis.txt").write_text("ten years of work")
    assert "holds thesis.txt and no sandbox" in sandbox.run("up")
    assert sandbox.run("down") == "nothing there\n"
    assert (sandbox.root / "thesis.txt").read_text() == "ten years of work"


def test_a_port_is_the_worlds_own_while_it_lives(sandbox: Sandbox) -> None:
    """A component that is stopped and started gets the port it had."""
    sandbox.run("up")
    port = sandbox.world().port("second")
    sandbox.world().stop("second", Deadline(10))
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 1.0)
    sandbox.run("up")
    socket.create_connection(("127.0.0.1", port), 1.0).close()


def test_spawning_what_does_not_exist_names_it(sandbox: Sandbox) -> None:
    """A program that is not on the machine is named in the error."""
    with pytest.raises(SandboxError, match="program no-such-program is not on this machine"):
        sandbox.world().spawn("first", ["no-such-program"])
