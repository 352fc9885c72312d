"""What a broker keeps that is stopped or killed, and what the Kafka client says meanwhile."""

import signal
import uuid

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import Unobserved
from tests.contract.kafka.conftest import Broker, rows

pytestmark = pytest.mark.sandbox


def bring_down_and_up(broker: Broker, number: signal.Signals) -> None:
    """See that a broker, ended by a signal and started again, has the topic, the messages and the commit it had."""
    topic, group = broker.topic(1), f"survivor-{uuid.uuid4().hex[:8]}"
    broker.produce(topic, [5])
    broker.commit(group, topic, {0: 2})
    client = broker.client()
    assert rows(client.read(Deadline(20)), group)[0].lag == 3
    broker.world.signal(broker.component.name, number)
    broker.world.stop(broker.component.name, Deadline(20))
    with pytest.raises(Unobserved):
        client.read(Deadline(5))
    broker.component.start(broker.world, Deadline(60))
    broker.component.ready(broker.world, Deadline(60))
    assert rows(broker.client().read(Deadline(20)), group)[0].lag == 3


def test_a_broker_that_is_stopped_keeps_what_it_acknowledged(broker: Broker) -> None:
    """Stopped, it is unreachable; started again on the same port, its topics, messages and commits are there."""
    bring_down_and_up(broker, signal.SIGTERM)


def test_a_broker_that_is_killed_keeps_what_it_acknowledged(broker: Broker) -> None:
    """Killed, it comes back on the same port with all that it acknowledged."""
    bring_down_and_up(broker, signal.SIGKILL)
