"""What a person sees while the sandbox comes up: a line an event and, on a terminal, one live line of what is out."""

import shutil
import threading
from collections.abc import Mapping
from typing import TextIO

_CLEAR = "\r\x1b[2K"


class Progress:
    """Lines of progress from several threads, on one stream."""

    def __init__(self, stream: TextIO, *, live: bool | None = None) -> None:
        """Write to `stream`; with a live line if it is a terminal, unless `live` says otherwise."""
        self._stream = stream
        self._live = stream.isatty() if live is None else live
        self._lock = threading.Lock()
        self._shown = ""

    def note(self, text: str) -> None:
        """Write a line that stays; the live line moves below it."""
        with self._lock:
            self._stream.write(f"{_CLEAR if self._shown else ''}{text}\n{self._shown}")
            self._stream.flush()

    def tick(self, pending: Mapping[str, str], seconds: float) -> None:
        """Redraw the live line.

        Args:
            pending: Component → what it is doing.
            seconds: Time since the start.
        """
        if not self._live:
            return
        parts = ", ".join(f"{name} {doing}" for name, doing in pending.items())
        text = f"{seconds:5.1f} s  {parts}" if pending else ""
        with self._lock:
            self._shown = text[: shutil.get_terminal_size().columns - 1]
            self._stream.write(f"{_CLEAR}{self._shown}")
            self._stream.flush()

    def done(self) -> None:
        """Take the live line away."""
        self.tick({}, 0.0)
