"""The one thread in which the node changes anything: what others find out, and what is due, is done there in turn."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Answer = TypeVar("_Answer")


class Loop:
    """Work that is due, done one after another."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with none."""
        self._clock = clock
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False

    def soon(self, work: Callable[[], None]) -> None:
        """Do something as soon as all that was handed over before is done."""
        self.after(0.0, work)

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Do something after so many seconds."""
        with self._changed:
            heapq.heappush(self._due, (self._clock() + max(0.0, seconds), next(self._number), work))
            self._changed.notify()

    def ask(self, question: Callable[[], _Answer], patience: float) -> _Answer:
        """Return the answer that something gives in the loop's thread; for other threads.

        Raises:
            TimeoutError: There was none in time.
        """
        future: Future[_Answer] = Future()
        self.soon(lambda: future.set_result(question()))
        return future.result(patience)

    def stop(self) -> None:
        """Let `run` return; what is still due is left undone."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def run(self) -> None:
        """Do what is due until told to stop."""
        while (work := self._next()) is not None:
            work()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopped:
                left = self._due[0][0] - self._clock() if self._due else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(left)
        return None
