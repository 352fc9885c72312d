"""The driver's answers, made facts. Pure: nothing here asks a broker."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from apgms_ops.clients.kafka.facts import Assigned, Group, GroupProtocol, GroupState, Member, Offset, Topic
from apgms_ops.errors import BadAnswer

if TYPE_CHECKING:
    from confluent_kafka import ConsumerGroupTopicPartitions
    from confluent_kafka.admin._group import ConsumerGroupDescription, ConsumerGroupListing
    from confluent_kafka.admin._metadata import ClusterMetadata

Place: TypeAlias = tuple[str, int]
"""Topic and partition."""

_STATES: Mapping[str, GroupState] = {
    "STABLE": GroupState.STABLE,
    "PREPARING_REBALANCING": GroupState.PREPARING_REBALANCE,
    "COMPLETING_REBALANCING": GroupState.COMPLETING_REBALANCE,
    "EMPTY": GroupState.EMPTY,
    "DEAD": GroupState.DEAD,
}
_PROTOCOLS: Mapping[str, GroupProtocol] = {"CLASSIC": GroupProtocol.CLASSIC, "CONSUMER": GroupProtocol.CONSUMER}


def group_state(state: Any) -> GroupState:  # noqa: ANN401 — the driver's enumeration, or None
    """Return the state; UNKNOWN for every word that is not known to be a good one."""
    return _STATES.get(getattr(state, "name", ""), GroupState.UNKNOWN)


def group_protocol(kind: Any) -> GroupProtocol:  # noqa: ANN401 — the driver's enumeration, or None
    """Return the protocol, UNKNOWN where the broker did not say."""
    return _PROTOCOLS.get(getattr(kind, "name", ""), GroupProtocol.UNKNOWN)


def listed(listing: "ConsumerGroupListing") -> Group:
    """Return a group as the list of groups tells of it: without members.

    Raises:
        BadAnswer: It has no name.
    """
    if not listing.group_id:
        msg = "Kafka lists a consumer group without a name"
        raise BadAnswer(msg)
    return Group(listing.group_id, group_state(listing.state), group_protocol(listing.type))


def described(description: "ConsumerGroupDescription") -> Group:
    """Return a group with its members.

    Raises:
        BadAnswer: A member has no id.
    """
    members = []
    for member in description.members or ():
        if not member.member_id:
            msg = f"group {description.group_id} has a member without an id"
            raise BadAnswer(msg)
        held = member.assignment.topic_partitions
        assignment = tuple(sorted((p.topic, p.partition) for p in held))
        members.append(
            Member(member.member_id, member.client_id, member.host, tuple(Assigned(t, p) for t, p in assignment)),
        )
    members.sort(key=lambda member: member.id)
    state, protocol = group_state(description.state), group_protocol(description.type)
    return Group(description.group_id, state, protocol, tuple(members))


def committed(answer: "ConsumerGroupTopicPartitions") -> dict[Place, int]:
    """Return the offsets that a group has committed; a partition without one is left out, never 0.

    Raises:
        BadAnswer: The broker answered for a partition with an error.
    """
    offsets: dict[Place, int] = {}
    for place in answer.topic_partitions or ():
        if place.error is not None:
            msg = f"offset of {answer.group_id} in {place.topic}-{place.partition}: {place.error.str()}"
            raise BadAnswer(msg)
        # The driver's word for "none" is a negative number (-1001), the wire's is -1.
        if place.offset >= 0:
            offsets[place.topic, place.partition] = place.offset
    return offsets


def topics(metadata: "ClusterMetadata") -> tuple[Topic, ...]:
    """Return the topics, by name.

    Raises:
        BadAnswer: The broker answered for a topic with an error, or its partitions are not numbered from 0 on.
    """
    found = []
    for name in sorted(metadata.topics):
        topic = metadata.topics[name]
        if topic.error is not None:
            msg = f"topic {name}: {topic.error.str()}"
            raise BadAnswer(msg)
        if sorted(topic.partitions) != list(range(len(topic.partitions))):
            msg = f"topic {name} has partitions {sorted(topic.partitions)}, not numbered from 0 on"
            raise BadAnswer(msg)
        found.append(Topic(name, len(topic.partitions)))
    return tuple(found)


def places(found: Iterable[Topic]) -> Iterator[Place]:
    """Yield every partition of every topic."""
    for topic in found:
        for partition in range(topic.partitions):
            yield topic.name, partition


def offsets(  # noqa: PLR0913, PLR0917 — what was read, one mapping each
    groups: Iterable[Group],
    commits: Mapping[str, Mapping[Place, int]],
    starts: Mapping[Place, int],
    ends: Mapping[Place, int],
    highs: Mapping[Place, int],
    young: Mapping[Place, int],
) -> tuple[Offset, ...]:
    """Return where each group stands: in every partition that it committed for or holds, in order.

    Args:
        groups: With their members.
        commits: By group.
        starts: The oldest offset of each partition that could be asked.
        ends: The end of each, under the isolation level of the reading.
        highs: The high watermark of those for which it was asked.
        young: The first offset that is younger than asked, of those for which it was asked; -1 where none is.
    """
    rows = []
    for group in groups:
        own = commits.get(group.name, {})
        holders = {(a.topic, a.partition): member.id for member in group.members for a in member.assignment}
        for place in sorted(own.keys() | holders.keys()):
            end = ends.get(place)
            high = highs.get(place, end)
            first = young.get(place)
            rows.append(
                Offset(
                    group=group.name,
                    topic=place[0],
                    partition=place[1],
                    start=starts.get(place),
                    end=end,
                    committed=own.get(place),
                    member=holders.get(place),
                    high=high,
                    young=high if first is not None and first < 0 else first,
                ),
            )
    return tuple(rows)
