"""The log of a service: JSON lines with correlation ids; never a body, a token or a secret."""

import json
import os
import stat
import sys
import threading
from datetime import UTC, datetime
from typing import Final

_LARGEST: Final = 8 << 20
"""Bytes; a sandbox may be up for weeks, and its log begins anew then."""
_LOOK_EVERY: Final = 500


class Log:
    """Writes lines to standard output, which is the process's log file."""

    def __init__(self, service: str, instance: str) -> None:
        """Say in every line whose it is."""
        self._whose = {"service": service, "instance": instance}
        self._lock = threading.Lock()
        self._written = 0

    def note(self, event: str, correlation_id: str | None = None, **facts: str | float | None) -> None:
        """Write what happened."""
        self._write("info", event, correlation_id, facts)

    def trouble(self, event: str, correlation_id: str | None = None, **facts: str | float | None) -> None:
        """Write what went wrong."""
        self._write("error", event, correlation_id, facts)

    def _write(self, level: str, event: str, correlation_id: str | None, facts: dict[str, str | float | None]) -> None:
        line = {"ts": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, **self._whose}
        if correlation_id is not None:
            line["correlationId"] = correlation_id
        text = json.dumps({**line, "event": event, **facts}, separators=(",", ":"))
        with self._lock:
            if self._written % _LOOK_EVERY == 0:
                _begin_anew_if_large()
            self._written += 1
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()


def _begin_anew_if_large() -> None:
    try:
        found = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):  # a test has put something else in its place
        return
    if stat.S_ISREG(found.st_mode) and found.st_size > _LARGEST:
        os.ftruncate(sys.stdout.fileno(), 0)  # it is opened for appending, so the next line is the first
