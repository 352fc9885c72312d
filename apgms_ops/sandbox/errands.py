"""Programs that a component runs to their end, marked as the sandbox's: a broken-off start leaves none behind."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.processes import environment
from apgms_ops.sandbox.world import World


def run(  # noqa: PLR0913 — what a program is run with
    world: World,
    component: str,
    command: Sequence[str | Path],
    deadline: Deadline,
    *,
    env: Mapping[str, str] | None = None,
    name: str | None = None,
    given: str = "",
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end and return what it printed and its exit code.

    Args:
        world: Whose it is; while that is taken down nothing is run any more.
        component: Which component's.
        command: Program and arguments.
        deadline: For all of it.
        env: Added to the small environment that every process of the sandbox gets.
        name: What it is called in errors; by default as the program is.
        given: What it reads from its standard input.

    Raises:
        SandboxError: It did not end in time, or the sandbox is being taken down.
    """
    folder = world.folder(component)
    called = name or Path(command[0]).name
    try:
        return subprocess.run(  # noqa: S603 — a program of a component's, arguments of ours
            [str(part) for part in command],
            cwd=folder,
            env=environment(world.root, f"{component}/{called}", os.environ, env),
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=deadline.require(f"running {called}"),
        )
    except subprocess.TimeoutExpired:
        msg = f"{called} did not end within {deadline.seconds:g} s"
        raise SandboxError(msg) from None
