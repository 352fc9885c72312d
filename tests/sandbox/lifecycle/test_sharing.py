"""A sandbox is shared: by starts at once, and by runs, until the last of them ends."""

import signal

import pytest

from tests.sandbox.lifecycle.tiny_sandbox import Sandbox, read_until

pytestmark = pytest.mark.sandbox


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
