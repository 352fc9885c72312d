"""The events of a topic within a window of time, as many as there may be: their ids as digests, sixteen bytes each."""

import base64
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apgms_ops.clients.kafka.process import WINDOW, ReaderProcess
from apgms_ops.clients.kafka.tool_reader import ToolReader
from apgms_ops.clients.kafka.window_process import DIGEST, decoded
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer
from apgms_ops.observation import Recorder

_MOST: Final = 100_000
"""Messages that are asked for at a time."""
_NAMED: Final = 20
_FEW: Final = 20
"""Digests that are looked for in pieces one by one."""
Range = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Extent:
    """A range of one partition."""

    partition: int
    oldest: int
    """The oldest offset that is kept."""
    start: int
    end: int
    """The first offset that is not in it."""

    @property
    def cut_off(self) -> bool:
        """Whether messages before the first one are gone, so that some of the window may be."""
        return self.start == self.oldest > 0 and self.start < self.end


@dataclass(frozen=True, slots=True)
class Piece:
    """The digests of a part of a window, one after another, in the order of their messages."""

    extent: Extent
    digests: bytes

    def holds(self, digest: bytes) -> bool:
        """Whether a digest is among them."""
        at = self.digests.find(digest)
        while at % DIGEST and at >= 0:
            at = self.digests.find(digest, at + 1)
        return at >= 0


@dataclass(frozen=True, slots=True)
class Event:
    """One event that was looked up."""

    id: str
    source: str
    at: datetime


@dataclass(slots=True)
class Emitted:
    """What was read of a window. Not a fact by itself: a million digests are for comparing, not for keeping."""

    extents: tuple[Extent, ...]
    pieces: list[Piece]
    sources: dict[str, int]
    """Source → events."""
    inside: dict[str, int]
    """Source → events within the range that was asked for it."""
    slots: dict[int, int]
    """Part of the window → events."""
    malformed: list[str]
    """The first messages that are no events."""
    malformed_count: int

    def around(self, digests: Collection[bytes]) -> tuple[Extent, ...]:
        """Return parts of the window that hold these digests; of many, the whole window."""
        if len(digests) > _FEW:
            return self.extents
        return tuple(piece.extent for piece in self.pieces if any(piece.holds(digest) for digest in digests))

    @property
    def count(self) -> int:
        """Events, those that were emitted twice counted twice."""
        return sum(self.sources.values())


class WindowClient:
    """Reads windows of topics, in a process of its own."""

    def __init__(self, settings: Mapping[str, Any], recorder: Recorder, tools: ToolReader | None = None) -> None:
        """Take the settings of the brokers, or who answers in their place; nothing is started yet."""
        self._process = tools or ReaderProcess(settings, WINDOW)
        self._recorder = recorder

    def extents(self, topic: str, since: datetime, deadline: Deadline) -> tuple[Extent, ...]:
        """Return the offsets of a topic's window: from a moment to the present end of each partition.

        Raises:
            Unobserved: They could not be read.
        """
        answer = self._process.ask("extent", deadline, f"reading {topic}", topic=topic, since=_milliseconds(since))
        self._recorder.identify("kafka", str(answer["cluster_id"]))
        return tuple(Extent(*place) for place in answer["partitions"])

    def read(  # noqa: PLR0913 — a window, and what is counted in it
        self,
        topic: str,
        extents: Iterable[Extent],
        *,
        begin: datetime,
        slot: timedelta,
        ranges: Mapping[str, Range],
        deadline: Deadline,
    ) -> Emitted:
        """Read every event of a window.

        Args:
            topic: The topic.
            extents: Its window.
            begin: From when on slots are counted.
            slot: Their length.
            ranges: Source → the range of time in which its events are counted apart.
            deadline: For all of it.

        Raises:
            Unobserved: Some could not be read.
        """
        read = Emitted(tuple(extents), [], {}, {}, {}, [], 0)
        asked = {source: (_milliseconds(a), _milliseconds(b)) for source, (a, b) in ranges.items()}
        slots = (_milliseconds(begin), max(1, slot // timedelta(milliseconds=1)))
        for extent in read.extents:
            start = extent.start
            while start < extent.end:
                answer = self._process.ask(
                    "ids",
                    deadline,
                    f"reading {topic}",
                    topic=topic,
                    partition=extent.partition,
                    start=start,
                    end=extent.end,
                    most=_MOST,
                    slots=slots,
                    ranges=asked,
                )
                if not start < answer["next"] <= extent.end:
                    msg = f"{topic}, partition {extent.partition}: nothing was read from offset {start} on"
                    raise BadAnswer(msg)
                part = replace(extent, start=start, end=answer["next"])
                start = answer["next"]
                _add(read, answer, part, f"{topic}-{extent.partition}")
        self._recorder.raw_json(
            f"window of {topic}",
            {
                "partitions": [[e.partition, e.oldest, e.start, e.end] for e in read.extents],
                "sources": read.sources,
                "inside": read.inside,
                "malformed": read.malformed,
            },
        )
        return read

    def find(
        self, topic: str, extents: Iterable[Extent], digests: Iterable[bytes], deadline: Deadline
    ) -> tuple[Event, ...]:
        """Return the events of a window whose ids have these digests.

        Raises:
            Unobserved: Some could not be read.
        """
        wanted = [base64.b64encode(digest).decode() for digest in digests]
        found: list[Event] = []
        for extent in extents:
            if not wanted or extent.start >= extent.end:
                continue
            answer = self._process.ask(
                "find",
                deadline,
                f"looking up events of {topic}",
                topic=topic,
                partition=extent.partition,
                start=extent.start,
                end=extent.end,
                digests=wanted,
            )
            found += [
                Event(identity, source, datetime.fromtimestamp(at / 1000, UTC))
                for identity, source, at in answer["found"]
            ]
        return tuple(found)

    def fingerprint(self, topic: str, partition: int, start: int, end: int, deadline: Deadline) -> tuple[int, str]:
        """Return the number of records of a range of a partition, and the digest of all that they hold.

        Raises:
            Unobserved: Some could not be read.
        """
        answer = self._process.ask(
            "fingerprint", deadline, f"reading {topic}", topic=topic, partition=partition, start=start, end=end
        )
        return int(answer["records"]), str(answer["sha256"])


def _add(read: Emitted, answer: Mapping[str, Any], extent: Extent, where: str) -> None:
    read.pieces.append(Piece(extent, decoded(answer["digests"])))
    for into, key in ((read.sources, "sources"), (read.inside, "inside")):
        for source, count in answer[key].items():
            into[source] = into.get(source, 0) + count
    for slot, count in answer["slots"].items():
        read.slots[int(slot)] = read.slots.get(int(slot), 0) + count
    read.malformed_count += answer["malformed_count"]
    named = [f"{where}@{offset} {why}" for offset, why in answer["malformed"]]
    read.malformed += named[: max(0, _NAMED - len(read.malformed))]


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
