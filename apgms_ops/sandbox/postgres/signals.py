"""Signals to a whole server: its backends lead sessions of their own, and overwrite the marks of the sandbox."""

import signal
from pathlib import Path
from typing import Final

from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import processes
from apgms_ops.sandbox.world import World

_NAME: Final = "postgres"


def send(world: World, process: str, number: signal.Signals) -> None:
    """Send a signal to a server and to each of its backends.

    Raises:
        SandboxError: It does not run.
    """
    identity = world.processes().get(_NAME, {}).get(process)
    if identity is None or not world.alive(_NAME, process=process):
        msg = f"postgres {process} does not run"
        raise SandboxError(msg)
    # The server first, so that no backend is started meanwhile.
    processes.send(identity.pid, number)
    for child in Path(f"/proc/{identity.pid}/task/{identity.pid}/children").read_text(encoding="ascii").split():
        processes.send(int(child), number)
