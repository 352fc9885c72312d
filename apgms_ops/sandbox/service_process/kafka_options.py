"""What every Kafka client of a service is configured with."""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import KafkaError

from apgms_ops.sandbox.service_process.log import Log

_SILENCE: Final = 60.0
"""Seconds for which an error of one kind is not written down again."""


class Complaints:
    """Writes errors of the driver to the log, not again and again while they last."""

    def __init__(self, log: Log, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing complained about; `clock` counts seconds."""
        self._log = log
        self._clock = clock
        self._until: dict[int, float] = {}
        self._lock = threading.Lock()

    def __call__(self, error: KafkaError) -> None:
        """Write an error down unless one of its kind was lately."""
        with self._lock:
            now = self._clock()
            if now >= self._until.get(error.code(), now):
                self._until[error.code()] = now + _SILENCE
                self._log.trouble("kafka", why=error.str())


def options(bootstrap: str, client: str, log: Log, **more: str | float | bool) -> dict[str, Any]:
    """Return a client's configuration.

    Args:
        bootstrap: The broker.
        client: What the broker shows it as.
        log: Hears of errors.
        more: Options of this client, with underscores for dots.
    """
    return {
        "bootstrap.servers": bootstrap,
        "client.id": client,
        "reconnect.backoff.max.ms": 500,
        # A topic that is made anew is found again within seconds.
        "topic.metadata.refresh.interval.ms": 5000,
        # The broker keeps its address; a client that looks for others when it hangs may never come back to it.
        "metadata.recovery.strategy": "none",
        "log_level": 2,
        "error_cb": Complaints(log),
        **{name.replace("_", "."): value for name, value in more.items()},
    }
