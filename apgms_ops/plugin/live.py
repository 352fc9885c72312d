"""While the probes run: one line that says which are still out; plain lines where nobody watches (CI)."""

import threading
from collections.abc import Callable
from typing import TextIO

from apgms_ops.redact import printable

_TICK = 0.1
_PLAIN_EVERY = 5.0
"""Seconds between two plain lines."""
_CLEAR = "\r\x1b[2K"


class LiveLine:
    """Shows on a terminal, from a thread of its own, how many probes have answered."""

    def __init__(
        self,
        stream: TextIO,
        outstanding: Callable[[], tuple[tuple[str, ...], int] | None],
        *,
        clock: Callable[[], float],
        columns: int,
    ) -> None:
        """Show nothing yet.

        Args:
            stream: Where to write; rewritten in place if it is a terminal.
            outstanding: Returns the probes that are still out and the number of all, or None before the plan is known.
            clock: A monotonic clock, in seconds.
            columns: Width of the line, in characters.
        """
        self._stream = stream
        self._outstanding = outstanding
        self._clock = clock
        self._columns = columns
        self._tty = stream.isatty()
        self._began: float | None = None
        self._said = 0.0
        self._shown = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live line", daemon=True)

    def start(self) -> None:
        """Begin to show."""
        self._thread.start()

    def stop(self) -> None:
        """Take the line away, for good. Harmless when it is not there."""
        self._stop.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_TICK) and self.look():
            pass
        if self._shown:
            self._write(_CLEAR)

    def look(self) -> bool:
        """Show how things stand; return whether there is anything left to wait for."""
        state = self._outstanding()
        if state is None:
            return True
        out, total = state
        if not out:
            return False
        if self._began is None:
            self._began = self._clock()
        waited = self._clock() - self._began
        text = f"probes: {total - len(out)} of {total} answered, {waited:.0f} s; waiting for {', '.join(out)}"
        if self._tty:
            self._write(_CLEAR + printable(text, limit=10_000)[: self._columns - 1])
            self._shown = True
        elif waited - self._said >= _PLAIN_EVERY:
            self._said = waited
            self._write(f"\n{printable(text, limit=500)}")
        return True

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
