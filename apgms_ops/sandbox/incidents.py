"""The component that gives the sandbox a past: incidents that were resolved, each written down and reviewed.

The files are written here by hand, in the form that docs/incidents.md describes; what reads them is not used for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import pagerduty
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.state import write_atomically
from apgms_ops.sandbox.world import World

NAME: Final = "incidents"
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Past:
    """An incident that was resolved some time ago."""

    id: str
    number: int
    title: str
    service: str
    name: str
    """Of the service, here."""
    ago: timedelta
    """Since its resolution."""
    took: timedelta
    breach: bool = False
    held: timedelta | None = 26 * _HOUR
    """After its resolution."""

    @property
    def slug(self) -> str:
        """What its file is called after the date."""
        return self.title.lower().replace(" ", "-")


PAST: Final = (
    Past("PINC0001", 101, "Payments wait", "PPAYMENTS", "payments", 1440 * _HOUR, 2 * _HOUR),
    Past("PINC0002", 102, "Look-ups fail", "PREGISTRIES", "registries", 300 * _HOUR, _HOUR),
    Past("PINC0003", 103, "Export to a stranger", "PAUDIT", "audit", 150 * _HOUR, 4 * _HOUR, breach=True),
    Past("PINC0004", 104, "Gateway slow", "PGATEWAY", "api-gateway", 20 * _HOUR, _HOUR, held=None),
)
"""The last of them is to be reviewed tomorrow."""


class Incidents(Component):
    """A step without a process."""

    name = NAME
    needs = (pagerduty.NAME,)
    lives = False

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing."""

    def start(self, world: World, deadline: Deadline) -> None:
        """Tell PagerDuty of them, and write them down."""
        now = datetime.now(UTC).replace(microsecond=0)
        there = {one["id"] for one in _records(world, deadline)}
        for past in PAST:
            if past.id not in there:
                body = {"collection": "incidents", "record": record(past, now)}
                require(world.port(f"{pagerduty.NAME}.control"), "/add", deadline, body)
                write(world, past, now)
        world.set(f"{NAME}.folder", str(folder(world)))

    def ready(self, world: World, deadline: Deadline) -> None:
        """Be so at once."""


def folder(world: World) -> Path:
    """Return the folder of the timeline files."""
    return world.folder(NAME) / "timelines"


def path(world: World, past: Past) -> Path:
    """Return the file of an incident.

    Raises:
        FileNotFoundError: There is none.
    """
    for found in folder(world).glob(f"*-{past.slug}.md"):
        return found
    raise FileNotFoundError(past.slug)


def write(world: World, past: Past, now: datetime) -> None:
    """Write the file of an incident."""
    folder(world).mkdir(parents=True, exist_ok=True)
    detected = now - past.ago - past.took
    write_atomically(
        folder(world) / f"{detected:%Y-%m-%d}-{past.slug}.md", "".join(f"{line}\n" for line in _lines(past, now))
    )


def record(past: Past, now: datetime) -> dict[str, Any]:
    """Return what PagerDuty knows of it."""
    return {
        "id": past.id,
        "number": past.number,
        "title": past.title,
        "status": "resolved",
        "urgency": "high",
        "key": None,
        "service": past.service,
        "details": "",
        "created_at": (now - past.ago - past.took).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "updated_at": (now - past.ago).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "assigned": [],
    }


def _records(world: World, deadline: Deadline) -> list[dict[str, Any]]:
    answer = require(world.port(f"{pagerduty.NAME}.control"), "/records/incidents", deadline)
    found: list[dict[str, Any]] = answer["records"]
    return found


def _lines(past: Past, now: datetime) -> Iterator[str]:
    resolved = now - past.ago
    detected = resolved - past.took
    yield f"# {past.title}"
    yield ""
    yield f"- Incident: {past.id}"
    yield "- Severity: sev2"
    yield f"- Service: {past.name}"
    yield f"- Detected: {detected.isoformat()}"
    yield f"- Declared: {(detected + timedelta(minutes=4)).isoformat()}"
    yield f"- Resolved: {resolved.isoformat()}"
    yield f"- Personal data breach: {'yes' if past.breach else 'no'}"
    if past.breach:
        yield f"- ATO notified: {(detected + _HOUR).isoformat()}"
    yield f"- Review scheduled: {(resolved + 26 * _HOUR).isoformat()}"
    if past.held is not None:
        yield f"- Review held: {(resolved + past.held).isoformat()}"
    yield ""
    yield "## Timeline"
    yield ""
    yield f"- {detected.isoformat()} An alert called the engineer on call."
    yield f"- {(detected + timedelta(minutes=4)).isoformat()} Declared; {past.name} is looked at."
    yield f"- {resolved.isoformat()} The service levels are met again."
    if past.held is not None:
        yield ""
        yield "## Review"
        yield ""
        yield "What set it off is understood; two actions were agreed on, each with an owner."
