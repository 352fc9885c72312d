"""What passes between us and the process that holds the driver: JSON, one object a line. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from apgms_ops.clients.kafka import parse
from apgms_ops.clients.kafka.facts import (
    Assigned,
    Bounds,
    DeadLetters,
    Group,
    GroupProtocol,
    GroupState,
    Member,
    Reading,
    Topic,
)
from apgms_ops.clients.kafka.parse import Place
from apgms_ops.errors import BadAnswer

Json: TypeAlias = dict[str, Any]


def by_topic(offsets: Mapping[Place, int]) -> Json:
    """Return offsets as topic → [[partition, offset], …]."""
    found: dict[str, list[tuple[int, int]]] = {}
    for (topic, partition), offset in offsets.items():
        found.setdefault(topic, []).append((partition, offset))
    return found


def group(one: Group, unread: str | None) -> list[Any]:
    """Return a group, with why it could not be read, as JSON."""
    members = [[m.id, m.client_id, m.host, [[a.topic, a.partition] for a in m.assignment]] for m in one.members]
    return [one.name, one.state.value, one.protocol.value, members, unread]


def reading(data: Json, taken_at: datetime) -> Reading:
    """Return what `Reader.read` answered, as facts.

    Raises:
        BadAnswer: It is not of that shape.
    """
    try:
        groups = tuple(
            Group(
                name,
                GroupState(state),
                GroupProtocol(protocol),
                tuple(Member(i, c, h, tuple(Assigned(t, p) for t, p in held)) for i, c, h, held in members),
                unread,
            )
            for name, state, protocol, members, unread in data["groups"]
        )
        commits = {name: _places(own) for name, own in data["commits"].items()}
        offsets = (_places(data[key]) for key in ("starts", "ends", "highs", "young"))
        rows = parse.offsets(groups, commits, *offsets)
        topics = tuple(Topic(name, count) for name, count in sorted(data["topics"].items()))
        return Reading(taken_at, topics, groups, rows, tuple(data["notes"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _malformed(error) from error


def dead_letters(data: Json) -> tuple[DeadLetters, ...]:
    """Return what `Reader.dead_letters` answered, as facts.

    Raises:
        BadAnswer: It is not of that shape.
    """
    try:
        since = _places(data["since"])
        # A negative offset says that no message is that young.
        return tuple(
            DeadLetters(topic, partition, end if since[topic, partition] < 0 else since[topic, partition], end)
            for (topic, partition), end in sorted(_places(data["ends"]).items())
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _malformed(error) from error


def bounds(data: Json) -> tuple[Bounds, ...]:
    """Return what `Reader.bounds` answered, as facts.

    Raises:
        BadAnswer: It is not of that shape.
    """
    try:
        starts, since, ends = (_places(data[key]) for key in ("starts", "since", "ends"))
        # A negative offset says that no message is that young.
        return tuple(
            Bounds(topic, partition, starts[topic, partition], end if then < 0 else then, end)
            for (topic, partition), end in sorted(ends.items())
            for then in [since[topic, partition]]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _malformed(error) from error


def _places(data: Json) -> dict[Place, int]:
    return {(topic, partition): offset for topic, pairs in data.items() for partition, offset in pairs}


def _malformed(error: Exception) -> BadAnswer:
    return BadAnswer(f"the process that reads Kafka answered in another shape: {type(error).__name__}: {error}")
