"""What the components of stand-ins do alike: a process of two ports, and files that only this user can read."""

import os
import sys
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.asking import ask
from apgms_ops.sandbox.world import World

_POLL: Final = 0.05


def launch(world: World, name: str) -> None:
    """Start the process `apgms_ops.sandbox.NAME_process` with the settings that were written into its folder."""
    program = f"apgms_ops.sandbox.{name}_process"
    settings = world.folder(name) / "settings.json"
    world.spawn(name, [sys.executable, "-m", program, str(settings)], env={"PYTHONUNBUFFERED": "1"})


def await_answers(world: World, name: str, deadline: Deadline) -> None:
    """Return once both ports, NAME and NAME.control, answer.

    Raises:
        SandboxError: It died, or does not answer by the deadline; the text ends with the tail of its log.
    """
    control, port = world.port(f"{name}.control"), world.port(name)
    while ask(control, "/status", deadline) is None or ask(port, "/", deadline, any_status=True) is None:
        if not world.alive(name):
            msg = f"{name} died:\n{world.log_tail(name)}"
            raise SandboxError(msg)
        if deadline.remaining <= _POLL:
            msg = f"{name} does not answer within {deadline.seconds:g} s:\n{world.log_tail(name)}"
            raise SandboxError(msg)
        deadline.pause(_POLL, f"{name} to answer")


def write_once(path: Path, text: str) -> None:
    """Write a file that only this user can read, where there is none yet."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
