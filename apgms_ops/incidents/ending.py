"""Notes on an incident, its end, and its review: in its timeline file, and where it is about PagerDuty, there too."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from apgms_ops.clients.pagerduty.facts import Incident, IncidentStatus
from apgms_ops.compliance import timelines
from apgms_ops.compliance.timelines import Entry, Timeline
from apgms_ops.deadline import Deadline
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import BadAnswer, ConfigurationError
from apgms_ops.incidents.edits import with_entry, with_field, with_review
from apgms_ops.incidents.folder import TimelineFolder
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from apgms_ops.clients.pagerduty import PagerdutyClient
    from apgms_ops.clients.pagerduty.commands import PagerdutyCommands

_APART = timedelta(minutes=15)
"""By which a clock may be ahead of this one."""


@dataclass(frozen=True, slots=True)
class Files:
    """The timeline files, and the times in them."""

    folder: TimelineFolder
    zone: ZoneInfo
    reviewed: timedelta
    """Within which time of its resolution an incident's review is held."""

    def of(self, incident: str) -> Timeline:
        """Return the file of an incident.

        Raises:
            ConfigurationError: There is none.
        """
        found = self.folder.find(incident)
        if found is None:
            names = [one.name for one in self.folder.every()][-5:]
            last = f"; the last there are {', '.join(names)}" if names else ""
            asked = printable(incident, limit=60)
            msg = f"no timeline file in {self.folder.path} is of incident {asked}, or called so{last}"
            raise ConfigurationError(msg)
        return found

    def note(self, file: Timeline, text: str, at: datetime, deadline: Deadline) -> bool:
        """Write an entry; return whether it is new.

        Raises:
            ConfigurationError: It holds what no timeline may hold, or is of before the incident was detected.
        """
        self._require_after(file, timelines.DETECTED, at)
        return self.folder.change(file.name, lambda was: with_entry(was, Entry(self.local(at), text)), deadline)

    def require_resolvable(self, file: Timeline, text: str, now: datetime) -> None:
        """See that the end may be written down so, before the incident is resolved.

        Raises:
            ConfigurationError: It holds what no timeline may hold.
        """
        self.folder.require_sound(file.name, lambda was: self._with_end(was, text, now))

    def resolved(self, file: Timeline, text: str, at: datetime, deadline: Deadline) -> bool:
        """Write down the end of an incident; return whether there was anything to write."""
        return self.folder.change(file.name, lambda was: self._with_end(was, text, at), deadline)

    def _with_end(self, was: str, text: str, at: datetime) -> str:
        entry = Entry(self.local(at), f"Resolved: {text}")
        return with_entry(with_field(was, timelines.RESOLVED, self.local(at)), entry)

    def breached(self, file: Timeline, notified: datetime | None, at: datetime, deadline: Deadline) -> bool:
        """Write down that personal data was breached, and when the ATO was told."""

        def change(was: str) -> str:
            text = with_field(was, timelines.BREACH, "yes")
            return text if notified is None else with_field(text, timelines.NOTIFIED, self.local(notified))

        if notified is not None:
            self._require_after(file, timelines.DETECTED, notified)
            self._require_past(notified, at, "the ATO was notified")
        return self.folder.change(file.name, change, deadline)

    def due(self, file: Timeline) -> datetime:
        """Return when the review of an incident must have been held.

        Raises:
            ConfigurationError: It is not resolved.
        """
        resolved = file.times.get(timelines.RESOLVED)
        if resolved is None:
            msg = f"{file.name} does not say when the incident was resolved: `apgms-ops incident resolve` first"
            raise ConfigurationError(msg)
        return resolved + self.reviewed

    def planned(self, file: Timeline, at: datetime, now: datetime, deadline: Deadline) -> bool:
        """Write down when the review will be held.

        Raises:
            ConfigurationError: That is too late, or in the past.
        """
        due, within = self.due(file), format_duration(self.reviewed)
        if at > due:
            msg = f"a review at {self._said(at)} is too late: it must be held within {within}, by {self._said(due)}"
            raise ConfigurationError(msg)
        if at < now:
            msg = f"{self._said(at)} is in the past: `incident review hold` writes down one that was held"
            raise ConfigurationError(msg)
        return self.folder.change(file.name, lambda was: with_field(was, timelines.SCHEDULED, self.local(at)), deadline)

    def held(self, file: Timeline, outcome: str, at: datetime, now: datetime, deadline: Deadline) -> bool:
        """Write down that the review was held, and what it came to. One that is late is late, and written down.

        Raises:
            ConfigurationError: It says nothing, or was held before the resolution, or will be.
        """
        self.due(file)
        self._require_after(file, timelines.RESOLVED, at)
        self._require_past(at, now, "the review was held")
        if not outcome.strip():
            msg = "a review that came to nothing is none: say what was found, and who does what"
            raise ConfigurationError(msg)

        def change(was: str) -> str:
            return with_review(with_field(was, timelines.HELD, self.local(at)), outcome)

        return self.folder.change(file.name, change, deadline)

    def local(self, at: datetime) -> datetime:
        """Return a time as it is written down."""
        return at.astimezone(self.zone).replace(microsecond=0)

    def _said(self, at: datetime) -> str:
        return self.local(at).isoformat()

    def _require_after(self, file: Timeline, name: str, at: datetime) -> None:
        before = file.times.get(name)
        if before is not None and self.local(at) < before:
            msg = f"{self._said(at)} is before the incident was {name.lower()}, at {self._said(before)}"
            raise ConfigurationError(msg)

    def _require_past(self, at: datetime, now: datetime, what: str) -> None:
        if at > now + _APART:
            msg = f"{what} at {self._said(at)}, says the command, and that is yet to come"
            raise ConfigurationError(msg)


@dataclass(frozen=True, slots=True)
class Paged:
    """The same at PagerDuty."""

    reader: "PagerdutyClient"
    commands: "PagerdutyCommands"
    redact: Callable[[str], str]

    def note(self, incident: str, text: str, deadline: Deadline) -> bool:
        """Write a note, unless there is one that says the same; return whether it is new.

        Raises:
            ConfigurationError: It holds a secret, or a number that must not leave.
        """
        if self.redact(text) != text:
            msg = "the text holds what looks like a secret, a tax file number or an account number: nothing was sent"
            raise ConfigurationError(msg)
        if any(note.content.strip() == text.strip() for note in self.reader.notes(incident, deadline)):
            return False
        self.commands.note(incident, text, deadline)
        return True

    def resolve(self, incident: str, deadline: Deadline) -> tuple[Incident, datetime]:
        """Resolve it, and return it with the time that PagerDuty tells.

        Raises:
            BadAnswer: PagerDuty took it, and says that it is not resolved, or not when.
        """
        if self.reader.incident(incident, deadline).status is not IncidentStatus.RESOLVED:
            self.commands.resolve(incident, deadline)
        found = self.reader.incident(incident, deadline)
        if found.status is not IncidentStatus.RESOLVED or found.resolved_at is None:
            msg = f"PagerDuty says of incident {found.number}: {found.status}, and not when it was resolved"
            raise BadAnswer(msg)
        return found, found.resolved_at
