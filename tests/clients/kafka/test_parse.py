"""The driver's answers become facts, and nothing missing becomes a number."""

from types import SimpleNamespace
from typing import Any

import pytest

from apgms_ops.clients.kafka import parse
from apgms_ops.clients.kafka.facts import Assigned, Group, GroupProtocol, GroupState, Member, Topic
from apgms_ops.errors import BadAnswer


def named(name: str) -> Any:  # noqa: ANN401 — stands for the driver's enumerations
    """Return something with the name of a member of an enumeration."""
    return SimpleNamespace(name=name)


def place(partition: int, offset: int, error: object = None) -> Any:  # noqa: ANN401 — the driver's TopicPartition
    """Return a partition of topic t as the driver answers it."""
    return SimpleNamespace(topic="t", partition=partition, offset=offset, error=error)


def test_a_state_without_a_word_of_ours_is_unknown() -> None:
    """A state that the driver does not name as a good one is UNKNOWN, not STABLE."""
    assert parse.group_state(named("RECONCILING")) is GroupState.UNKNOWN
    assert parse.group_state(None) is GroupState.UNKNOWN
    assert parse.group_state(named("STABLE")) is GroupState.STABLE


def test_a_partition_without_a_commit_is_left_out() -> None:
    """The driver's -1001 and the wire's -1 both mean that there is no commit; neither becomes an offset."""
    answer = SimpleNamespace(group_id="g", topic_partitions=[place(0, 12), place(1, -1001), place(2, -1)])
    assert parse.committed(answer) == {("t", 0): 12}  # type: ignore[arg-type]


def test_a_partition_that_answers_with_an_error_spoils_the_group() -> None:
    """One partition's error is the group's: a part of its offsets is not its offsets."""
    broken = place(1, -1001, error=SimpleNamespace(str=lambda: "unstable"))
    answer = SimpleNamespace(group_id="g", topic_partitions=[place(0, 12), broken])
    with pytest.raises(BadAnswer, match="offset of g in t-1: unstable"):
        parse.committed(answer)  # type: ignore[arg-type]


def test_a_topic_that_answers_with_an_error_is_no_topic() -> None:
    """Metadata with an error in it is refused."""
    metadata = SimpleNamespace(topics={"t": SimpleNamespace(error=SimpleNamespace(str=lambda: "no leader"))})
    with pytest.raises(BadAnswer, match="topic t: no leader"):
        parse.topics(metadata)  # type: ignore[arg-type]


def test_partitions_with_a_gap_are_refused() -> None:
    """Partitions are numbered from 0 on; others would be counted wrongly."""
    metadata = SimpleNamespace(topics={"t": SimpleNamespace(error=None, partitions={0: None, 2: None})})
    with pytest.raises(BadAnswer, match="not numbered from 0 on"):
        parse.topics(metadata)  # type: ignore[arg-type]


def test_a_group_stands_where_it_committed_and_where_it_reads() -> None:
    """There is a row for every partition that is committed for or held, with what is known of each."""
    member = Member("m-1", "c", "/h", (Assigned("t", 1),))
    group = Group("g", GroupState.STABLE, GroupProtocol.CLASSIC, (member,))
    rows = parse.offsets([group], {"g": {("t", 0): 5, ("gone", 0): 9}}, {("t", 0): 1}, {("t", 0): 7}, {}, {})
    assert [(r.topic, r.partition, r.start, r.end, r.committed, r.member) for r in rows] == [
        ("gone", 0, None, None, 9, None),
        ("t", 0, 1, 7, 5, None),
        ("t", 1, None, None, None, "m-1"),
    ]


def test_every_partition_of_every_topic_is_a_place() -> None:
    """Places are all partitions of all topics."""
    assert list(parse.places([Topic("a", 2), Topic("b", 1)])) == [("a", 0), ("a", 1), ("b", 0)]


@pytest.mark.parametrize(("young", "waiting"), [({}, 0), ({("t", 0): 9}, 4), ({("t", 0): -1}, 15), ({("t", 0): 3}, 0)])
def test_messages_that_are_not_young_wait(young: dict[tuple[str, int], int], waiting: int) -> None:
    """What lies between the commit and the first young message waits; where none is young, all of it does."""
    group = Group("g", GroupState.STABLE, GroupProtocol.CLASSIC)
    places = {("t", 0): 5}, {("t", 0): 1}, {("t", 0): 7}, {("t", 0): 20}
    (row,) = parse.offsets([group], {"g": places[0]}, places[1], places[2], places[3], young)
    assert row.waiting == waiting


def test_messages_that_were_removed_do_not_wait() -> None:
    """What retention took away before it was read is lost, and waits no longer."""
    group = Group("g", GroupState.STABLE, GroupProtocol.CLASSIC)
    ends = {("t", 0): 20}
    (row,) = parse.offsets([group], {"g": {("t", 0): 5}}, {("t", 0): 18}, ends, ends, {("t", 0): -1})
    assert (row.lost, row.waiting) == (13, 2)
