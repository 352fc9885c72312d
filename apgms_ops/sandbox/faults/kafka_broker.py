"""A broker that is away, or that is there and says nothing."""

import signal
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load
from apgms_ops.environment.model import Kafka
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.faults import audit_tools as audit
from apgms_ops.sandbox.faults import deployment_tools as deployment
from apgms_ops.sandbox.faults import kafka_snapshots_tools as snapshots
from apgms_ops.sandbox.faults import kafka_tools as tools
from apgms_ops.sandbox.faults import payments_tools as payments
from apgms_ops.sandbox.faults import registries_tools as registries
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.kafka import Broker
from apgms_ops.sandbox.platform import FILLED
from apgms_ops.sandbox.services import ApiGateway, Audit, Payments, Registries
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_ALL: Final[Mapping[str, Verdict]] = dict.fromkeys(
    (
        tools.TOPICS,
        tools.EXISTS,
        tools.MEMBERS,
        tools.SETTLED,
        tools.ASSIGNED,
        tools.COMMITTED,
        tools.LOST,
        tools.KEEPS_UP,
        tools.STALLED,
        tools.SKIPPED,
        tools.DECLARED,
        tools.DEAD_LETTERS,
        # What was emitted is read from the topic.
        audit.PERSISTED,
        audit.ONCE,
        audit.EMITTED,
        audit.REACHES,
        # The registries answer nothing that they cannot leave an audit event of.
        registries.RIGHT,
        snapshots.HELD,
    ),
    Verdict.UNKNOWN,
)

_MAY_GET_ANY: Final = frozenset({tools.TOPIC, "registries.update"})
"""Topics on which an event that no service emitted does no harm. On the others the customers' requests lead to some."""

_OUTSIDE: Final = "checks/service_levels/test_api_gateway.py::test_the_outside_view_agrees"


class _BrokerAway(Fault):
    component = "kafka"
    expected: ClassVar[Mapping[str, Verdict]] = _ALL
    # Without its broker the gateway is not ready, which shows from outside as soon as a few probes have failed; it says
    # so of itself once requests have waited in vain.
    # Nor are the services behind it, once their probes have failed; and payments counts what is parked on a topic.
    may_notice: ClassVar[frozenset[str]] = (
        frozenset({_OUTSIDE, payments.PARKED}) | deployment.PODS | deployment.COMPARED
    )

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Start it again, over the same data and on the same port, and wait until every group consumes again.

        Prometheus gets another past: what the services could not do meanwhile would count against them for a month.
        """
        broker = Broker()
        if not world.alive(broker.name):
            broker.stop(world, deadline)
            broker.start(world, deadline)
        broker.ready(world, deadline)
        _await_groups(world, deadline)
        # Not before: a service that is started anew meanwhile waits until its group has missed the one before.
        for service in (Audit(), Payments(), Registries(), ApiGateway()):
            service.recover(world, deadline)
        tools.another_past(world, deadline)  # in which no request failed for want of a broker


class BrokerKilled(_BrokerAway):
    """Killed, without a chance to write anything down."""

    id = "kafka-broker-killed"
    title = "The broker was killed."

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill it.

        Raises:
            SandboxError: The stand-in answers, which would not come back as it was.
        """
        tools.require_apache(world, self.id, "may forget what it acknowledged just before it is killed")
        world.signal(Broker.name, signal.SIGKILL)
        tools.wait(lambda: not world.alive(Broker.name), deadline, "the broker being dead")
        return {}


class BrokerRefused(_BrokerAway):
    """Stopped in order: its port is closed."""

    id = "kafka-broker-refused"
    title = "The broker was stopped, and its port refuses connections."

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Stop it."""
        world.stop(Broker.name, deadline)
        return {}


class BrokerHung(_BrokerAway):
    """Connections are accepted, and nothing is ever answered."""

    id = "kafka-broker-hung"
    title = "The broker hangs: it accepts connections, and answers nothing."

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Stop the process in its tracks."""
        deadline.require("stopping the broker in its tracks")
        world.signal(Broker.name, signal.SIGSTOP)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Let it go on."""
        if world.alive(Broker.name):
            world.signal(Broker.name, signal.SIGCONT)
        super().heal(world, memo, deadline)


def _await_groups(world: World, deadline: Deadline) -> None:
    section = load(world.root / FILLED, {}).kafka
    if not isinstance(section, Kafka):
        msg = f"{FILLED} declares no [kafka]"
        raise SandboxError(msg)
    # The coordinator remembers who was in a group before: it is only by what they read from now on that members show to
    # have come back. So something must come that they then read.
    readings = [(group.name, topic) for group in section.groups for topic in group.topics]
    before = {topic: tools.ends(world, topic, deadline) for _, topic in readings}
    for _, topic in readings:
        if topic in _MAY_GET_ANY:
            for _, partition in before[topic]:
                tools.produce(world, topic, 1, deadline, partition)
    for group, topic in readings:
        more = tools.wait_more(world, deadline, topic, before[topic])
        tools.wait_read(world, deadline, group, more)
    for group, topic in readings:
        tools.wait_caught_up(world, deadline, group, topic)


FAULTS: tuple[type[Fault], ...] = (BrokerKilled, BrokerRefused, BrokerHung)
