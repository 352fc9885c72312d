"""The sandbox comes up, is shared, and goes down without a trace, whatever happens to who started it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.processes import ProcessTable
from apgms_ops.sandbox.world import World

pytestmark = pytest.mark.sandbox

TINY = Path(__file__).with_name("tiny.py")


class Sandbox:
    """A tiny sandbox in a folder of its own, driven from other processes."""

    def __init__(self, root: Path, cache: Path) -> None:
        """Name its folders."""
        self.root = root
        self.cache = cache

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command and return it while it runs."""
        return subprocess.Popen(
            [sys.executable, str(TINY), str(self.root), str(self.cache), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        """Run a command to its end and return what it printed."""
        with self.begin(*arguments) as command:
            return command.communicate(timeout=60)[0]

    def world(self) -> World:
        """Open its world."""
        return World(self.root, cache=self.cache)

    def left(self) -> list[int]:
        """Return the pids of what lives of it, found by its mark rather than by its records."""
        return [entry.pid for entry in ProcessTable().marked(self.root)]


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Callable[[str], Sandbox]]:
    """Make sandboxes that are down when the test is over."""
    made: list[Sandbox] = []

    def make(name: str) -> Sandbox:
        (tmp_path / name).mkdir()
        made.append(Sandbox(tmp_path / name / "root", tmp_path / "cache"))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.world().destroy(Deadline(10))


@pytest.fixture
def sandbox(new: Callable[[str], Sandbox]) -> Sandbox:
    """Make one sandbox."""
    return new("one")


def read_until(command: "subprocess.Popen[str]", text: str) -> None:
    """Read a command's output up to a line that holds `text`."""
    assert command.stdout is not None
    for line in command.stdout:
        if text in line:
            return
    pytest.fail(f"the command ended without saying {text!r}")


def wait_for(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = Deadline(20)
    while not true():
        deadline.pause(0.02, "the expected state")


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


def test_of_two_starts_at_once_one_wins_and_the_other_uses_it(sandbox: Sandbox) -> None:
    """Two `up` at once: one starts the sandbox, the other waits for it, and both succeed."""
    with sandbox.begin("up") as one, sandbox.begin("up") as two:
        outputs = sorted(command.communicate(timeout=60)[0].splitlines()[-1] for command in (one, two))
    assert outputs == ["ran already", "started"]
    assert len(sandbox.left()) == 4


def test_runs_share_a_sandbox_until_the_last_one_ends(sandbox: Sandbox) -> None:
    """A sandbox that a run started stays while another run uses it, and goes with the last one."""
    with sandbox.begin("share") as one:
        read_until(one, "shared started")
        with sandbox.begin("share") as two:
            read_until(two, "shared attached")
            one.communicate("\n", timeout=20)
            assert sandbox.world().alive("second")
            two.communicate("\n", timeout=20)
    assert sandbox.left() == []
    assert not sandbox.root.exists()


def test_a_run_leaves_a_sandbox_alone_that_was_up_before(sandbox: Sandbox) -> None:
    """A run that attached to a sandbox somebody brought up does not take it down."""
    sandbox.run("up")
    with sandbox.begin("share") as run:
        read_until(run, "shared attached")
        run.communicate("\n", timeout=20)
    assert sandbox.world().alive("second")


def test_up_keeps_a_sandbox_that_a_run_started(sandbox: Sandbox) -> None:
    """After `up` a sandbox that a run had started stays when that run ends."""
    with sandbox.begin("share") as run:
        read_until(run, "shared started")
        assert sandbox.run("up") == "ran already\n"
        run.communicate("\n", timeout=20)
    assert sandbox.world().alive("second")


def test_what_a_killed_run_had_started_is_not_used_again(sandbox: Sandbox) -> None:
    """A sandbox whose run was killed by SIGKILL is cleared away by the next one, which starts its own."""
    with sandbox.begin("share") as run:
        read_until(run, "shared started")
        run.kill()
        run.communicate()
    orphans = set(sandbox.left())
    assert orphans
    assert "the run that an earlier sandbox was started for is gone: clearing it away" in sandbox.run("up")
    assert not orphans & set(sandbox.left())


def test_an_interrupted_run_takes_down_what_it_started(sandbox: Sandbox) -> None:
    """Ctrl-C in a run that started the sandbox leaves no process and no state."""
    with sandbox.begin("share") as run:
        read_until(run, "shared started")
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=20)
    assert sandbox.left() == []
    assert not sandbox.root.exists()


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
