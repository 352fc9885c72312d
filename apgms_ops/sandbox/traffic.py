"""The component that keeps the sandbox busy: its customers, and the events and the group that no service has."""

import http.client
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Kafka
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.platform import TEMPLATE
from apgms_ops.sandbox.services import CREDENTIALS
from apgms_ops.sandbox.traffic_process.settings import Settings
from apgms_ops.sandbox.world import World

_PRODUCED = ("connectors.sync.request", "sbr.submit")
"""Topics that no service of the sandbox feeds."""
_GROUPS = ("sbr-submitter",)
"""Groups that no service of the sandbox runs."""
_NEVER = "audit.log"
"""The topic on which every event must come from a service."""
_POLL = 0.05
_PATIENCE = 2.0


class Traffic(Component):
    """Asks the platform what customers ask; produces and consumes where no service does; exports Kafka's metrics."""

    name = "traffic"
    needs = ("kafka-topics", "edge")

    def install(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — a pip extra is the operator's to install
        """Check that the libraries of the extra `sandbox` are there.

        Raises:
            SandboxError: One is missing.
        """
        for module in ("confluent_kafka", "prometheus_client"):
            if importlib.util.find_spec(module) is None:
                msg = f"Python module {module} is missing; install it with `pip install 'apgms-ops[sandbox]'`"
                raise SandboxError(msg)

    def start(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — starting a process takes no time
        """Start the process with the inventory of the environment file, so that nothing is declared twice."""
        settings = self._settings(world)
        path = world.folder(self.name) / "settings.json"
        settings.write(path)
        # Counters without their companions `…_created`, which nobody here reads.
        env = {"PROMETHEUS_DISABLE_CREATED_SERIES": "true", "PYTHONUNBUFFERED": "1"}
        world.spawn(self.name, [sys.executable, "-m", "apgms_ops.sandbox.traffic_process", str(path)], env=env)
        world.set("traffic.metrics", f"127.0.0.1:{settings.metrics_port}")
        world.set("traffic.control", f"127.0.0.1:{settings.control_port}")

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once the group has committed in each partition, and every kind of request was answered."""
        while not self._settled(world):
            if not world.alive(self.name):
                msg = f"traffic died:\n{world.log_tail(self.name)}"
                raise SandboxError(msg)
            if deadline.remaining <= _POLL:
                msg = f"traffic is not settled within {deadline.seconds:g} s:\n{world.log_tail(self.name)}"
                raise SandboxError(msg)
            deadline.pause(_POLL, "traffic to settle")

    def _settings(self, world: World) -> Settings:
        template = Path(world.get(TEMPLATE))
        kafka = load(template, world.values()).kafka
        if not isinstance(kafka, Kafka):
            msg = f"{template} declares no [kafka]: the sandbox's traffic needs its topics and groups"
            raise SandboxError(msg)
        return Settings(
            bootstrap=world.get("kafka.bootstrap"),
            edge=world.get("edge.url"),
            credentials=world.get(CREDENTIALS),
            topics={name: n for name, n in kafka.required_topics.items() if name != _NEVER},
            produced=tuple(topic.name for topic in kafka.topics if topic.name in _PRODUCED),
            groups={group.name: group.topics for group in kafka.groups if group.name in _GROUPS},
            metrics_port=world.port("traffic.metrics"),
            control_port=world.port("traffic.control"),
            exporter_port=world.port("traffic.exporter"),
        )

    def _settled(self, world: World) -> bool:
        try:
            return bool(_status(world)["settled"])
        except (OSError, http.client.HTTPException):
            return False


def _status(world: World) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", world.port("traffic.control"), timeout=_PATIENCE)
    try:
        connection.request("GET", "/status")
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return answer
