"""Reads of Kafka: groups and their offsets, and what arrived on a topic."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from apgms_ops.clients.kafka import parse
from apgms_ops.clients.kafka.connection import Connection
from apgms_ops.clients.kafka.facts import DeadLetters, Group, GroupProtocol, GroupState, Reading, Topic
from apgms_ops.clients.kafka.parse import Place
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, BadAnswer, Incomplete
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret

if TYPE_CHECKING:
    from confluent_kafka.admin._listoffsets import OffsetSpec


def _now() -> datetime:
    return datetime.now(UTC)


class KafkaClient:
    """Reads one Kafka cluster. It changes nothing there, and never makes a topic by asking for it."""

    def __init__(  # noqa: PLR0913 — what a Kafka listener is configured with
        self,
        *,
        bootstrap: Sequence[str],
        protocol: str,
        mechanism: str | None,
        username: Secret | None,
        password: Secret | None,
        ca_file: str | None,
        isolation_level: str,
        recorder: Recorder,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """Take the settings; nothing is connected yet.

        Args:
            bootstrap: Brokers to ask first, `host:port`.
            protocol: The listener's: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
            mechanism: SASL mechanism, where the protocol has one.
            username: SASL user.
            password: SASL password.
            ca_file: Certificate authority, a PEM file; the system's if None.
            isolation_level: read_committed takes the last stable offset for a partition's end, read_uncommitted the
                high watermark.
            recorder: Where what was seen is kept.
            now: The wall clock, with its zone.
        """
        self._connection = Connection(
            bootstrap=bootstrap,
            protocol=protocol,
            mechanism=mechanism,
            username=username,
            password=password,
            ca_file=ca_file,
        )
        self._read_committed = isolation_level == "read_committed"
        self._recorder = recorder
        self._now = now
        self._cluster_id: str | None = None

    def read(
        self,
        deadline: Deadline,
        *,
        groups: Iterable[str] = (),
        topics: Iterable[str] = (),
        every_group: bool = True,
    ) -> Reading:
        """Read where consumer groups stand.

        The oldest offsets are read before the commits and the ends after them, so that a group that moves meanwhile
        looks neither as if it had lost messages nor as if it were ahead of the log.

        Args:
            deadline: For all of it.
            groups: Names that are looked up even if the broker does not list them: it leaves out what we may not see.
            topics: The same for topics.
            every_group: Read every group that the broker lists, not only the named ones.

        Raises:
            Unobserved: The brokers could not be read; or they answered for a part only, and said so.
        """
        self._identify(deadline)
        taken_at = self._now()
        found = self._topics(deadline, tuple(topics))
        listed = self._listed(deadline) if every_group else {}
        starts, notes = self._offsets(parse.places(found), _spec("earliest"), deadline)
        named = set(groups)
        # A group that is listed as empty has no members to ask for.
        asked = named | {name for name, group in listed.items() if group.state is not GroupState.EMPTY}
        described, unread = self._describe(sorted(asked), deadline, listed)
        commits, uncommitted = self._commits(described, deadline)
        ends, more = self._offsets(starts, _spec("latest"), deadline)
        beyond = {
            place for own in commits.values() for place, offset in own.items() if place in ends and offset > ends[place]
        }
        highs, _ = self._offsets(beyond, _spec("latest"), deadline, committed=False) if beyond else ({}, ())
        unread |= uncommitted
        read = tuple(
            Group(group.name, group.state, group.protocol, group.members, unread.get(group.name))
            for _, group in sorted(described.items())
        )
        rows = parse.offsets(read, commits, starts, ends, highs)
        reading = Reading(taken_at, found, read, rows, (*notes, *more))
        self._record(reading)
        return reading

    def dead_letters(self, topics: Iterable[str], age: timedelta, deadline: Deadline) -> tuple[DeadLetters, ...]:
        """Read the ends of dead-letter topics, now and `age` ago; a topic that does not exist is left out.

        What is older is told by each message's own timestamp: a message that carries an old one counts as old.

        Raises:
            Unobserved: They could not be read, every partition of them.
        """
        self._identify(deadline)
        wanted = tuple(topics)
        found = self._topics(deadline, wanted)
        places = tuple(parse.places(topic for topic in found if topic.name in wanted))
        moment = int((self._now() - age).timestamp() * 1000)
        since, failed = self._offsets(places, _spec(moment), deadline)
        ends, failed_too = self._offsets(places, _spec("latest"), deadline)
        if failed or failed_too:
            raise Incomplete((*failed, *failed_too)[0])
        self._recorder.raw_json("dead letters", {f"{t}-{p}": [since[t, p], ends[t, p]] for t, p in places})
        # A negative offset says that no message is that young.
        return tuple(
            DeadLetters(topic, partition, ends[topic, partition] if (at := since[topic, partition]) < 0 else at, end)
            for (topic, partition), end in sorted(ends.items())
        )

    def _left(self, deadline: Deadline) -> float:
        return self._connection.seconds(deadline, "reading Kafka")

    def _identify(self, deadline: Deadline) -> None:
        if self._cluster_id is None:
            self._cluster_id = self._connection.connect(deadline)
        self._recorder.identify("kafka", self._cluster_id)

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
        ask = self._connection.admin.list_consumer_group_offsets
        # The driver takes one group a call: all calls are made before the first answer is waited for.
        futures = {
            name: ask([ConsumerGroupTopicPartitions(name)], request_timeout=left)[name]
            for name, group in groups.items()
            if group.state is not GroupState.DEAD
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

    def _record(self, reading: Reading) -> None:
        """Keep what was read in the form that Kafka's own tool prints."""
        head = "GROUP TOPIC PARTITION CURRENT-OFFSET LOG-START-OFFSET LOG-END-OFFSET CONSUMER-ID"
        rows = [
            f"{o.group} {o.topic} {o.partition} {_dash(o.committed)} {_dash(o.start)} {_dash(o.end)} {o.member or '-'}"
            for o in reading.offsets
        ]
        groups = [
            f"{g.name} {g.state.value} {len(g.members)} members {g.unread or ''}".rstrip() for g in reading.groups
        ]
        self._recorder.raw("offsets", "\n".join([head, *rows]))
        self._recorder.raw("groups", "\n".join(groups))
        self._recorder.raw("topics", "\n".join(f"{topic.name} {topic.partitions}" for topic in reading.topics))


def _dash(offset: int | None) -> str:
    return "-" if offset is None else str(offset)


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
