"""Declares an incident in three places: PagerDuty, which calls people; a timeline file; the incident channel.

Each place is tried whatever became of the others, and what is done already is not done twice: the same declaration,
repeated, finds its open incident by the dedup key, its file by the incident, and its message by the incident.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from apgms_ops.clients.pagerduty.facts import Incident, IncidentStatus, Urgency
from apgms_ops.compliance import timelines
from apgms_ops.compliance.timelines import Entry, Timeline
from apgms_ops.deadline import Deadline
from apgms_ops.errors import ApgmsOpsError, BadAnswer, ConfigurationError, Unobserved
from apgms_ops.incidents.edits import with_field
from apgms_ops.incidents.folder import TimelineFolder
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from apgms_ops.clients.pagerduty import PagerdutyClient
    from apgms_ops.clients.pagerduty.commands import PagerdutyCommands

T = TypeVar("T")
OPEN: Final = (IncidentStatus.TRIGGERED, IncidentStatus.ACKNOWLEDGED)
_PLACEHOLDER: Final = "PNOTYET"


class Channel(Protocol):
    """Where people who answer an incident talk."""

    name: str
    """With its #."""

    def tell(self, key: str, former: str | None, text: str, deadline: Deadline) -> tuple[str, bool]:
        """Post a message once for a key, in place of the one that was posted for the former key.

        Returns:
            Its address, and whether it was posted now.
        """


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is declared."""

    environment: str
    summary: str
    severity: str
    service: str
    """Its name here."""
    service_id: str
    """Its id at PagerDuty."""
    detected: datetime
    breach: bool
    """Whether personal data was breached."""
    zone: ZoneInfo

    @property
    def title(self) -> str:
        """What the incident is called at PagerDuty."""
        return f"[{self.severity.upper()}] {self.summary}"

    @property
    def key(self) -> str:
        """The dedup key: the same for the same environment, service and summary, whoever types it."""
        words = [self.environment, self.service, " ".join(self.summary.lower().split())]
        return f"apgms-ops-{hashlib.sha256(json.dumps(words).encode()).hexdigest()[:24]}"

    def timeline(self, incident: str, declared: datetime) -> Timeline:
        """Return the timeline that its file begins with."""
        words = {timelines.INCIDENT: incident} if incident else {}
        words |= {timelines.SEVERITY: self.severity, timelines.SERVICE: self.service}
        detected, at = self._local(self.detected), self._local(declared)
        called = f"incident {incident} at PagerDuty" if incident else "without PagerDuty, which did not answer"
        return Timeline(
            name=timelines.name_of(at.date(), self.summary),
            title=self.summary,
            words=words | {timelines.BREACH: "yes" if self.breach else "no"},
            times={timelines.DETECTED: detected, timelines.DECLARED: max(at, detected)},
            entries=(
                Entry(detected, "Detected."),
                Entry(max(at, detected), f"Declared as {self.severity} of {self.service}: {called}."),
            ),
        )

    def require_sound(self, at: datetime) -> None:
        """See that what is declared may be written down, before it is sent anywhere.

        Raises:
            ConfigurationError: It holds what looks like a secret, a tax file number or personal data, or is empty.
        """
        sketch = self.timeline(_PLACEHOLDER, at)
        wrong = timelines.read(sketch.name, timelines.written(sketch)).problems
        if wrong or not self.summary.strip():
            msg = f"--summary cannot be declared: {'; '.join(wrong[:2]) or 'it is empty'}"
            raise ConfigurationError(msg)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(microsecond=0)


@dataclass(slots=True)
class Declared:
    """What came of it, place by place."""

    incident: Incident | None = None
    file: Timeline | None = None
    message: str = ""
    """The address of the message in the channel."""
    done: list[str] = field(default_factory=list)
    """In sentences, what is there now."""
    missing: list[str] = field(default_factory=list)
    """And what is not."""


@dataclass(frozen=True, slots=True)
class Declaring:
    """Declares incidents of one environment."""

    reader: "PagerdutyClient"
    commands: "PagerdutyCommands"
    folder: TimelineFolder
    channel: Channel | None
    require_pinned: Callable[[Deadline], None]
    """Raises where it is not the account that the environment pins."""
    clock: Callable[[], datetime]

    def declare(self, what: Declaration, deadline: Deadline) -> Declared:
        """Declare it wherever it is not declared yet."""
        came = Declared()
        came.incident = _tried(came, "PagerDuty", lambda: self._incident(what, came, _half(deadline)))
        came.file = _tried(came, "the timeline file", lambda: self._file(what, came, _half(deadline)))
        if self.channel is not None:
            channel = self.channel
            told = _tried(came, channel.name, lambda: self._told(channel, what, came, _half(deadline)))
            came.message = told or ""
        return came

    def _incident(self, what: Declaration, came: Declared, deadline: Deadline) -> Incident:
        self.require_pinned(deadline)
        found, new = self.open_one(what, deadline), False
        if found is None:
            found, new = self._made(what, deadline), True
        # What was made is read again: a rule of the account's may have changed what was asked for.
        found = self.reader.incident(found.id, deadline)
        came.done.append(f"PagerDuty {'made' if new else 'has'} incident {found.number}: {printable(found.url)}")
        came.missing += _uncalled(found)
        return found

    def open_one(self, what: Declaration, deadline: Deadline) -> Incident | None:
        """Return the open incident of this declaration."""
        found = self.reader.incidents(deadline, statuses=OPEN, services=[what.service_id], key=what.key)
        return found[-1] if found else None

    def _made(self, what: Declaration, deadline: Deadline) -> Incident:
        details = f"Declared by apgms-ops as {what.severity}; detected at {what.detected.isoformat()}."
        try:
            made = self.commands.create(what.title, what.service_id, _half(deadline), key=what.key, details=details)
        except Unobserved:
            # It may have been made although no answer came.
            made = self.open_one(what, deadline)
            if made is None:
                raise
        if made is None:  # somebody else, or an earlier try of ours, was faster
            made = self.open_one(what, deadline)
        if made is None:
            msg = f"PagerDuty has an open incident with key {what.key}, and does not list it"
            raise BadAnswer(msg)
        return made

    def _file(self, what: Declaration, came: Declared, deadline: Deadline) -> Timeline:
        id_ = "" if came.incident is None else came.incident.id
        found = self.folder.find(id_) if id_ else None
        if found is None:
            found = self._unnamed(what)
            if found is not None and id_:
                self.folder.change(found.name, lambda text: with_field(text, timelines.INCIDENT, id_), deadline)
        if found is not None:
            came.done.append(f"the timeline is in {found.name}")
            return replace(found, words={**found.words, timelines.INCIDENT: id_} if id_ else found.words)
        at = self.clock() if came.incident is None else came.incident.created_at
        made = self.folder.begin(what.timeline(id_, at), deadline)
        came.done.append(f"the timeline was begun in {made.name}")
        return made

    def _unnamed(self, what: Declaration) -> Timeline | None:
        """Return the file that was begun while PagerDuty did not answer."""
        for one in self.folder.every():
            same = one.title == printable(what.summary) and one.words.get(timelines.SERVICE) == what.service
            if same and not one.incident and timelines.RESOLVED not in one.times:
                return one
        return None

    @staticmethod
    def _told(channel: Channel, what: Declaration, came: Declared, deadline: Deadline) -> str:
        file = None if came.file is None else came.file.name
        key = came.incident.id if came.incident is not None else file
        if key is None:
            key = what.key
        page = came.incident.url if came.incident is not None else "PagerDuty did not answer: call who is on call"
        lines = [f"{what.title} ({what.service}, {what.environment})", page]
        lines += [] if file is None else [f"timeline: {file}"]
        address, new = channel.tell(key, file if file != key else None, "\n".join(lines), deadline)
        came.done.append(f"{channel.name} {'was told' if new else 'knows'}: {printable(address)}")
        return address


def _half(deadline: Deadline) -> Deadline:
    """Return half of what is left, so that a place that hangs leaves time for the others."""
    return deadline.within(deadline.require("the next part of the declaration") / 2)


def _uncalled(incident: Incident) -> list[str]:
    """Say why an incident calls nobody, although it is there."""
    found = []
    if incident.urgency is not Urgency.HIGH:
        found.append(f"incident {incident.number} is of {incident.urgency} urgency: raise it, or call who is on call")
    if incident.status is IncidentStatus.TRIGGERED and not incident.assigned:
        found.append(f"incident {incident.number} is assigned to nobody: call who is on call")
    if incident.status not in OPEN:
        found.append(f"incident {incident.number} is {incident.status} already: nobody is called")
    return found


def _tried(came: Declared, place: str, work: Callable[[], T]) -> T | None:
    try:
        return work()
    except ApgmsOpsError as error:
        came.missing.append(f"{place}: {printable(str(error), limit=500)}")
        return None
