"""A tiny sandbox, driven from other processes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.processes import ProcessTable
from apgms_ops.sandbox.world import World

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
