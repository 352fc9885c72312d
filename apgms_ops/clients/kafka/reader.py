"""The reads of Kafka, made with the driver: everything that can be under way at once is."""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.kafka import parse, wire
from apgms_ops.clients.kafka.connection import Connection
from apgms_ops.clients.kafka.facts import Group, GroupProtocol, GroupState, Topic
from apgms_ops.clients.kafka.parse import Place
from apgms_ops.clients.kafka.wire import Json
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, BadAnswer, Incomplete

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.admin._listoffsets import OffsetSpec

_MANY: Final = 100
"""Groups from which on their commits are asked for over several connections."""
_LANES: Final = 2
"""Connections: one thread of the driver finds each group's coordinator and reads its commits, twice as slow as two."""


class Reader:
    """Reads one Kafka cluster through the driver. It changes nothing there, and never makes a topic by asking for it.

    It lives in a process of its own, see `process`; what it returns is JSON, see `wire`.
    """

    def __init__(self, connection: Connection, *, read_committed: bool) -> None:
        """Take a connection.

        Args:
            connection: Not connected yet.
            read_committed: Take the last stable offset for a partition's end, not the high watermark.
        """
        self._connection = connection
        self._read_committed = read_committed
        self._cluster_id: str | None = None

    def read(
        self, deadline: Deadline, *, groups: Sequence[str], topics: Sequence[str], every_group: bool, since: int | None
    ) -> Json:
        """Read where consumer groups stand, see `KafkaClient.read`.

        Args:
            deadline: For all of it.
            groups: Looked up even if they are not listed.
            topics: The same for topics.
            every_group: Whether all groups that are listed are read.
            since: From when on a message is young, in milliseconds since 1970; None asks for no ages.

        Raises:
            Unobserved: The brokers could not be read; or they answered for a part only, and said so.
        """
        cluster_id = self._identify(deadline)
        found = self._topics(deadline, topics)
        listed = self._listed(deadline) if every_group else {}
        self._lanes(listed)  # they connect while the rest is read
        starts, notes = self._offsets(parse.places(found), _spec("earliest"), deadline)
        # A group that is listed as empty has no members to ask for.
        asked = {*groups, *(name for name, group in listed.items() if group.state is not GroupState.EMPTY)}
        described, unread = self._describe(sorted(asked), deadline, listed)
        commits, uncommitted = self._commits(described, deadline)
        ends, more = self._offsets(starts, _spec("latest"), deadline)
        beyond = {
            place for own in commits.values() for place, offset in own.items() if place in ends and offset > ends[place]
        }
        own = {place for name in groups for place in commits.get(name, {}) if place in ends} if since else set()
        highs, _ = self._offsets(beyond | own, _spec("latest"), deadline, committed=False)
        unread_places = {
            place for name in groups for place, offset in commits.get(name, {}).items() if offset < highs.get(place, 0)
        }
        young, _ = self._offsets(unread_places & own, _spec(since or 0), deadline, committed=False)
        unread |= uncommitted
        return {
            "cluster_id": cluster_id,
            "topics": {topic.name: topic.partitions for topic in found},
            "groups": [wire.group(group, unread.get(name)) for name, group in sorted(described.items())],
            "commits": {name: wire.by_topic(own) for name, own in commits.items()},
            "starts": wire.by_topic(starts),
            "ends": wire.by_topic(ends),
            "highs": wire.by_topic(highs),
            "young": wire.by_topic(young),
            "notes": [*notes, *more],
        }

    def dead_letters(self, deadline: Deadline, *, topics: Sequence[str], since: int) -> Json:
        """Read the ends of topics now, and at a moment in milliseconds since 1970.

        Raises:
            Unobserved: They could not be read, every partition of them.
        """
        cluster_id = self._identify(deadline)
        found = self._topics(deadline, topics)
        places = tuple(parse.places(topic for topic in found if topic.name in topics))
        before, failed = self._offsets(places, _spec(since), deadline)
        ends, failed_too = self._offsets(places, _spec("latest"), deadline)
        if failed or failed_too:
            raise Incomplete((*failed, *failed_too)[0])
        return {"cluster_id": cluster_id, "since": wire.by_topic(before), "ends": wire.by_topic(ends)}

    def bounds(self, deadline: Deadline, *, topics: Mapping[str, int]) -> Json:
        """Read what topics hold: from where, from a moment on (each its own), and up to where.

        Args:
            deadline: For all of it.
            topics: Topic → its moment, in milliseconds since 1970.

        Raises:
            Unobserved: It could not be read, of every partition.
        """
        cluster_id = self._identify(deadline)
        found = [topic for topic in self._topics(deadline, list(topics)) if topic.name in topics]
        places = tuple(parse.places(found))
        since: dict[Place, int] = {}
        starts, failed = self._offsets(places, _spec("earliest"), deadline)
        for moment in sorted(set(topics.values())):
            own = parse.places(topic for topic in found if topics[topic.name] == moment)
            told, more = self._offsets(tuple(own), _spec(moment), deadline)
            since |= told
            failed += more
        ends, more = self._offsets(places, _spec("latest"), deadline)  # last, so that nothing lies beyond them
        if failed + more:
            raise Incomplete((*failed, *more)[0])
        answer = {"starts": starts, "since": since, "ends": ends}
        return {"cluster_id": cluster_id, **{key: wire.by_topic(value) for key, value in answer.items()}}

    def _left(self, deadline: Deadline) -> float:
        return self._connection.seconds(deadline, "reading Kafka")

    def _lanes(self, groups: Collection[str]) -> "list[AdminClient]":
        return self._connection.lanes(1 if len(groups) < _MANY else _LANES)

    def _identify(self, deadline: Deadline) -> str:
        if self._cluster_id is None:
            self._cluster_id = self._connection.connect(deadline)
        return self._cluster_id

    def _listed(self, deadline: Deadline) -> dict[str, Group]:
        """Return every group that the brokers list, without its members."""
        doing = "listing consumer groups"
        future = self._connection.admin.list_consumer_groups(request_timeout=self._left(deadline))
        answer = self._connection.result(future, deadline, doing)
        # Without a broker, or with one of several down, the driver raises nothing: it lists the errors beside the rest.
        if answer.errors:
            failure = self._connection.translated(answer.errors[0], doing, deadline.seconds)
            if not answer.valid:
                raise failure
            msg = f"only {len(answer.valid)} consumer groups could be listed: {failure}"
            raise Incomplete(msg)
        return {group.name: group for group in map(parse.listed, answer.valid)}

    def _topics(self, deadline: Deadline, required: Sequence[str]) -> tuple[Topic, ...]:
        doing = "listing topics"
        left = self._left(deadline)
        metadata = self._connection.call(lambda: self._connection.admin.list_topics(timeout=left), deadline, doing)
        missing = [name for name in required if name not in metadata.topics]
        if missing:
            self._require_absent(missing, deadline)
        return parse.topics(metadata)

    def _require_absent(self, names: Sequence[str], deadline: Deadline) -> None:
        """Ask by name for topics that were not listed: one that we may not see is not one that is not there."""
        from confluent_kafka import TopicCollection  # noqa: PLC0415 — heavy

        futures = self._connection.admin.describe_topics(
            TopicCollection(list(names)), request_timeout=self._left(deadline)
        )
        _, failures = self._connection.results(futures, deadline, "looking for topics that were not listed")
        for failure in failures.values():
            if isinstance(failure, AccessDenied):
                raise failure

    def _describe(
        self,
        names: Sequence[str],
        deadline: Deadline,
        listed: Mapping[str, Group],
    ) -> tuple[dict[str, Group], dict[str, str]]:
        described = dict(listed)
        unread: dict[str, str] = {}
        if names:
            futures = self._connection.admin.describe_consumer_groups(list(names), request_timeout=self._left(deadline))
            answers, failures = self._connection.results(futures, deadline, "describing consumer groups")
            described |= {name: parse.described(answer) for name, answer in answers.items()}
            for name, failure in failures.items():
                described[name] = Group(name, GroupState.UNKNOWN, GroupProtocol.UNKNOWN)
                unread[name] = str(failure)
        return described, unread

    def _commits(
        self,
        groups: Mapping[str, Group],
        deadline: Deadline,
    ) -> tuple[dict[str, dict[Place, int]], dict[str, str]]:
        from confluent_kafka import ConsumerGroupTopicPartitions  # noqa: PLC0415 — heavy

        doing = "reading committed offsets"
        left = self._left(deadline)
        alive = [name for name, group in groups.items() if group.state is not GroupState.DEAD]
        # The driver takes one group a call: all calls are made before the first answer is waited for.
        futures = {
            name: lane.list_consumer_group_offsets([ConsumerGroupTopicPartitions(name)], request_timeout=left)[name]
            for name, lane in zip(alive, itertools.cycle(self._lanes(alive)), strict=False)
        }
        answers, failures = self._connection.results(futures, deadline, doing)
        commits: dict[str, dict[Place, int]] = {}
        unread = {name: str(failure) for name, failure in failures.items()}
        for name, answer in answers.items():
            try:
                commits[name] = parse.committed(answer)
            except BadAnswer as failure:
                unread[name] = str(failure)
        return commits, unread

    def _offsets(
        self,
        places: Iterable[Place],
        spec: "OffsetSpec",
        deadline: Deadline,
        *,
        committed: bool | None = None,
    ) -> tuple[dict[Place, int], tuple[str, ...]]:
        """Return one offset of each partition, and a note for each that could not be asked."""
        from confluent_kafka import IsolationLevel, TopicPartition  # noqa: PLC0415 — heavy

        stable = self._read_committed if committed is None else committed
        level = IsolationLevel.READ_COMMITTED if stable else IsolationLevel.READ_UNCOMMITTED
        wanted = {TopicPartition(topic, partition): spec for topic, partition in places}
        if not wanted:
            return {}, ()
        left = self._left(deadline)
        futures = self._connection.admin.list_offsets(wanted, isolation_level=level, request_timeout=left)
        answers, failures = self._connection.results(futures, deadline, "reading the ends of partitions")
        found = {(place.topic, place.partition): answer.offset for place, answer in answers.items()}
        if failures and not found:
            raise next(iter(failures.values()))
        return found, tuple(f"{place.topic}-{place.partition}: {why}" for place, why in failures.items())


def _spec(at: str | int) -> "OffsetSpec":
    """Return the driver's word for the earliest or latest offset, or that of a moment in milliseconds since 1970."""
    from confluent_kafka.admin._listoffsets import OffsetSpec  # noqa: PLC0415 — heavy; not exported to types

    if isinstance(at, int):
        spec: OffsetSpec = OffsetSpec.for_timestamp(at)
    elif at == "earliest":
        spec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
    else:
        spec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    return spec
