"""Signals to a whole server: its backends lead sessions of their own, and overwrite the marks of the sandbox."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import processes
from apgms_ops.sandbox.world import World

_NAME: Final = "postgres"
_LOOKS: Final = 3
_PAUSE: Final = 0.1


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
        _continue(identity.pid)
        return
    # The server first, so that no backend is started meanwhile.
    processes.send(identity.pid, number)
    for child in _children(identity.pid):
        processes.send(child, number)


def _continue(pid: int) -> None:
    """Continue a server and its backends, until none of them is stopped.

    The kernel's list of children skips one that stands after one that exits meanwhile, and not every backend is
    stopped: one that came when the others were stopped may exit now. What is skipped (the archiver, say) would stay
    stopped for ever, so their states are looked at as well.
    """
    for child in _children(pid):
        processes.send(child, signal.SIGCONT)
    processes.send(pid, signal.SIGCONT)
    for _ in range(_LOOKS):
        for child in _stopped(pid):
            processes.send(child, signal.SIGCONT)
        time.sleep(_PAUSE)


def states(world: World, process: str) -> str:
    """Return what a server's backends are doing, in a line, for whoever wants to know why one of them does nothing."""
    identity = world.processes().get(_NAME, {}).get(process)
    found = [] if identity is None else [f"{_title(child)} [{state}]" for child, state in _of(identity.pid)]
    return ", ".join(sorted(found)) or "it has none"


def _stopped(pid: int) -> Iterator[int]:
    return (child for child, state in _of(pid) if state == "T")


def _of(pid: int) -> Iterator[tuple[int, str]]:
    """Yield the children and their states, by what /proc says of each process, which skips none."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:  # gone
            continue
        state, parent = text[text.rindex(")") + 2 :].split()[:2]
        if int(parent) == pid:
            yield int(path.parent.name), state


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ").strip()
    except OSError:  # gone
        return "gone"


def _children(pid: int) -> tuple[int, ...]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return tuple(map(int, text.split()))
