"""What is known of the archive of the write-ahead log, and what is wrong with it. Pure.

`pgbackrest info` names its oldest and its newest segment, whatever is missing between them, and `verify` reads what is
there: neither notices a gap, over which no restore comes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apgms_ops.environment.types import Count, Duration, Limit, format_duration
from apgms_ops.observation import Findings
from apgms_ops.probes.wal_segments import Run, Segment

_OFF: Final = "off"
_NAME: Final = 24
"""Characters of a segment's name."""
_LEEWAY: Final = timedelta(minutes=2)
"""By which clocks may differ."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is kept of one history of the database; another begins with each fail-over and each restore."""

    number: int
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest segment in the bucket."""

    name: str
    timeline: int
    number: int
    stored: datetime


@dataclass(frozen=True, slots=True)
class Archiver:
    """What the primary says of its archiver."""

    at: datetime
    """The primary's clock."""
    mode: str
    """`archive_mode`."""
    current: str
    """The segment that is being written."""
    archived: str | None
    """The last that the archiver says it has put away; it believes its command."""
    archived_at: datetime | None
    failed: str | None
    """The last that it could not."""
    failed_at: datetime | None
    waiting: int
    """Segments that are to be archived, and are not."""
    held: int
    """Bytes in pg_wal."""


@dataclass(frozen=True, slots=True)
class WalArchive:
    """The archive and its source."""

    at: datetime
    segment_size: int
    """Bytes."""
    place: str
    needed_from: int
    """Number of the first segment that the oldest backup needs."""
    needed_to: int
    """Number of the last segment without which a backup cannot be restored."""
    timelines: tuple[Timeline, ...]
    empty: tuple[str, ...]
    """Segments whose object holds nothing."""
    last: Kept | None
    archiver: Archiver

    def gaps(self) -> Findings:
        """Say which segments are missing between the oldest backup and the newest that is kept."""
        return Findings(self._gaps())

    def behind(self, limit: Limit[Duration], waiting: Limit[Count]) -> Findings:
        """Say if the archiver fails, waits, or says that it has put away what is not there."""
        return Findings(self._behind(limit, waiting))

    def _gaps(self) -> Iterator[str]:
        yield from (f"segment {name} is an object without content" for name in self.empty[:3])
        if self.last is None:
            yield f"{self.place} holds no segment of the write-ahead log"
            return
        position = self.needed_from
        for timeline, last in self._histories():
            for run in timeline.runs:
                if run.first > last or position > last:
                    break
                if run.first > position:
                    yield self._gap(timeline.number, position, run.first - 1)
                position = max(position, run.last + 1)
            if position <= last:
                yield self._gap(timeline.number, position, last)
                position = last + 1
        if position <= self.needed_to:  # not even what was written while a backup was taken
            yield self._gap(self.last.timeline, position, self.needed_to)

    def _histories(self) -> Iterator[tuple[Timeline, int]]:
        """Yield the timelines that lead to the newest segment, oldest first, each with the last that it must hold.

        An older one is followed up to where the next begins; what it wrote beyond that came to nothing.
        """
        leading: list[tuple[Timeline, int]] = []
        above: int | None = None
        for timeline in sorted(self.timelines, key=lambda one: one.number, reverse=True):
            last = timeline.runs[-1].last if above is None else above
            if timeline.runs[0].first <= last:
                leading.append((timeline, last))
                above = timeline.runs[0].first - 1
        yield from reversed(leading)

    def _gap(self, timeline: int, first: int, last: int) -> str:
        names = [Segment(timeline, number, self.segment_size).name for number in (first, last)]
        count = last - first + 1
        what = f"segment {names[0]} is" if count == 1 else f"{count} segments, {names[0]} to {names[1]}, are"
        return f"{what} missing from {self.place}: no restore comes past that"

    def _behind(self, limit: Limit[Duration], waiting: Limit[Count]) -> Iterator[str]:
        said = self.archiver
        if said.mode == _OFF:
            yield "the primary does not archive: archive_mode is off"
        if said.failed_at is not None and (said.archived_at is None or said.failed_at > said.archived_at):
            since = "never worked" if said.archived_at is None else f"last worked at {said.archived_at:%H:%M:%S} UTC"
            yield f"the archiver fails: segment {said.failed} at {said.failed_at:%H:%M:%S} UTC; it {since}"
        if said.waiting > waiting.value:
            size = said.held / 1024 / 1024
            yield (
                f"{said.waiting} segments wait to be archived, and pg_wal holds {size:.0f} MiB;"
                f" allowed are {waiting.value} ({waiting.source})"
            )
        allowed = f"{format_duration(limit.value)} ({limit.source})"
        if self.last is None:
            yield f"{self.place} holds no segment of the write-ahead log"
            return
        if self.last.stored > self.at + _LEEWAY:
            yield f"the newest archived segment, {self.last.name}, is dated in the future"
        elif self.at - self.last.stored > limit.value:
            age = format_duration(timedelta(seconds=int((self.at - self.last.stored).total_seconds())))
            yield f"the newest archived segment, {self.last.name}, is {age} old; allowed are {allowed}"
        current = Segment.parse(said.current, self.segment_size)
        if current.timeline > self.last.timeline:
            yield f"the primary writes timeline {current.timeline}, of which nothing is archived"
        elif current.number - self.last.number > waiting.value + 1:
            behind = current.number - self.last.number - 1
            yield f"the archive is {behind} segments behind the primary; allowed are {waiting.value} ({waiting.source})"
        yield from self._lied()

    def _lied(self) -> Iterator[str]:
        """Say if what the archiver says it has put away is not there; it was asked before the bucket was read."""
        said = self.archiver.archived
        if said is None or len(said) != _NAME:  # nothing yet; or a history or a label, which are no segments
            return
        segment = Segment.parse(said, self.segment_size)
        kept = next((one.runs for one in self.timelines if one.number == segment.timeline), ())
        there = any(run.first <= segment.number <= run.last for run in kept)
        if segment.number >= self.needed_from and not there:
            yield f"the archiver says that {said} is archived, and it is not in the bucket"
