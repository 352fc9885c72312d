"""Waits for processes to end, without asking again and again: the kernel tells."""

import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress

from apgms_ops.sandbox.processes import Identity, ProcessTable

_SIGNALLED = 128


class Reaper:
    """One thread that waits for every process at once, whether we started it or not."""

    def __init__(self, table: ProcessTable) -> None:
        """Take the table that tells a process from a later one of its number."""
        self._table = table
        self._watched: dict[int, tuple[int, Callable[[int | None], None]]] = {}
        self._lock = threading.Lock()
        self._poll = select.epoll()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)

    def start(self) -> None:
        """Begin to wait."""
        self._thread.start()

    def watch(self, identity: Identity, ended: Callable[[int | None], None]) -> None:
        """Call `ended` once a process is over, with its exit code where we are its parent."""
        try:
            descriptor = os.pidfd_open(identity.pid)
        except ProcessLookupError:
            ended(None)
            return
        # A child of ours keeps its number until it is waited for, dead or alive. Another's may have been used again.
        entry = self._table.entry(identity.pid)
        if entry is not None and entry.started != identity.started and identity.started >= 0:
            os.close(descriptor)
            ended(None)
            return
        with self._lock:
            self._watched[descriptor] = (identity.pid, ended)
        self._poll.register(descriptor, select.EPOLLIN)

    def _run(self) -> None:
        while True:
            for descriptor, _ in self._poll.poll():
                with self._lock:
                    _, ended = self._watched.pop(descriptor)
                self._poll.unregister(descriptor)
                code = _exit_code(descriptor)
                os.close(descriptor)
                ended(code)


def _exit_code(descriptor: int) -> int | None:
    """Return what a process ended with; None if it is not our child, or somebody has let it go."""
    with suppress(ChildProcessError):
        result = os.waitid(os.P_PIDFD, descriptor, os.WEXITED)
        if result is not None:
            return result.si_status if result.si_code == os.CLD_EXITED else _SIGNALLED + result.si_status
    return None
