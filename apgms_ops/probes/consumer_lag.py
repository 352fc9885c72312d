"""Where the consumer groups stand: read twice, a while apart, so that a group that stands still shows."""

from typing import Final

from apgms_ops.clients.kafka import KafkaClient, Reading
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, Kafka
from apgms_ops.errors import EnvironmentInvalid
from apgms_ops.probes.consumer_groups import ConsumerLag
from apgms_ops.probes.inventory import Acceptance, DeclaredGroup, Inventory
from apgms_ops.probes.probe import probe

_SETTLE: Final = 5.0
"""Seconds that a group which rebalances is given: members come and go, and a moment later all is well."""
_AGAIN: Final = 0.5


@probe(deadline=60.0)
def consumer_lag(kafka: KafkaClient, environment: Environment, deadline: Deadline) -> ConsumerLag:
    """Read every consumer group of the brokers, and after the stall window the declared ones again."""
    section = kafka_section(environment)
    inventory = _inventory(section)
    names = [group.name for group in section.groups]
    topics = section.required_topics
    first = kafka.read(deadline, groups=names, topics=topics)
    window = section.stall_window.total_seconds()
    deadline.pause(window, "the second reading, which tells a group that stands still")
    second = _settled(kafka, names, deadline)
    return ConsumerLag(inventory, first, second)


def kafka_section(environment: Environment) -> Kafka:
    """Return the environment's Kafka section.

    Raises:
        EnvironmentInvalid: It has none.
    """
    if not isinstance(environment.kafka, Kafka):
        msg = f"environment {environment.name} has no section [kafka]"
        raise EnvironmentInvalid(msg)
    return environment.kafka


def _settled(kafka: KafkaClient, names: list[str], deadline: Deadline) -> Reading:
    patience = deadline.within(_SETTLE)
    while True:
        reading = kafka.read(deadline, groups=names, every_group=False)
        if patience.remaining <= _AGAIN or not any(group.state.rebalancing for group in reading.groups):
            return reading
        patience.pause(_AGAIN, "a rebalance to end")


def _inventory(section: Kafka) -> Inventory:
    return Inventory(
        groups=tuple(DeclaredGroup(group.name, tuple(group.topics)) for group in section.groups),
        topics=section.required_topics,
        accepted=tuple(Acceptance(item.name, item.reason, item.expires) for item in section.ignored_groups),
    )
