"""What passes between us and the process that holds the driver arrives as it was sent, or is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from apgms_ops.clients.kafka import wire
from apgms_ops.clients.kafka.facts import Assigned, DeadLetters, Group, GroupProtocol, GroupState, Member, Topic
from apgms_ops.errors import BadAnswer

AT = datetime(2026, 11, 23, tzinfo=UTC)
MEMBER = Member("m-1", "c", "/h", (Assigned("t", 0),))
GROUP = Group("g", GroupState.STABLE, GroupProtocol.CLASSIC, (MEMBER,))


def answer() -> dict[str, Any]:
    """Return an answer with one group, as it comes over the pipe."""
    data = {
        "cluster_id": "c",
        "topics": {"t": 1},
        "groups": [wire.group(GROUP, None)],
        "commits": {"g": wire.by_topic({("t", 0): 4})},
        "starts": wire.by_topic({("t", 0): 1}),
        "ends": wire.by_topic({("t", 0): 9}),
        "highs": {},
        "young": {},
        "notes": ["t-1: no leader"],
    }
    decoded: dict[str, Any] = json.loads(json.dumps(data))
    return decoded


def test_a_reading_arrives_as_it_was_sent() -> None:
    """Groups with members, topics, offsets and notes survive the pipe."""
    reading = wire.reading(answer(), AT)
    assert reading.groups == (GROUP,)
    assert reading.topics == (Topic("t", 1),)
    assert [(o.start, o.committed, o.end, o.lag, o.member) for o in reading.offsets] == [(1, 4, 9, 5, "m-1")]
    assert (reading.taken_at, reading.notes) == (AT, ("t-1: no leader",))


@pytest.mark.parametrize("key", ["topics", "groups", "commits", "starts", "ends", "highs", "young", "notes"])
def test_an_answer_that_lacks_a_part_is_refused(key: str) -> None:
    """A missing part is a bad answer, never an empty one."""
    data = answer()
    del data[key]
    with pytest.raises(BadAnswer, match="another shape"):
        wire.reading(data, AT)


def test_no_message_that_young_means_that_none_arrived() -> None:
    """The offset -1 for a moment says that all messages are older: the count then begins at the end."""
    data = {"since": {"t.dlq": [[0, -1], [1, 3]]}, "ends": {"t.dlq": [[0, 8], [1, 5]]}}
    assert wire.dead_letters(data) == (DeadLetters("t.dlq", 0, 8, 8), DeadLetters("t.dlq", 1, 3, 5))
