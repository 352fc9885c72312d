"""Incidents that were not written down, or not reviewed, as the runbook asks."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import incidents
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.state import write_atomically
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_CHECKS: Final = "checks/incidents/"
WRITTEN: Final = f"{_CHECKS}test_timelines.py::test_every_incident_is_written_down"
SOUND: Final = f"{_CHECKS}test_timelines.py::test_the_timeline_files_are_sound"
NOTIFIED: Final = f"{_CHECKS}test_timelines.py::test_the_ato_was_notified_of_every_breach"
REVIEWED: Final = f"{_CHECKS}test_reviews.py::test_every_incident_is_reviewed_in_time"
INCIDENTS: Final = (WRITTEN, SOUND, NOTIFIED, REVIEWED)
"""What is judged by PagerDuty's incidents."""
_OLD, _FAILED, _BREACH, _OPEN = incidents.PAST


class _FileFault(Fault):
    """A timeline file that is another. What it was is what heals it."""

    component = incidents.NAME
    reach = _CHECKS
    past: ClassVar[incidents.Past] = _FAILED

    @abstractmethod
    def change(self, path: Path, text: str) -> None:
        """Change the file, which holds this text."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — a file takes no time
        """Change the file."""
        path = incidents.path(world, self.past)
        text = path.read_text(encoding="utf-8")
        self.change(path, text)
        return {"path": str(path), "text": text}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — the memo knows
        """Write it as it was."""
        write_atomically(Path(memo["path"]), memo["text"])


class NotWritten(_FileFault):
    """Nobody wrote it down."""

    id = "incidents-not-written-down"
    title = "An incident that was resolved has no timeline file."
    expected: ClassVar[Mapping[str, Verdict]] = {WRITTEN: Verdict.FAIL, REVIEWED: Verdict.FAIL}

    def change(self, path: Path, text: str) -> None:  # noqa: ARG002 — it goes as a whole
        """Remove it."""
        path.unlink()


class OfAnother(_FileFault):
    """The file is of an incident that PagerDuty does not know."""

    id = "incidents-file-of-another"
    title = "The timeline file of an incident names another one's id."
    expected: ClassVar[Mapping[str, Verdict]] = {WRITTEN: Verdict.FAIL, REVIEWED: Verdict.FAIL}

    def change(self, path: Path, text: str) -> None:
        """Name another."""
        write_atomically(path, text.replace(f"Incident: {self.past.id}", "Incident: PINC9999"))


class _Line(_FileFault):
    """A line that says something else."""

    expected: ClassVar[Mapping[str, Verdict]] = {SOUND: Verdict.FAIL}
    old: ClassVar[str]
    new: ClassVar[str]

    def change(self, path: Path, text: str) -> None:
        """Put another text in its place."""
        write_atomically(path, text.replace(self.old, self.new, 1))


class Todo(_Line):
    """The template, filled in by half."""

    id = "incidents-todo"
    title = "A timeline file holds a TODO of its template."
    references = ("I2.1",)
    old, new = "An alert called the engineer on call.", "TODO"


class Zoneless(_Line):
    """Nobody knows when ten o'clock was."""

    id = "incidents-zoneless-time"
    title = "A timeline says when something happened without a zone."
    references = ("I2.2",)
    old, new = "## Timeline\n\n- ", "## Timeline\n\n- 2026-11-02T10:00:00 Somebody noticed.\n- "


class OutOfOrder(_Line):
    """What came first stands last."""

    id = "incidents-out-of-order"
    title = "The entries of a timeline are not in the order in which they happened."
    references = ("I2.2",)
    old, new = "\n## Review", "- 2020-01-01T00:00:00+11:00 Before all of it.\n\n## Review"


class TaxFileNumber(_Line):
    """A file that must not leave the house, in a repository."""

    id = "incidents-tax-file-number"
    title = "A timeline names a customer by tax file number."
    references = ("I2.4",)
    old, new = "An alert called the engineer on call.", "The employee with 123 456 782 called."


class Telephone(_Line):
    """A person's number."""

    id = "incidents-telephone-number"
    title = "A timeline holds a customer's telephone number."
    references = ("I2.4",)
    old, new = "An alert called the engineer on call.", "Customer on 0491 570 006 called."


class Empty(_Line):
    """It has all its fields, and nothing happened."""

    id = "incidents-empty-review"
    title = "A review is said to have been held, and not what it came to."
    expected: ClassVar[Mapping[str, Verdict]] = {REVIEWED: Verdict.FAIL}
    old, new = "What set it off is understood; two actions were agreed on, each with an owner.", ""


class Unnotified(_FileFault):
    """Personal data was breached, and nobody told the ATO."""

    id = "incidents-ato-not-notified"
    title = "Personal data was breached, and the file does not say when the ATO was notified."
    references = ("I5.4",)
    past = _BREACH
    expected: ClassVar[Mapping[str, Verdict]] = {NOTIFIED: Verdict.FAIL}

    def change(self, path: Path, text: str) -> None:
        """Leave the line out."""
        lines = [line for line in text.splitlines(keepends=True) if not line.startswith("- ATO notified")]
        write_atomically(path, "".join(lines))


class _Reviewed(_FileFault):
    """A line about the review that says another time."""

    expected: ClassVar[Mapping[str, Verdict]] = {REVIEWED: Verdict.FAIL}
    field: ClassVar[str]
    after: ClassVar[timedelta | None]
    """The resolution; None leaves the line out."""

    def change(self, path: Path, text: str) -> None:
        """Change the line."""
        resolved = next(line for line in text.splitlines() if line.startswith("- Resolved: "))
        at = datetime.fromisoformat(resolved.removeprefix("- Resolved: "))
        new = "" if self.after is None else f"- {self.field}: {(at + self.after).isoformat()}\n"
        lines = [new if line.startswith(f"- {self.field}: ") else line for line in text.splitlines(keepends=True)]
        write_atomically(path, "".join(lines))


class NeverHeld(_Reviewed):
    """It was planned, and that was that."""

    id = "incidents-review-never-held"
    title = "A review was planned, never held, and is overdue."
    references = ("I5.3",)
    field, after = "Review held", None


class HeldLate(_Reviewed):
    """Three days are not 48 hours."""

    id = "incidents-review-held-late"
    title = "A review was held 72 hours after the resolution."
    references = ("I5.1",)
    field, after = "Review held", timedelta(hours=72)


class PlannedLate(_Reviewed):
    """Red before it is too late."""

    id = "incidents-review-planned-late"
    title = "The review of yesterday's incident is planned for 72 hours after its resolution."
    references = ("I5.1",)
    past = _OPEN
    field, after = "Review scheduled", timedelta(hours=72)


class HeldBefore(_Reviewed):
    """Reviewed before it was over."""

    id = "incidents-review-before-the-end"
    title = "A review is said to have been held before the incident was resolved."
    expected: ClassVar[Mapping[str, Verdict]] = {REVIEWED: Verdict.FAIL, SOUND: Verdict.FAIL}
    field, after = "Review held", timedelta(hours=-1)


class Contradicting(_Reviewed):
    """A later resolution makes a late review look timely."""

    id = "incidents-resolved-otherwise"
    title = "A timeline says that the incident was resolved a day later than PagerDuty says."
    expected: ClassVar[Mapping[str, Verdict]] = {SOUND: Verdict.FAIL}
    field, after = "Resolved", timedelta(hours=24)


FAULTS: tuple[type[Fault], ...] = (
    NotWritten,
    OfAnother,
    Todo,
    Zoneless,
    OutOfOrder,
    TaxFileNumber,
    Telephone,
    Empty,
    Unnotified,
    NeverHeld,
    HeldLate,
    PlannedLate,
    HeldBefore,
    Contradicting,
)
