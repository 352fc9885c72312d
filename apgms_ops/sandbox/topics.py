"""The step between the broker and all who use it: the declared topics are made, for the broker makes none by itself."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Kafka
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.platform import TEMPLATE
from apgms_ops.sandbox.world import World

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

_POLL: Final = 0.05
_PATIENCE: Final = 2.0
_CREATE: Final = 30.0


class Topics(Component):
    """Makes each topic that the environment declares, with its dead-letter topic."""

    name = "kafka-topics"
    needs = ("kafka",)
    lives = False

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing but the driver, which is a library of the package itself."""

    def start(self, world: World, deadline: Deadline) -> None:
        """Make what is not there yet.

        Raises:
            SandboxError: The broker refuses, or does not answer in time.
        """
        from confluent_kafka import KafkaException  # noqa: PLC0415 — heavy
        from confluent_kafka.cimpl import NewTopic  # noqa: PLC0415 — heavy

        wanted = [NewTopic(name, partitions, replication_factor=1) for name, partitions in _required(world).items()]
        left = min(_CREATE, deadline.require("making topics"))
        client = _client(world)  # held until the end: without its client, a future of the driver is never done
        for future in client.create_topics(wanted, operation_timeout=left, request_timeout=left).values():
            try:
                future.result(left)
            except (KafkaException, TimeoutError) as error:
                cause = error.args[0] if isinstance(error, KafkaException) else None
                if cause is None or cause.name() != "TOPIC_ALREADY_EXISTS":
                    msg = f"Kafka does not make the topics: {cause.str() if cause else 'no answer in time'}"
                    raise SandboxError(msg) from error

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once each topic is listed with all its partitions.

        Raises:
            SandboxError: One is not by the deadline.
        """
        client = _client(world)
        while missing := self._missing(world, client):
            if deadline.remaining <= _POLL:
                msg = f"topics are missing, or the broker does not list them: {', '.join(missing)}"
                raise SandboxError(msg)
            deadline.pause(_POLL, "the topics to be listed")

    @staticmethod
    def _missing(world: World, client: "AdminClient") -> list[str]:
        from confluent_kafka import KafkaException  # noqa: PLC0415 — heavy

        required = _required(world)
        try:
            listed = client.list_topics(timeout=_PATIENCE).topics
        except KafkaException:
            return sorted(required)
        return sorted(name for name, n in required.items() if name not in listed or len(listed[name].partitions) < n)


def _required(world: World) -> dict[str, int]:
    template = Path(world.get(TEMPLATE))
    kafka = load(template, world.values()).kafka
    if not isinstance(kafka, Kafka):
        msg = f"{template} declares no [kafka]: the sandbox needs its topics"
        raise SandboxError(msg)
    return kafka.required_topics


def _client(world: World) -> "AdminClient":
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415 — heavy

    silent = logging.getLogger(__name__)
    silent.addHandler(logging.NullHandler())
    silent.propagate = False
    return AdminClient({"bootstrap.servers": world.get("kafka.bootstrap")}, logger=silent)
