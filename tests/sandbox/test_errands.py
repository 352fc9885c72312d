"""A program that a component runs to its end is marked as the sandbox's, and ends in its time."""

import sys
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import errands
from apgms_ops.sandbox.processes import MARK
from apgms_ops.sandbox.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Make a world that nobody has used yet."""
    return World(tmp_path / "root", cache=tmp_path / "cache")


def test_a_program_is_marked_and_knows_no_secret(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program gets the sandbox's mark, what it is given, and nothing that the caller's environment holds beside."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    script = "import os; e = os.environ; print(e['APGMS_SANDBOX_ROOT'], e['MORE'], e.get('AWS_SECRET_ACCESS_KEY'))"
    done = errands.run(world, "kafka", [sys.executable, "-c", script], Deadline(30), env={"MORE": "more"})
    assert (done.returncode, done.stdout) == (0, f"{world.root} more None\n")
    assert MARK == "APGMS_SANDBOX_ROOT"


def test_a_program_that_hangs_is_ended(world: World) -> None:
    """A program that does not end by the deadline is killed, and named."""
    with pytest.raises(SandboxError, match=r"initdb did not end within 0\.2 s"):
        errands.run(
            world, "postgres", [sys.executable, "-c", "import time; time.sleep(60)"], Deadline(0.2), name="initdb"
        )


def test_nothing_is_run_in_a_sandbox_that_is_taken_down(world: World) -> None:
    """While a sandbox is taken down its components start no more programs."""
    world.set("phase", "starting")
    world.destroy(Deadline(10))
    with pytest.raises(SandboxError, match="is being taken down"):
        errands.run(world, "kafka", [sys.executable, "--version"], Deadline(10))
    assert not world.root.exists()
