"""The process that reads the messages of a topic: settings in, then one question a line; one answer a line out.

Started by `process.ReaderProcess` alone. Messages are not kept and not handed on: of each only its id's digest is, and
what is needed to count it.
"""

import base64
import hashlib
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import SchemaValidator, ValidationError, core_schema

from apgms_ops.clients.kafka.connection import Connection
from apgms_ops.clients.kafka.fingerprint import Fingerprint
from apgms_ops.clients.kafka.reader_process import Verb, serve
from apgms_ops.clients.kafka.wire import Json
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, DeadlineExceeded, Incomplete

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message

DIGEST: Final = 16
"""Bytes of an id's digest: two of a million ids share one once in 10^26 runs."""
_BATCH: Final = 10_000
_WAIT: Final = 0.2
_NAMED: Final = 20
"""Malformed messages of one answer that are named."""


def digest(identity: str) -> bytes:
    """Return the digest that stands for an id."""
    return hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=DIGEST).digest()


class WindowReader:
    """Reads ranges of partitions, in any order."""

    def __init__(self, connection: Connection, *, read_committed: bool) -> None:
        """Take a connection, not connected yet."""
        self._connection = connection
        self._level = "read_committed" if read_committed else "read_uncommitted"
        self._consumer: Consumer | None = None

    def extent(self, deadline: Deadline, *, topic: str, since: int) -> Json:
        """Return, of each partition, its oldest offset, the first one since a moment, and its end, in this order.

        Args:
            deadline: For all of it.
            topic: The topic.
            since: The moment, in milliseconds since 1970.

        Raises:
            Incomplete: There is no such topic.
            Unobserved: It could not be read.
        """
        from confluent_kafka import TopicPartition  # noqa: PLC0415 — heavy

        cluster_id = self._connection.connect(deadline)
        doing = f"reading {topic}"
        seconds = self._connection.seconds(deadline, doing)
        reader = self._reader()
        found = self._connection.call(lambda: reader.list_topics(topic, timeout=seconds), deadline, doing)
        known = found.topics.get(topic)
        if known is None or known.error is not None or not known.partitions:
            msg = f"topic {topic} cannot be read: {known.error.str() if known and known.error else 'it is not there'}"
            raise Incomplete(msg)
        asked = [TopicPartition(topic, number, since) for number in sorted(known.partitions)]

        def bounds() -> list[tuple[int, int, int, int]]:
            limits = {p.partition: reader.get_watermark_offsets(p, timeout=seconds) for p in asked}
            starts = reader.offsets_for_times(asked, timeout=seconds)
            rows = []
            for start in starts:
                low, high = limits[start.partition]
                rows.append((start.partition, low, high if start.offset < 0 else max(low, start.offset), high))
            return rows

        return {"cluster_id": cluster_id, "partitions": self._connection.call(bounds, deadline, doing)}

    def ids(  # noqa: PLR0913 — a range, and what is counted in it
        self,
        deadline: Deadline,
        *,
        topic: str,
        partition: int,
        start: int,
        end: int,
        most: int,
        slots: tuple[int, int],
        ranges: Mapping[str, tuple[int, int]],
    ) -> Json:
        """Return the digests of the ids of a range of messages, and what was counted on the way.

        Args:
            deadline: For all of it.
            topic: The topic.
            partition: Its partition.
            start: The first offset.
            end: The first offset that is not read.
            most: Messages after which to stop; `next` then tells where to go on.
            slots: Beginning and length of the parts that messages are counted by, in milliseconds.
            ranges: Source → from and to, in milliseconds since 1970: its messages in there are counted.

        Raises:
            Unobserved: They could not be read, every one of them.
        """
        digests = bytearray()
        sources: dict[str, int] = {}
        inside: dict[str, int] = {}
        counts: dict[int, int] = {}
        malformed: list[tuple[int, str]] = []
        bad = 0
        following = start
        for message in self._messages(topic, partition, start, end, deadline):
            offset = message.offset() or 0
            following = offset + 1
            try:
                identity, source = _envelope(message.value())
            except ValueError as error:
                bad += 1
                if len(malformed) < _NAMED:
                    malformed.append((offset, str(error)))
                continue
            at = message.timestamp()[1]
            digests += digest(identity)
            sources[source] = sources.get(source, 0) + 1
            since, until = ranges.get(source, (0, -1))
            if since <= at <= until:
                inside[source] = inside.get(source, 0) + 1
            slot = (at - slots[0]) // slots[1]
            counts[slot] = counts.get(slot, 0) + 1
            if len(digests) >= most * DIGEST:
                break
        else:
            following = end
        return {
            "digests": base64.b64encode(digests).decode(),
            "next": following,
            "sources": sources,
            "inside": inside,
            "slots": counts,
            "malformed": malformed,
            "malformed_count": bad,
        }

    def find(  # noqa: PLR0913 — a range, and what is looked for in it
        self, deadline: Deadline, *, topic: str, partition: int, start: int, end: int, digests: list[str]
    ) -> Json:
        """Return id, source and time of those messages of a range whose ids have these digests.

        Raises:
            Unobserved: They could not be read, every one of them.
        """
        wanted = {base64.b64decode(text) for text in digests}
        found = []
        for message in self._messages(topic, partition, start, end, deadline):
            try:
                identity, source = _envelope(message.value())
            except ValueError:
                continue
            if digest(identity) in wanted:
                found.append((identity, source, message.timestamp()[1]))
        return {"found": found}

    def fingerprint(self, deadline: Deadline, *, topic: str, partition: int, start: int, end: int) -> Json:
        """Return the number of records of a range, and the digest of all that they hold.

        Raises:
            Unobserved: They could not be read, every one of them.
        """
        self._connection.connect(deadline)
        seen = Fingerprint()
        for message in self._messages(topic, partition, start, end, deadline):
            kind, at = message.timestamp()
            headers: Any = message.headers() or ()
            seen.take(_raw(message.key()), _raw(message.value()), tuple(headers), at if kind else None)
        return {"records": seen.records, "sha256": seen.sha256}

    def _messages(self, topic: str, partition: int, start: int, end: int, deadline: Deadline) -> "Iterator[Message]":
        """Yield the messages of a range, as far as they are there: markers of transactions have offsets too."""
        from confluent_kafka import KafkaError, TopicPartition  # noqa: PLC0415 — heavy

        if start >= end:
            return
        doing = f"reading {topic}, partition {partition}"
        reader = self._reader()
        reader.assign([TopicPartition(topic, partition, start)])
        try:
            while True:
                wait = min(_WAIT, deadline.remaining)
                for message in self._connection.call(lambda: reader.consume(_BATCH, wait), deadline, doing):  # noqa: B023 — called at once
                    error = message.error()
                    if error is not None:
                        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 — its public name
                            return
                        raise self._connection.translated(error, doing, deadline.seconds)
                    if (message.offset() or 0) >= end:
                        return
                    yield message
                (place,) = reader.position([TopicPartition(topic, partition)])
                if place.offset >= end:
                    return
                if deadline.expired:
                    msg = f"{topic}, partition {partition}: not read to its end within {deadline.seconds:g} s"
                    raise DeadlineExceeded(msg)
        finally:
            reader.unassign()

    def _reader(self) -> "Consumer":
        if self._consumer is None:
            self._consumer = self._connection.consumer(
                isolation_level=self._level,
                enable_partition_eof=True,
                auto_offset_reset="error",
                queued_max_messages_kbytes=8_192,
                fetch_wait_max_ms=50,
                fetch_queue_backoff_ms=20,  # a second, by default: the queue is small on purpose
            )
        return self._consumer


_ENVELOPE: Final = SchemaValidator(
    core_schema.typed_dict_schema(
        {
            "id": core_schema.typed_dict_field(core_schema.str_schema(strict=True, min_length=1)),
            "source": core_schema.typed_dict_field(core_schema.str_schema(strict=True)),
        }
    )
)
"""Reads two members of an envelope and steps over the rest: a sixth of what json needs, and a million are read."""


def _envelope(value: bytes | None) -> tuple[str, str]:
    """Return id and source of an event.

    Raises:
        ValueError: It is no event.
    """
    if value is None:
        msg = "has no value"
        raise ValueError(msg)
    try:
        envelope = _ENVELOPE.validate_json(value)
    except ValidationError as error:
        broken = any(one["type"] == "json_invalid" for one in error.errors(include_url=False, include_input=False))
        msg = "is no JSON" if broken else "has no id or no source"
        raise ValueError(msg) from None
    return envelope["id"], envelope["source"]


def _raw(data: str | bytes | None) -> bytes | None:
    return data.encode() if isinstance(data, str) else data


def _verbs(connection: Connection, settings: Mapping[str, Any]) -> Mapping[str, Verb]:
    reader = WindowReader(connection, read_committed=settings["read_committed"])
    return {"extent": reader.extent, "ids": reader.ids, "find": reader.find, "fingerprint": reader.fingerprint}


def decoded(text: str) -> bytes:
    """Return the digests of an answer, one after another.

    Raises:
        BadAnswer: It is no whole number of digests.
    """
    digests = base64.b64decode(text)
    if len(digests) % DIGEST:
        msg = "the process that reads Kafka answered with half a digest"
        raise BadAnswer(msg)
    return digests


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout, _verbs)
