"""Run the traffic: `python -m apgms_ops.sandbox.traffic_process SETTINGS`, until SIGTERM."""

import random
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter

from apgms_ops.sandbox.traffic_process import servers
from apgms_ops.sandbox.traffic_process.control import Control
from apgms_ops.sandbox.traffic_process.customers import Customers
from apgms_ops.sandbox.traffic_process.envelope import Events
from apgms_ops.sandbox.traffic_process.group import Group
from apgms_ops.sandbox.traffic_process.kafka_exporter import Exporter
from apgms_ops.sandbox.traffic_process.production import Production
from apgms_ops.sandbox.traffic_process.session import Session
from apgms_ops.sandbox.traffic_process.settings import Settings

_RATE = 5.0
"""Requests a second."""
_PERIODS_A_SECOND = 1.0
"""More than the customers pay at their rate, so that a process that is started again begins behind what is paid."""


def _serve(server: ThreadingHTTPServer) -> None:
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main(path: Path) -> None:
    """Run, with the settings in a file, until SIGTERM."""
    settings = Settings.read(path)
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: asked_to_end.set())
    registry = CollectorRegistry()
    first = int(time.time() * _PERIODS_A_SECOND)
    customers = Customers(lambda: Session(settings.edge, Path(settings.credentials)), _RATE, first)
    choose = random.Random()  # noqa: S311 — ids and amounts of a synthetic tenant, not secrets
    events = Events(lambda: datetime.now(UTC), choose)
    production = Production(settings.bootstrap, settings.topics, settings.produced, events, registry)
    handled = Counter(
        "apgms_traffic_handled", "Events that a group has handled.", ["group", "topic", "result"], registry=registry
    )
    groups = {
        name: Group(settings.bootstrap, name, topics, production, handled) for name, topics in settings.groups.items()
    }
    exporter = Exporter(path, settings.exporter_port)

    _serve(servers.metrics(settings.metrics_port, registry, exporter))
    _serve(servers.control(settings.control_port, Control(groups, production, customers)))
    for group in groups.values():
        group.start()
    production.start()
    customers.start()
    exporter.start()

    asked_to_end.wait()
    customers.stop()
    exporter.stop()
    for group in groups.values():
        group.stop()
    for group in groups.values():
        group.join()
    production.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
