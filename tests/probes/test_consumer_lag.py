"""How long groups that rebalance are waited for, and which of them never did anything else."""

from datetime import UTC, datetime, timedelta

import pytest

from apgms_ops.clients.kafka import Group, GroupProtocol, GroupState, Reading
from apgms_ops.deadline import Deadline
from apgms_ops.probes.consumer_lag import until_settled

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTE = timedelta(seconds=60)
STABLE, JOINING, STRANGE = GroupState.STABLE, GroupState.PREPARING_REBALANCE, GroupState.UNKNOWN


class Brokers:
    """Answers look after look from a list of states, the last of them for ever; its time passes in pauses only."""

    def __init__(
        self, *states: GroupState, protocol: GroupProtocol = GroupProtocol.CLASSIC, unread: bool = False
    ) -> None:
        """Take the states, the first of which is that of the first reading."""
        self.states = list(states)
        self.group = Group("g", STABLE, protocol, unread="Kafka refused us" if unread else None)
        self.time = 0.0
        self.looks = 0

    def look(self) -> Reading:
        """Return the next reading."""
        self.looks += 1
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        group = Group(self.group.name, state, self.group.protocol, unread=self.group.unread)
        return Reading(AT + timedelta(seconds=self.time), (), (group,), ())

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds

    def settled(self, seconds: float = 150.0) -> tuple[Reading, tuple[str, ...]]:
        """Wait for them, with so many seconds left."""
        deadline = Deadline(seconds, clock=lambda: self.time, sleep=self.pause)
        return until_settled(self.look(), self.look, MINUTE, deadline)


def test_groups_that_have_settled_are_not_waited_for() -> None:
    """One look is enough where no group rebalances."""
    brokers = Brokers(STABLE)
    assert brokers.settled()[1] == ()
    assert (brokers.looks, brokers.time) == (2, 0.0)


def test_a_rebalance_that_ends_is_waited_for_and_no_longer() -> None:
    """The look that finds the group settled is the last one, and nothing is held against it."""
    brokers = Brokers(JOINING, JOINING, JOINING, STABLE)
    reading, restless = brokers.settled()
    assert (reading.groups[0].state, restless, brokers.time) == (STABLE, (), 1.0)


def test_a_group_that_rebalances_at_every_look_is_named_once_the_settling_time_is_over() -> None:
    """Sixty seconds of nothing but rebalancing are told, and the looking ends."""
    brokers = Brokers(JOINING)
    assert brokers.settled()[1] == ("g",)
    assert brokers.time == MINUTE.total_seconds()


def test_one_settled_look_clears_a_group_that_rebalances_again() -> None:
    """A group that was settled at the first reading is not said to rebalance for ever, however long it does now."""
    assert Brokers(STABLE, JOINING).settled()[1] == ()


def test_a_deadline_before_the_settling_time_accuses_nobody() -> None:
    """Where less time was given than groups have to settle, the last look comes in time, and names no group."""
    brokers = Brokers(JOINING)
    reading, restless = brokers.settled(20.0)
    assert (reading.groups[0].state, restless) == (JOINING, ())
    assert brokers.time < 20.0


@pytest.mark.parametrize(("protocol", "named"), [(GroupProtocol.CONSUMER, ("g",)), (GroupProtocol.UNKNOWN, ())])
def test_a_state_without_a_word_is_a_rebalance_in_the_new_protocol_alone(
    protocol: GroupProtocol, named: tuple[str, ...]
) -> None:
    """Members that change over for ever are told; a state that nobody knows is not taken for that."""
    assert Brokers(STRANGE, protocol=protocol).settled()[1] == named


def test_a_group_that_cannot_be_read_is_not_waited_for() -> None:
    """We are not let in any sooner for waiting."""
    brokers = Brokers(STRANGE, unread=True)
    assert brokers.settled()[1] == ()
    assert brokers.looks == 2
