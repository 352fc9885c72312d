"""What the registries service remembers of the register, for as long as it may be believed."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_LIVES: Final = 300.0
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """What the register said of one number."""

    abn: str
    status: str
    """`active` or `cancelled`."""
    legal_name: str


class Cache:
    """Entries by number, each for some minutes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, lives: float = _LIVES) -> None:
        """Begin empty; `clock` counts seconds, and an entry lives for so many."""
        self._clock = clock
        self._lives = lives
        self._entries: dict[str, tuple[Entry, float]] = {}
        self._lock = threading.Lock()

    def get(self, abn: str) -> Entry | None:
        """Return what is remembered, unless it is too old."""
        with self._lock:
            entry, until = self._entries.get(abn, (None, 0.0))
        return entry if self._clock() < until else None

    def put(self, entry: Entry) -> bool:
        """Remember what the register said just now; return whether that is another thing than was known, of any age."""
        with self._lock:
            before = self._entries.pop(entry.abn, (None, 0.0))[0]
            if len(self._entries) >= _MOST:
                self._entries.pop(next(iter(self._entries)))  # the one that was asked for longest ago
            self._entries[entry.abn] = (entry, self._clock() + self._lives)
        return entry != before

    def forget(self, abn: str) -> None:
        """Forget an entry, so that the next look-up asks the register."""
        with self._lock:
            self._entries.pop(abn, None)
