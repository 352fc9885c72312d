"""Run the traffic: `python -m apgms_ops.sandbox.traffic_process SETTINGS`, until SIGTERM."""

import random
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from prometheus_client import CollectorRegistry, Counter

from apgms_ops.sandbox.traffic_process import front_door, servers
from apgms_ops.sandbox.traffic_process.control import Control
from apgms_ops.sandbox.traffic_process.driver import Complaints, options
from apgms_ops.sandbox.traffic_process.envelope import Events
from apgms_ops.sandbox.traffic_process.group import Group
from apgms_ops.sandbox.traffic_process.kafka_exporter import Exporter
from apgms_ops.sandbox.traffic_process.production import Production
from apgms_ops.sandbox.traffic_process.requests import Requester
from apgms_ops.sandbox.traffic_process.settings import Settings

_RATE = 5.0
"""Look-ups a second."""
_CREATE = 30.0


def _create(bootstrap: str, topics: Mapping[str, int]) -> None:
    """Create the topics that are not there yet."""
    wanted = [NewTopic(name, partitions, replication_factor=1) for name, partitions in topics.items()]
    admin = AdminClient(options(bootstrap, Complaints()))
    for future in admin.create_topics(wanted, operation_timeout=_CREATE, request_timeout=_CREATE).values():
        try:
            future.result(_CREATE)
        except KafkaException as error:
            cause = error.args[0]
            if not isinstance(cause, KafkaError) or cause.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def _serve(server: ThreadingHTTPServer) -> None:
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main(path: Path) -> None:
    """Run, with the settings in a file, until SIGTERM."""
    settings = Settings.read(path)
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: asked_to_end.set())
    registry = CollectorRegistry()
    door = front_door.FrontDoor(registry)
    requester = Requester(settings.front_door_port, _RATE)
    _create(settings.bootstrap, settings.topics)
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

    _serve(front_door.serve(door, settings.front_door_port))
    _serve(servers.metrics(settings.metrics_port, registry, exporter))
    _serve(servers.control(settings.control_port, Control(groups, production, requester, door)))
    for group in groups.values():
        group.start()
    production.start()
    requester.start()
    exporter.start()

    asked_to_end.wait()
    requester.stop()
    exporter.stop()
    for group in groups.values():
        group.stop()
    for group in groups.values():
        group.join()
    production.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
