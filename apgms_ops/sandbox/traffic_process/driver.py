"""What every Kafka client of this process is configured with."""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError

_SILENCE = 60.0
"""Seconds for which an error of one kind is not written down again."""


class Complaints:
    """Writes errors of the driver to the log, not again and again while they last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing complained about; `clock` counts seconds."""
        self._clock = clock
        self._until: dict[int, float] = {}
        self._lock = threading.Lock()

    def __call__(self, error: KafkaError) -> None:
        """Write an error down unless one of its kind was lately."""
        with self._lock:
            now = self._clock()
            if now >= self._until.get(error.code(), now):
                self._until[error.code()] = now + _SILENCE
                sys.stderr.write(f"kafka: {error.str()}\n")


def options(bootstrap: str, complaints: Complaints, **more: str | float | bool) -> dict[str, Any]:
    """Return a client's configuration.

    Args:
        bootstrap: The broker.
        complaints: Hears of errors; the driver itself would write a line for each of its many tries.
        more: Options of this client, with underscores for dots.
    """
    own = {name.replace("_", "."): value for name, value in more.items()}
    return {
        "bootstrap.servers": bootstrap,
        "reconnect.backoff.max.ms": 500,
        "log_level": 2,
        "error_cb": complaints,
        **own,
    }
