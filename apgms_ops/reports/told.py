"""A recorded run as reports tell it: every planned check with its verdict, and what the run came to. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.run import RecordedRun
from apgms_ops.redact import printable
from apgms_ops.verdict import EXIT_GREEN, Verdict

NO_VERDICT: Final = "no verdict was recorded: the run was broken off, or goes on"


@dataclass(frozen=True, slots=True)
class Told:
    """One planned check, with its verdict as the ledger has it."""

    id: str
    promise: str
    section: str
    step: int
    step_title: str
    controls: tuple[str, ...]
    probes: tuple[str, ...]
    service: str | None
    verdict: Verdict
    seen: str
    took: float
    """Seconds."""
    waiver: Mapping[str, Any] | None = None
    """Of a check that is WAIVED: under what. Its raw verdict is FAIL."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    verdict: Verdict
    counts: Mapping[Verdict, int]
    why: str
    """What the verdict rests on, where the checks' verdicts alone do not tell."""
    finished: bool


def told(run: RecordedRun) -> tuple[Told, ...]:
    """Return every planned check; one without a verdict is UNKNOWN.

    Raises:
        EvidenceInvalid: The plan or a verdict is malformed, or a verdict is about a check that was not planned.
    """
    try:
        checks = tuple(_told(check, run.verdicts.get(check["id"])) for check in run.plan["checks"])
    except (KeyError, TypeError, ValueError) as error:
        msg = f"{run.path}/ledger.jsonl: its plan or a verdict is malformed ({type(error).__name__}: {error})"
        raise EvidenceInvalid(msg) from error
    strangers = run.verdicts.keys() - {check.id for check in checks}
    if strangers:
        msg = f"{run.path}/ledger.jsonl: a verdict on {printable(min(strangers), limit=200)}, which was not planned"
        raise EvidenceInvalid(msg)
    return checks


def _told(check: Mapping[str, Any], said: Mapping[str, Any] | None) -> Told:
    section, step = check["runbook"]
    body: Mapping[str, Any] = {"verdict": Verdict.UNKNOWN.value, "seen": NO_VERDICT} if said is None else said
    verdict = Verdict(body["verdict"])
    waiver = body.get("waiver")
    if verdict is Verdict.WAIVED and not (isinstance(waiver, Mapping) and body.get("raw") == Verdict.FAIL.value):
        msg = f"{check['id']!r:.200} is WAIVED without a waiver, or was not seen to fail"
        raise ValueError(msg)
    return Told(
        id=str(check["id"]),
        promise=str(check["promise"]),
        section=str(section),
        step=int(step),
        step_title=str(check["step_title"]),
        controls=tuple(str(control) for control in check["controls"]),
        probes=tuple(str(probe) for probe in check["probes"]),
        service=None if check["service"] is None else str(check["service"]),
        verdict=verdict,
        seen=str(body.get("seen") or ""),
        took=float(body.get("took") or 0.0),
        waiver=waiver if verdict is Verdict.WAIVED else None,
    )


def outcome(run: RecordedRun, checks: tuple[Told, ...]) -> Outcome:
    """Return what a run came to: its exit code and its verdicts together, whichever is worse.

    Raises:
        EvidenceInvalid: Its closing entry calls green what its verdicts do not.
    """
    counts = Counter(check.verdict for check in checks)
    order = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WAIVED, Verdict.SKIPPED, Verdict.PASS)
    ordered = {verdict: counts[verdict] for verdict in order if counts[verdict]}
    worst = next(iter(ordered), Verdict.UNKNOWN)
    if run.close is None:
        red = worst if worst is Verdict.FAIL else Verdict.UNKNOWN
        return Outcome(red, ordered, "never closed: broken off, or still going on", finished=False)
    code = run.close.get("exit")
    if worst in (Verdict.FAIL, Verdict.UNKNOWN):
        if code == EXIT_GREEN:
            msg = f"{run.path}/ledger.jsonl: closed as green (exit 0), and a check of it is {worst}"
            raise EvidenceInvalid(msg)
        return Outcome(worst, ordered, "" if checks else "no check was planned", finished=True)
    if code != EXIT_GREEN:
        why = "nothing but SKIPPED: nothing was seen" if worst is Verdict.SKIPPED else "not green for another reason"
        return Outcome(Verdict.UNKNOWN, ordered, f"{why} (exit {printable(str(code), limit=20)})", finished=True)
    # A check that is absent by declaration is neutral where others were seen to hold.
    if worst is Verdict.SKIPPED:
        worst = Verdict.PASS if Verdict.PASS in ordered else Verdict.UNKNOWN
    return Outcome(worst, ordered, "", finished=True)


def began(run: RecordedRun) -> datetime:
    """Return when a run was planned, in UTC, as its ledger has it; as its folder's name has it where that says nothing.

    Raises:
        EvidenceInvalid: Neither tells, or the folder bears another run's name.
    """
    name = run.plan.get("run")
    if name is not None and name != run.path.name:
        msg = f"{run.path}: the ledger in it is that of run {printable(str(name), limit=100)}"
        raise EvidenceInvalid(msg)
    at = run.plan.get("planned_at")
    try:
        found = datetime.fromisoformat(at) if isinstance(at, str) else named(run.path.name)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        msg = f"{run.path}/ledger.jsonl: when the run was planned is not told"
        raise EvidenceInvalid(msg)
    return found.astimezone(UTC)


def named(run: str) -> datetime | None:
    """Return the time in UTC that a run's name starts with; None where it has none."""
    try:
        at = datetime.fromisoformat(run.partition("-")[0])
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo is not None else None
