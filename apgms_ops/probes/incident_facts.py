"""Incidents that were resolved, each beside its timeline file, and what may be said of them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from apgms_ops.environment.model import IncidentRules
from apgms_ops.environment.types import format_duration
from apgms_ops.observation import Findings
from apgms_ops.redact import printable

_APART = timedelta(minutes=15)
"""By which a file may differ from PagerDuty on when an incident was resolved: people write down minutes."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """An incident that PagerDuty calls resolved."""

    id: str
    number: int
    title: str
    service: str
    resolved_at: datetime


@dataclass(frozen=True, slots=True)
class Filed:
    """A timeline file."""

    name: str
    incident: str
    """PagerDuty's id; empty where the file says none."""
    resolved: datetime | None
    breach: bool | None
    """Whether personal data was breached; None: it does not say."""
    notified: datetime | None
    """When the ATO was told."""
    scheduled: datetime | None
    """For when the review is planned."""
    held: datetime | None
    """When it was held."""
    reviewed: int
    """Characters of what it came to."""
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Incidents:
    """What was resolved lately, and the files of the folder."""

    at: datetime
    since: datetime
    """From when on an incident that was resolved is looked at."""
    folder: str
    resolved: tuple[Resolved, ...]
    """The latest last."""
    files: tuple[Filed, ...]

    def unwritten(self) -> Findings:
        """Say which incident has no file, or several."""
        return Findings(self._unwritten())

    def _unwritten(self) -> Iterator[str]:
        for one in self.resolved:
            found = self._files(one)
            if not found:
                yield f"{_called(one)} has no timeline file in {self.folder}"
            elif len(found) > 1:
                yield f"{_called(one)} has {len(found)} files: {', '.join(printable(file.name) for file in found)}"

    def unsound(self) -> Findings:
        """Say what is wrong with the files themselves, and where one contradicts PagerDuty."""
        return Findings((*self._malformed(), *self._contradicting()))

    def _malformed(self) -> Iterator[str]:
        for file in self.files:
            if file.problems:
                more = f" (and {len(file.problems) - 3} more)" if len(file.problems) > 3 else ""  # noqa: PLR2004
                yield f"{printable(file.name)}: {'; '.join(file.problems[:3])}{more}"

    def _contradicting(self) -> Iterator[str]:
        for one in self.resolved:
            for file in self._files(one):
                if file.resolved is None:
                    yield f"{printable(file.name)} does not say when {_called(one)} was resolved"
                elif abs(file.resolved - one.resolved_at) > _APART:
                    yield (
                        f"{printable(file.name)} says resolved at {file.resolved.isoformat()}, PagerDuty at "
                        f"{one.resolved_at.isoformat()}"
                    )

    def unreviewed(self, rules: IncidentRules) -> Findings:
        """Say which review was not held in time, is overdue, or is planned for too late.

        In time is counted from the resolution that PagerDuty tells. An incident without a file has no review either.
        """
        return Findings(self._unreviewed(rules))

    def _unreviewed(self, rules: IncidentRules) -> Iterator[str]:
        limit = rules.reviewed.value
        within = f"allowed are {format_duration(limit)} ({rules.reviewed.source})"
        for one in self.resolved:
            due = one.resolved_at + limit
            file = next(iter(self._files(one)), None)
            held = None if file is None else file.held
            if file is not None and held is not None:
                yield from self._held(one, file, held, due, within)
            elif self.at > due:
                yield f"the review of {_called(one)} is overdue since {due.isoformat()}: {within}"
            elif file is not None and file.scheduled is not None and file.scheduled > due:
                planned = file.scheduled.isoformat()
                yield f"the review of {_called(one)} is planned for {planned}, after {due.isoformat()}"

    def _held(self, one: Resolved, file: Filed, held: datetime, due: datetime, within: str) -> Iterator[str]:
        if held > self.at:
            yield f"{printable(file.name)} says that its review was held at {held.isoformat()}, which is yet to come"
        elif held < one.resolved_at - _APART:
            yield f"the review of {_called(one)} was held at {held.isoformat()}, before it was resolved"
        elif held > due:
            late = _hours(held - one.resolved_at)
            yield f"the review of {_called(one)} was held {late} after its resolution: {within}"
        if not file.reviewed:
            yield f"{printable(file.name)} says that its review was held, and not what it came to"

    def unnotified(self) -> Findings:
        """Say which breach of personal data does not name when the ATO was notified."""
        return Findings(self._unnotified())

    def _unnotified(self) -> Iterator[str]:
        for file in self.files:
            if file.breach and file.notified is None:
                yield f"{printable(file.name)}: personal data was breached, and nothing says when the ATO was notified"
            elif file.breach and file.notified is not None and file.notified > self.at:
                yield f"{printable(file.name)}: the ATO is said to have been notified at a time that is yet to come"

    def _files(self, one: Resolved) -> tuple[Filed, ...]:
        return tuple(file for file in self.files if file.incident == one.id)


def _called(one: Resolved) -> str:
    return f"incident {one.number} ({printable(one.title, limit=80)}, resolved {one.resolved_at.isoformat()})"


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.0f} h"
