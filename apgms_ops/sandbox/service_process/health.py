"""Readiness: everything that a service depends on is really asked, and none of it can make the answer hang."""

import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from apgms_ops.sandbox.service_process.guard import guarded
from apgms_ops.sandbox.service_process.unavailable import Unavailable

_PATIENCE: Final = 1.0
"""Seconds for all that is asked."""


class Dependency:
    """One thing that is asked, by one thread at a time: whoever comes while it hangs waits for the same answer."""

    def __init__(self, name: str, ask: Callable[[], None]) -> None:
        """Take what asks it, and raises Unavailable where it is away."""
        self.name = name
        self._ask = ask
        self._lock = threading.Lock()
        self._under_way: tuple[threading.Event, list[bool]] | None = None

    def begin(self) -> tuple[threading.Event, list[bool]]:
        """Ask, unless it is being asked; return what tells when there is an answer, and holds it then."""
        with self._lock:
            if self._under_way is None:
                self._under_way = (threading.Event(), [])
                threading.Thread(target=self._run, args=self._under_way, daemon=True).start()
            return self._under_way

    def _run(self, done: threading.Event, answer: list[bool]) -> None:
        answer.append(guarded(self._answers, _failed))
        with self._lock:
            self._under_way = None
        done.set()

    def _answers(self) -> bool:
        try:
            self._ask()
        except Unavailable:
            return False
        return True


def _failed(trace: str) -> bool:
    sys.stderr.write(trace)
    return False


def look(dependencies: list[Dependency], patience: float = _PATIENCE) -> Mapping[str, bool]:
    """Ask all at once and return by name who answered well in time."""
    until = time.monotonic() + patience
    found = {}
    for name, (done, answer) in [(dependency.name, dependency.begin()) for dependency in dependencies]:
        done.wait(max(0.0, until - time.monotonic()))
        found[name] = answer == [True]
    return found
