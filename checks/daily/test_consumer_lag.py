"""Daily Checks, step 3: every consumer group is there, is consuming, and keeps up."""

import pytest

from apgms_ops.environment.model import Limits
from apgms_ops.probes.consumer_groups import ConsumerLag
from apgms_ops.probes.dead_letters import DeadLetterTopics
from apgms_ops.probes.offset_resets import OffsetResets

pytestmark = [pytest.mark.runbook("daily-checks", 3)]


@pytest.mark.control("security-monitoring")
def test_every_declared_topic_exists(consumer_lag: ConsumerLag) -> None:
    """Every declared topic exists with its partitions, dead-letter topics included."""
    assert not consumer_lag.wrong_topics()


@pytest.mark.control("audit-logging")
def test_every_declared_group_exists(consumer_lag: ConsumerLag) -> None:
    """Every declared consumer group exists."""
    assert not consumer_lag.missing_groups()


@pytest.mark.control("audit-logging")
def test_every_declared_group_has_members(consumer_lag: ConsumerLag) -> None:
    """Every declared consumer group has members."""
    assert not consumer_lag.empty_groups()


@pytest.mark.control("security-monitoring")
def test_no_declared_group_is_rebalancing(consumer_lag: ConsumerLag) -> None:
    """Every declared consumer group has settled who reads what."""
    assert not consumer_lag.unsettled()


@pytest.mark.control("audit-logging")
def test_every_partition_is_assigned(consumer_lag: ConsumerLag) -> None:
    """Every partition of every topic that a group must read is held by one of its members."""
    assert not consumer_lag.unassigned()


@pytest.mark.control("audit-logging")
def test_every_partition_has_a_commit(consumer_lag: ConsumerLag) -> None:
    """Every declared consumer group has committed an offset for every partition it must read."""
    assert not consumer_lag.uncommitted()


@pytest.mark.control("audit-logging")
def test_nothing_is_lost_to_retention(consumer_lag: ConsumerLag) -> None:
    """No message was removed before the group that must read it had read it."""
    assert not consumer_lag.lost()


@pytest.mark.control("audit-logging")
def test_every_consumer_group_keeps_up(consumer_lag: ConsumerLag, limits: Limits) -> None:
    """No consumer group is as many messages behind on any topic as the limit, summed over its partitions."""
    assert not consumer_lag.at_or_above(limits.consumer_lag)


@pytest.mark.control("audit-logging")
def test_no_consumer_group_is_stalled(consumer_lag: ConsumerLag) -> None:
    """No consumer group stands still, however little it is behind, while messages arrive or grow old."""
    assert not consumer_lag.stalled()


@pytest.mark.control("audit-logging")
def test_no_consumer_group_skipped_messages(
    consumer_lag: ConsumerLag, offset_resets: OffsetResets, limits: Limits
) -> None:
    """Within 24 hours no messages were skipped, read twice or lost because offsets were moved or topics remade."""
    assert not consumer_lag.jumped()
    assert not offset_resets.set_back()
    assert not offset_resets.skipped(limits.window_coverage)


@pytest.mark.control("security-monitoring")
def test_only_declared_groups_exist(consumer_lag: ConsumerLag) -> None:
    """Nobody consumes in a group that is not declared, unless it is accepted by name and for a time."""
    assert not consumer_lag.undeclared_groups()


@pytest.mark.control("audit-logging")
def test_dead_letters_do_not_grow(dead_letters: DeadLetterTopics, limits: Limits) -> None:
    """No more dead letters than the limit arrived on any topic within 24 hours."""
    assert not dead_letters.above(limits.dead_letters_per_day)
