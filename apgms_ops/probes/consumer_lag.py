"""Where the consumer groups stand: read twice, a while apart, so that a group that stands still shows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from apgms_ops.clients.kafka import GroupProtocol, GroupState, Reading
from apgms_ops.clients.kafka.client import KafkaClient
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, Kafka
from apgms_ops.errors import EnvironmentInvalid
from apgms_ops.probes.consumer_groups import ConsumerLag
from apgms_ops.probes.inventory import Acceptance, DeclaredGroup, Inventory
from apgms_ops.probes.probe import probe

_READ: Final = 45.0
"""Seconds that one reading may take: a broker that falls silent is not waited for as long as a rebalance."""
_AGAIN: Final = 0.5
"""Seconds between two looks at groups that rebalance: members come and go, and a moment later all is well."""
_LAST_LOOK: Final = 5.0
"""Seconds of the deadline that are kept for the last look: what is known of the other groups must not be lost."""


@probe(deadline=150.0)
def consumer_lag(kafka: KafkaClient, environment: Environment, deadline: Deadline) -> ConsumerLag:
    """Read every consumer group of the brokers, and after the stall window the declared ones again."""
    section = kafka_section(environment)
    inventory = _inventory(section)
    names = [group.name for group in section.groups]
    topics = section.required_topics
    first = kafka.read(deadline.within(_READ), groups=names, topics=topics, older_than=section.waiting_time)
    window = section.stall_window.total_seconds()
    deadline.pause(window, "the second reading, which tells a group that stands still")
    second, restless = until_settled(
        first,
        lambda: kafka.read(
            deadline.within(_READ), groups=names, topics=topics, every_group=False, older_than=section.waiting_time
        ),
        section.settling_time,
        deadline,
    )
    return ConsumerLag(inventory, first, second, restless)


def kafka_section(environment: Environment) -> Kafka:
    """Return the environment's Kafka section.

    Raises:
        EnvironmentInvalid: It has none.
    """
    if not isinstance(environment.kafka, Kafka):
        msg = f"environment {environment.name} has no section [kafka]"
        raise EnvironmentInvalid(msg)
    return environment.kafka


def until_settled(
    first: Reading, look: Callable[[], Reading], settling_time: timedelta, deadline: Deadline
) -> tuple[Reading, tuple[str, ...]]:
    """Look again until no group rebalances, or the settling time is over.

    Args:
        first: What was read before.
        look: Reads the same groups again.
        settling_time: How long groups are given, from the first reading on.
        deadline: Ends the looking earlier, in time for what is known to be told.

    Returns:
        The last look; and the groups that rebalanced at the first reading and at every look, all that time.
    """
    ends = first.taken_at + settling_time
    restless = _known_to_rebalance(first)
    while True:
        reading = look()
        restless &= _known_to_rebalance(reading)
        over = reading.taken_at >= ends
        waits = any(group.state.rebalancing and group.unread is None for group in reading.groups)
        if not waits or over or deadline.remaining <= _LAST_LOOK:
            return reading, tuple(sorted(restless)) if over else ()
        deadline.pause(_AGAIN, "a rebalance to end")


def _known_to_rebalance(reading: Reading) -> set[str]:
    """Leave out groups in a state that nobody knows: only of the new protocol does that word stand for a rebalance."""
    return {
        group.name
        for group in reading.groups
        if group.unread is None
        and group.state.rebalancing
        and (group.state is not GroupState.UNKNOWN or group.protocol is GroupProtocol.CONSUMER)
    }


def _inventory(section: Kafka) -> Inventory:
    return Inventory(
        groups=tuple(DeclaredGroup(group.name, tuple(group.topics)) for group in section.groups),
        topics=section.required_topics,
        accepted=tuple(Acceptance(item.name, item.reason, item.expires) for item in section.ignored_groups),
        waiting_time=section.waiting_time,
    )
