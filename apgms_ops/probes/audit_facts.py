"""What was emitted and what was persisted, compared one by one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from apgms_ops.environment.types import format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings, timestamp


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An event that is on one side only."""

    id: str
    source: str
    """The service that emitted it; empty where only the log knows of it."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Repeated:
    """An event that was persisted more than once."""

    id: str
    rows: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of the window."""

    start: datetime
    emitted: int
    persisted: int


@dataclass(frozen=True, slots=True)
class AuditPersistence:
    """The events of a window of the topic, and the rows of the log."""

    service: str
    topic: str
    window: timedelta
    settling_time: timedelta
    begin: datetime
    at: datetime
    """When the topic's end was fixed."""
    looked_at: datetime
    """When a missing event was last looked for."""
    emitted: int
    distinct: int
    """Different events; one that was emitted twice need be persisted once."""
    sources: dict[str, int]
    persisted: int
    cut_off: tuple[int, ...]
    """Partitions whose oldest messages may have been removed within the window."""
    malformed: tuple[str, ...]
    malformed_count: int
    missing: tuple[AuditEvent, ...]
    """The first events that are not in the log."""
    missing_count: int
    repeated: tuple[Repeated, ...]
    repeated_count: int
    unknown: tuple[AuditEvent, ...]
    """The first rows of events that nobody emitted."""
    unknown_count: int
    course: tuple[Slot, ...]

    def lost(self) -> Findings:
        """Say which events were emitted and are not in the log; a message that is no event can never be.

        Raises:
            Unobserved: Nothing was emitted; the window is not whole; or something is missing, and may still come.
        """
        found = list(self.malformed)
        if self.malformed_count > len(self.malformed):
            found.append(f"and {self.malformed_count - len(self.malformed)} more messages that are no events")
        late = [event for event in self.missing if self.looked_at - event.at >= self.settling_time]
        if late:
            first = ", ".join(f"{event.id} ({event.source}, {timestamp(event.at)[:19]}Z)" for event in late[:3])
            more = f"{self.missing_count} of {self.distinct} events" if self.missing_count > 1 else "1 event"
            found.append(
                f"{more} of {self.topic} within {format_duration(self.window)} are not in the audit log after "
                f"{format_duration(self.settling_time)}: {first}{', …' if self.missing_count > 3 else ''}"  # noqa: PLR2004 — as many as are named
            )
        if found:
            return Findings(found)
        self._require_whole()
        if self.missing_count:
            msg = (
                f"{self.missing_count} events of {self.topic} are not in the audit log yet; they count as lost after "
                f"{format_duration(self.settling_time)}"
            )
            raise Unobserved(msg)
        return Findings()

    def duplicated(self) -> Findings:
        """Say which events were persisted more than once.

        Raises:
            Unobserved: The log has no row of the window.
        """
        self._require_rows()
        more = self.repeated_count - len(self.repeated)
        named = [f"event {event.id} is in the audit log {event.rows} times" for event in self.repeated]
        return Findings((*named, *([f"and {more} more events"] if more else [])))

    def invented(self) -> Findings:
        """Say which rows tell of events that nobody emitted.

        Raises:
            Unobserved: The log has no row of the window, or the window is not whole; and all that is seen was emitted.
        """
        named = [f"event {event.id} of {timestamp(event.at)[:19]}Z was never emitted" for event in self.unknown]
        if not named:
            self._require_rows()
            self._require_whole()
        more = self.unknown_count - len(self.unknown)
        return Findings((*named, *([f"and {more} more events"] if more else [])))

    def _require_some(self) -> None:
        if not self.emitted and not self.malformed_count:
            msg = (
                f"nothing was emitted to {self.topic} within {format_duration(self.window)}: nothing could be compared"
            )
            raise Unobserved(msg)

    def _require_rows(self) -> None:
        if not self.persisted:
            msg = f"the audit log has no row of the last {format_duration(self.window)}: nothing could be compared"
            raise Unobserved(msg)

    def _require_whole(self) -> None:
        self._require_some()
        if self.cut_off:
            places = ", ".join(f"{self.topic}-{number}" for number in self.cut_off)
            msg = f"{places}: messages may have been removed that belong to the last {format_duration(self.window)}"
            raise Unobserved(msg)


@dataclass(frozen=True, slots=True)
class SourceCounted:
    """What one service says it emitted, and what came of it."""

    source: str
    counted: int
    """Growth of its counters between their first and last sample, restarts included; integers, nothing extrapolated."""
    since: datetime
    until: datetime
    found: int
    """Events of that source in the topic, from a little before to a little after."""


@dataclass(frozen=True, slots=True)
class AuditEmission:
    """The counters of emitted events beside the topic."""

    topic: str
    at: datetime
    window: timedelta
    sources: tuple[SourceCounted, ...]

    def swallowed(self) -> Findings:
        """Say who counted more events than reached the topic: an error that was swallowed.

        Raises:
            Unobserved: Nobody counted anything.
        """
        if not any(one.counted for one in self.sources):
            msg = f"no service says that it emitted an audit event within {format_duration(self.window)}"
            raise Unobserved(msg)
        return Findings(
            f"{one.source} says that it emitted {one.counted} events from {one.since:%H:%M:%S} to {one.until:%H:%M:%S} "
            f"UTC; {self.topic} holds {one.found} of it: {one.counted - one.found} never reached it"
            for one in self.sources
            if one.counted > one.found
        )
