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
    if number is signal.SIGCONT:
        # Their list is whole only for as long as none of them comes or goes: the kernel skips one that stands after one
        # that exits meanwhile, and what is skipped (the archiver, say) would stay stopped for ever.
        for child in _children(identity.pid):
            processes.send(child, number)
        processes.send(identity.pid, number)
        return
    # The server first, so that no backend is started meanwhile.
    processes.send(identity.pid, number)
    for child in _children(identity.pid):
        processes.send(child, number)


def _children(pid: int) -> tuple[int, ...]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return tuple(map(int, text.split()))
