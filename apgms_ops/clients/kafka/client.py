"""Reads of Kafka: groups and their offsets, and what arrived on a topic."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from apgms_ops.clients.kafka import wire
from apgms_ops.clients.kafka.facts import Bounds, DeadLetters, Reading
from apgms_ops.clients.kafka.process import ReaderProcess
from apgms_ops.clients.kafka.tool_reader import ToolReader
from apgms_ops.clients.kafka.window import WindowClient
from apgms_ops.deadline import Deadline
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret


def _now() -> datetime:
    return datetime.now(UTC)


class KafkaClient:
    """Reads one Kafka cluster. It changes nothing there. Safe to use from several threads."""

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
        tools: ToolReader | None = None,
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
            tools: Answers in the driver's place, where the brokers cannot be reached from here.
            now: The wall clock, with its zone.
        """
        settings = {
            "bootstrap": list(bootstrap),
            "protocol": protocol,
            "mechanism": mechanism,
            "username": username,
            "password": password,
            "ca_file": ca_file,
            "read_committed": isolation_level == "read_committed",
        }
        self._process = tools or ReaderProcess(settings)
        self._recorder = recorder
        self._now = now
        self.windows = WindowClient(settings, recorder, tools)
        """Reads the events of a topic, one by one."""

    def read(
        self,
        deadline: Deadline,
        *,
        groups: Iterable[str] = (),
        topics: Iterable[str] = (),
        every_group: bool = True,
        older_than: timedelta | None = None,
    ) -> Reading:
        """Read where consumer groups stand.

        The oldest offsets are read before the commits and the ends after them, so that a group that moves meanwhile
        looks neither as if it had lost messages nor as if it were ahead of the log.

        Groups of other protocols (share groups, Kafka Connect's workers) are not consumer groups, and are not read.

        Args:
            deadline: For all of it.
            groups: Names that are looked up even if the broker does not list them: it leaves out what we may not see.
            topics: The same for topics.
            every_group: Read every consumer group that the broker lists, not only the named ones.
            older_than: Tell how many messages of this age and older the named groups have not read. The broker finds
                the first younger one by its timestamp: old timestamps behind that one are not seen.

        Raises:
            Unobserved: The brokers could not be read; or they answered for a part only, and said so.
        """
        taken_at = self._now()
        answer = self._process.ask(
            "read",
            deadline,
            "reading consumer groups",
            groups=list(groups),
            topics=list(topics),
            every_group=every_group,
            since=None if older_than is None else int((taken_at - older_than).timestamp() * 1000),
        )
        self._recorder.identify("kafka", answer["cluster_id"])
        reading = wire.reading(answer, taken_at)
        self._record(reading)
        return reading

    def dead_letters(self, topics: Iterable[str], age: timedelta, deadline: Deadline) -> tuple[DeadLetters, ...]:
        """Read the ends of dead-letter topics, now and `age` ago; a topic that does not exist is left out.

        What is older is told by each message's own timestamp: a message that carries an old one counts as old.

        Raises:
            Unobserved: They could not be read, every partition of them.
        """
        since = int((self._now() - age).timestamp() * 1000)
        doing = "reading dead-letter topics"
        answer = self._process.ask("dead_letters", deadline, doing, topics=list(topics), since=since)
        self._recorder.identify("kafka", answer["cluster_id"])
        self._recorder.raw_json("dead letters", {"since": answer["since"], "ends": answer["ends"]})
        return wire.dead_letters(answer)

    def bounds(self, since: Mapping[str, datetime], deadline: Deadline) -> tuple[Bounds, ...]:
        """Read what topics hold now, and what of it is not older than a moment; one that does not exist is left out.

        Args:
            since: Topic → its moment.
            deadline: For all of it.

        Raises:
            Unobserved: It could not be read, of every partition.
        """
        moments = {topic: int(moment.timestamp() * 1000) for topic, moment in since.items()}
        answer = self._process.ask("bounds", deadline, "reading what topics hold", topics=moments)
        self._recorder.identify("kafka", answer["cluster_id"])
        self._recorder.raw_json("bounds", {key: answer[key] for key in ("starts", "since", "ends")})
        return wire.bounds(answer)

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
