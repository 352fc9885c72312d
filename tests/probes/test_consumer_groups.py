"""Two readings against the inventory: what is found, what cannot be told, and what is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apgms_ops.clients.kafka import Group, GroupProtocol, GroupState, Member, Offset, Reading, Topic
from apgms_ops.clients.kafka.facts import Assigned
from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.probes.consumer_groups import ConsumerLag
from apgms_ops.probes.inventory import Acceptance, DeclaredGroup, Inventory

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
WINDOW = timedelta(seconds=15)
LIMIT = Limit[int](value=200, source="runbook: Daily Checks, step 3")
INVENTORY = Inventory((DeclaredGroup("g", ("t",)),), {"t": 2, "t.dlq": 2})
MEMBER = Member("m-1", "c", "/h", (Assigned("t", 0), Assigned("t", 1)))
GROUP = Group("g", GroupState.STABLE, GroupProtocol.CLASSIC, (MEMBER,))
TOPICS = (Topic("t", 2), Topic("t.dlq", 2))


def offset(partition: int, committed: int | None, *, end: int | None = 100, start: int | None = 0) -> Offset:
    """Return where group g stands in a partition of t."""
    return Offset("g", "t", partition, start, end, committed, "m-1", end)


def reading(*offsets: Offset, groups: tuple[Group, ...] = (GROUP,), topics: tuple[Topic, ...] = TOPICS) -> Reading:
    """Return a reading; without offsets, one in which all is committed."""
    return Reading(AT, topics, groups, offsets or (offset(0, 100), offset(1, 100)))


def lag(first: Reading, second: Reading | None = None, inventory: Inventory = INVENTORY) -> ConsumerLag:
    """Return two readings; without a second one, nothing happened in between."""
    return ConsumerLag(inventory, first, replace(second or first, taken_at=AT + WINDOW))


def with_group(**changes: object) -> ConsumerLag:
    """Return two readings in which the group is different."""
    return lag(reading(groups=(replace(GROUP, **changes),)))  # type: ignore[arg-type]


def assert_all_well(found: ConsumerLag) -> None:
    """Assert that nothing is found, and everything could be told."""
    assert not found.wrong_topics()
    assert not found.missing_groups()
    assert not found.empty_groups()
    assert not found.unsettled()
    assert not found.unassigned()
    assert not found.uncommitted()
    assert not found.lost()
    assert not found.at_or_above(LIMIT)
    assert not found.stalled()
    assert not found.jumped()
    assert not found.undeclared_groups()


def test_a_healthy_group_gives_no_findings() -> None:
    """A stable group that has committed everything has nothing against it."""
    assert_all_well(lag(reading()))


def test_lag_just_below_the_limit_is_well() -> None:
    """199 messages, summed over the partitions, are below 200."""
    assert not lag(reading(offset(0, 0, end=100), offset(1, 1, end=100))).at_or_above(LIMIT)


def test_lag_is_summed_over_the_partitions() -> None:
    """100 messages on each of two partitions reach the limit; the finding names sum, worst and limit."""
    (finding,) = lag(reading(offset(0, 0), offset(1, 0))).at_or_above(LIMIT)
    assert "200 messages behind on t" in finding
    assert "partition 0, 100" in finding
    assert "below 200 (runbook: Daily Checks, step 3)" in finding


def test_a_group_that_caught_up_by_the_second_reading_is_well() -> None:
    """What is judged is the second reading."""
    assert not lag(reading(offset(0, 0, end=900), offset(1, 100)), reading()).at_or_above(LIMIT)


@pytest.mark.parametrize(
    "found",
    [
        with_group(state=GroupState.DEAD, members=()),
        with_group(state=GroupState.EMPTY, members=()),
        with_group(state=GroupState.PREPARING_REBALANCE),
        with_group(state=GroupState.UNKNOWN),
        with_group(unread="Kafka refused us"),
        with_group(members=(replace(MEMBER, assignment=(Assigned("t", 0),)),)),
        lag(reading(offset(0, 100))),
        lag(reading(offset(0, 100), offset(1, None))),
        lag(reading(offset(0, 100), offset(1, 100, end=None))),
        lag(reading(offset(0, 100), offset(1, 20, start=50))),
        lag(reading(offset(0, 100), offset(1, 5000))),
        lag(reading(topics=())),
        lag(reading(groups=())),
    ],
    ids=[
        "vanished",
        "empty",
        "rebalancing",
        "unknown state",
        "unread",
        "unassigned",
        "no row",
        "uncommitted",
        "end unread",
        "lost",
        "beyond",
        "topic missing",
        "group not read",
    ],
)
def test_a_lag_that_means_nothing_is_never_a_pass(found: ConsumerLag) -> None:
    """Where the lag of a declared group cannot be trusted, neither lag nor stall has a verdict."""
    with pytest.raises(Unobserved):
        found.at_or_above(LIMIT)
    with pytest.raises(Unobserved):
        found.stalled()


def test_a_lag_at_the_limit_fails_even_if_another_group_is_unread() -> None:
    """What was seen to be wrong is wrong, whatever else could not be seen."""
    other = Group("h", GroupState.UNKNOWN, GroupProtocol.UNKNOWN, unread="no answer")
    inventory = Inventory((DeclaredGroup("g", ("t",)), DeclaredGroup("h", ("t",))), INVENTORY.topics)
    assert lag(reading(offset(0, 0, end=300), offset(1, 300), groups=(GROUP, other)), None, inventory).at_or_above(
        LIMIT
    )


def test_a_group_that_stands_still_at_lag_1_is_stalled() -> None:
    """One message behind, more arrive, and the commit does not move: stalled, with what grew and for how long."""
    first, second = reading(offset(0, 99), offset(1, 100)), reading(offset(0, 99, end=105), offset(1, 100))
    assert lag(first, second).stalled() == (
        "g stands still at offset 99 of t partition 0: the log grew from 100 to 105 within 15.0 s",
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (offset(0, 100), offset(0, 100, end=103)),
        (offset(0, 99), offset(0, 99)),
        (offset(0, 99), offset(0, 101, end=105)),
    ],
    ids=["nothing was waiting", "nothing arrived", "it moved"],
)
def test_a_group_that_may_be_well_is_not_stalled(first: Offset, second: Offset) -> None:
    """Without a backlog, without growth or with movement there is no stall."""
    assert not lag(reading(first, offset(1, 100)), reading(second, offset(1, 100))).stalled()


def waits(committed: int, young: int, *, end: int = 100, high: int | None = None) -> Offset:
    """Return where group g stands in partition 0, while messages up to `young` are old."""
    return replace(offset(0, committed, end=end), high=end if high is None else high, young=young)


def test_old_messages_that_a_group_does_not_read_are_a_stall() -> None:
    """On a quiet topic nothing grows: a group that leaves old messages unread stands still all the same."""
    quiet = reading(waits(95, 100), offset(1, 100))
    assert lag(quiet).stalled() == (
        "g stands still at offset 95 of t partition 0: 5 messages have waited for 10m or longer",
    )


def test_messages_behind_a_transaction_that_stays_open_are_a_stall() -> None:
    """Nobody can read them, so nobody has any lag; they wait all the same."""
    (finding,) = lag(reading(waits(99, 350, high=351), offset(1, 100))).stalled()
    assert finding.endswith(
        "251 messages have waited for 10m or longer; 251 stand behind a transaction that is still open"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (waits(95, 95), waits(95, 95)),
        (waits(99, 100), waits(99, 100)),
        (waits(90, 100), waits(95, 100)),
        (offset(0, 100), waits(100, 100)),
    ],
    ids=["all are young", "a transaction's end", "it moved", "nothing waits"],
)
def test_messages_that_will_be_read_are_no_stall(first: Offset, second: Offset) -> None:
    """Young messages, the marker of a transaction, and a group that works through old ones are well."""
    assert not lag(reading(first, offset(1, 100)), reading(second, offset(1, 100))).stalled()


def test_a_vanished_group_is_a_finding_once() -> None:
    """A group that does not exist fails the check of its existence; the others cannot tell."""
    found = with_group(state=GroupState.DEAD, members=())
    assert found.missing_groups() == ("consumer group g does not exist",)
    for method in (found.empty_groups, found.unsettled, found.unassigned, found.uncommitted, found.lost):
        with pytest.raises(Unobserved, match="does not exist"):
            method()


def test_an_empty_group_is_a_finding() -> None:
    """A group without members fails, however small its lag, and its partitions are held by nobody."""
    found = with_group(state=GroupState.EMPTY, members=())
    assert found.empty_groups() == ("consumer group g has no members: nobody consumes t",)
    assert found.unassigned() == ("t partitions 0, 1 of g are held by no member",)


def test_a_rebalance_is_unknown_not_red() -> None:
    """While a group rebalances nobody can tell who reads what."""
    found = with_group(state=GroupState.COMPLETING_REBALANCE)
    with pytest.raises(Unobserved, match="completing a rebalance"):
        found.unsettled()
    with pytest.raises(Unobserved):
        found.unassigned()


def test_a_group_that_rebalances_for_ever_is_a_finding() -> None:
    """A group that did nothing but rebalance for the settling time is red; what it does with its lag stays unknown."""
    found = replace(with_group(state=GroupState.PREPARING_REBALANCE), restless=("g",))
    (finding,) = found.unsettled()
    assert finding == (
        "group g has been rebalancing for 15 s, at every look: its members (1) do not agree who reads what"
    )
    for method in (found.unassigned, found.stalled):
        with pytest.raises(Unobserved, match="preparing a rebalance"):
            method()


def test_a_missing_commit_is_a_finding() -> None:
    """A partition without a commit is named."""
    assert lag(reading(offset(0, 100), offset(1, None))).uncommitted() == (
        "g has committed no offset for t partition 1",
    )


def test_what_retention_removed_unread_is_a_finding() -> None:
    """A commit below the start of the log tells how much is lost."""
    (finding,) = lag(reading(offset(0, 100), offset(1, 20, start=50))).lost()
    assert finding == "g lost 30 messages of t partition 1 to retention: it committed 20, and the log begins at 50"


def test_a_topic_made_anew_under_a_group_is_a_finding() -> None:
    """A commit beyond the end of the log belongs to another log."""
    (finding,) = lag(reading(offset(0, 100), offset(1, 5000))).lost()
    assert "committed 5000 for t partition 1, whose log ends at 100" in finding


def test_wrong_topics_are_findings() -> None:
    """A missing topic and a wrong number of partitions are named."""
    assert lag(reading(topics=(Topic("t", 3),))).wrong_topics() == (
        "topic t has 3 partitions; declared are 2",
        "topic t.dlq does not exist; it is declared with 2 partitions",
    )


def test_a_partition_that_does_not_answer_is_unknown() -> None:
    """A declared topic with a partition without a leader is there, and not well; one of another topic is not judged."""
    silent = replace(reading(), notes=("t.dlq-1: Kafka could not tell yet: Broker: Leader not available",))
    with pytest.raises(Unobserved, match=r"t\.dlq-1: .*Leader not available"):
        lag(silent).wrong_topics()
    assert not lag(replace(reading(), notes=("other-1: Broker: Leader not available",))).wrong_topics()


def test_offsets_that_move_without_members_are_a_skip() -> None:
    """Nobody was there at either reading, and the offsets moved: somebody moved them."""
    empty = (replace(GROUP, state=GroupState.EMPTY, members=()),)
    before = reading(offset(0, 10), offset(1, 100), groups=empty)
    assert lag(before, reading(groups=empty)).jumped() == (
        "g skipped 90 messages of t partition 0: its offset was set from 10 to 100 while it had no member",
    )
    assert not lag(before, reading()).jumped()


STRAY = Group("console-1", GroupState.EMPTY, GroupProtocol.CLASSIC)


@pytest.mark.parametrize(
    ("accepted", "found"),
    [
        ((), True),
        ((Acceptance("console-1", "a test", AT + timedelta(days=1)),), False),
        ((Acceptance("console-1", "a test", AT),), True),
        ((Acceptance("console-2", "a test", AT + timedelta(days=1)),), True),
    ],
    ids=["unknown", "accepted", "expired", "another one"],
)
def test_an_undeclared_group_is_a_finding_unless_it_is_accepted(
    accepted: tuple[Acceptance, ...], *, found: bool
) -> None:
    """A group that nobody declared is a finding, unless it is accepted by name and the acceptance is in force."""
    inventory = replace(INVENTORY, accepted=accepted)
    assert bool(lag(reading(groups=(GROUP, STRAY)), None, inventory).undeclared_groups()) is found
