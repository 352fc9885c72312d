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
        began: float | None = None
        said = 0.0
        shown = False
        while not self._stop.wait(_TICK):
            state = self._outstanding()
            if state is None:
                continue
            out, total = state
            began = self._clock() if began is None else began
            if not out:
                break
            waited = self._clock() - began
            text = f"probes: {total - len(out)} of {total} answered, {waited:.0f} s; waiting for {', '.join(out)}"
            if self._tty:
                self._write(_CLEAR + printable(text, limit=10_000)[: self._columns - 1])
                shown = True
            elif waited - said >= _PLAIN_EVERY:
                said = waited
                self._write(f"\n{printable(text, limit=500)}")
        if shown:
            self._write(_CLEAR)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
