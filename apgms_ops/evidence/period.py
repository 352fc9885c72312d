"""What an auditor asks of a period: runs expected and performed, what was red and for how long, waivers that were used.

Runs are taken one at a time, the oldest first, and none is held on to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.daily import SKEW, began, counts
from apgms_ops.evidence.dsse import NAME as SEAL
from apgms_ops.evidence.identity.claims import PROVEN
from apgms_ops.evidence.run import RecordedRun, read_run
from apgms_ops.verdict import Verdict

NOT_RECORDED: Final = "not recorded"


@dataclass(frozen=True, slots=True)
class Red:
    """A check that was not PASS for a while."""

    check: str
    controls: tuple[str, ...]
    verdict: Verdict
    """The worst that it came to meanwhile."""
    since: datetime
    run: str
    """The first run in which it was red."""
    until: datetime | None = None
    """When a run saw it PASS again; None: still red."""
    green_run: str = ""
    green_by: str = NOT_RECORDED
    """Who ran that. Who mended it, no run records."""
    green_at_commit: str = NOT_RECORDED
    """Of the checks."""
    waived: tuple[Mapping[str, Any], ...] = ()
    """Waivers that were used meanwhile."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Runs of the daily checks that were due, and did not happen."""

    since: datetime
    until: datetime
    count: int


@dataclass(slots=True)
class Period:
    """What happened in an environment from one moment to another."""

    environment: str
    start: datetime
    end: datetime
    every: timedelta | None
    """How often the daily checks are to be run; None where nobody says."""
    due_until: datetime
    """The end, or the present where that is earlier: what is due later is not expected yet."""
    performed: int = 0
    """Runs that came to verdicts."""
    daily: int = 0
    """Of them, runs of the daily checks."""
    judged: dict[str, int] = field(default_factory=dict)
    """Control → runs in which a check of it was seen to hold or not to hold."""
    reds: list[Red] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    """Runs that do not verify, each with why."""
    unsealed: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)

    @property
    def expected(self) -> int | None:
        """Runs of the daily checks that were to happen by now; None where nobody says how often."""
        return None if self.every is None else max(timedelta(), self.due_until - self.start) // self.every

    @property
    def exceptions(self) -> int:
        """Everything that an auditor asks about."""
        once = len(self.reds) + len(self.invalid) + len(self.unsealed) + len(self.unfinished)
        return once + sum(missed.count for missed in self.missed)


_ORDER: Final = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WAIVED)
_SEEN: Final = (Verdict.PASS, Verdict.FAIL, Verdict.WAIVED)
"""What judges a control: a check that was skipped, or could not look, evidences nothing."""


@dataclass(slots=True)
class _Schedule:
    """Which runs were due. Lateness adds up: runs that are late by a little each time are fewer than were due."""

    every: timedelta | None
    last: datetime
    """When the newest run that counts was made, or when the period began."""
    late: timedelta = timedelta()

    def missed(self, then: datetime) -> list[Missed]:
        """Take a run, or the end; return what was due before it. Late by less than half an interval is late alone."""
        since, self.last = self.last, then
        if self.every is None:
            return []
        self.late = max(timedelta(), self.late + then - since - self.every)
        count = int(self.late / self.every + 0.5)
        self.late -= count * self.every
        return [Missed(since + self.every, then, count)] if count else []


def tell(  # noqa: PLR0913 — what a period is
    runs: Path,
    environment: str,
    start: datetime,
    end: datetime,
    *,
    every: timedelta | None,
    steps: frozenset[int],
    now: datetime,
) -> Period:
    """Return what happened.

    Args:
        runs: The folder of runs.
        environment: Whose.
        start: First moment of the period.
        end: First moment after it.
        every: How often the daily checks are to be run.
        steps: The steps of the daily checks that have checks.
        now: The present: what is due later is not missed.
    """
    period = Period(environment, start, end, every, min(end, now))
    open_: dict[str, Red] = {}
    schedule = _Schedule(every, start)
    for folder in _folders(runs, environment):
        try:
            run = read_run(folder)
            at = _moment(run, now)
        except (EvidenceInvalid, KeyError, ValueError) as error:
            period.invalid.append(f"{folder.name}: {error}")
            continue
        if run.environment != environment or run.is_replay:
            continue
        if at >= end:
            # What was still red at the end may have been mended since: that is told, and nothing else of later runs.
            period.reds += _greened(run, at, open_)
            continue
        inside = at >= start
        if run.close is None:
            if inside:
                period.unfinished.append(folder.name)
            continue
        if counts(run, steps):
            if inside:
                period.missed += schedule.missed(at)
            period.daily += inside
        period.performed += inside
        if inside and not (folder / SEAL).is_file():
            period.unsealed.append(folder.name)
        period.reds += [red for red in _judge(run, at, open_, period.judged if inside else {}) if at >= start]
    period.missed += schedule.missed(max(schedule.last, period.due_until))
    period.reds += open_.values()
    period.reds.sort(key=lambda red: (red.since, red.check))
    return period


def _folders(runs: Path, environment: str) -> Iterator[Path]:
    if runs.is_dir():
        yield from sorted(folder for folder in runs.glob(f"*-{environment}-*") if folder.is_dir())


def _moment(run: RecordedRun, now: datetime) -> datetime:
    """Return when a run was planned.

    Raises:
        ValueError: That is still to come, so that nobody knows when it was.
    """
    at = began(run)
    if at > now + SKEW:
        msg = f"it says that it was made in the future, at {at.isoformat()}"
        raise ValueError(msg)
    return at


def _judge(run: RecordedRun, at: datetime, open_: dict[str, Red], judged: dict[str, int]) -> list[Red]:
    """Take the verdicts of a run; return what was red and is green again."""
    over: list[Red] = []
    controls: set[str] = set()
    for check in run.plan["checks"]:
        body = run.verdicts.get(check["id"])
        if body is None:
            continue
        verdict = Verdict(body["verdict"])
        controls |= set(check["controls"]) if verdict in _SEEN else set()
        red = open_.get(check["id"])
        if verdict is Verdict.PASS:
            if red is not None:
                over.append(_green(open_.pop(check["id"]), run, at))
        elif verdict in _ORDER:
            before = red or Red(check["id"], tuple(check["controls"]), verdict, at, run.path.name)
            waiver = body.get("waiver")
            used = before.waived if waiver is None or waiver in before.waived else (*before.waived, waiver)
            open_[check["id"]] = replace(before, verdict=min(before.verdict, verdict, key=_ORDER.index), waived=used)
    for control in controls:
        judged[control] = judged.get(control, 0) + 1
    return over


def _greened(run: RecordedRun, at: datetime, open_: dict[str, Red]) -> list[Red]:
    """Return what a run saw PASS of what is still open."""
    if run.close is None:
        return []
    passed = [check for check in open_ if run.verdicts.get(check, {}).get("verdict") == Verdict.PASS]
    return [_green(open_.pop(check), run, at) for check in passed]


def _green(red: Red, run: RecordedRun, at: datetime) -> Red:
    by, commit = _origin(run)
    return replace(red, until=at, green_run=run.path.name, green_by=by, green_at_commit=commit)


def _origin(run: RecordedRun) -> tuple[str, str]:
    """Return who ran a run, and on which commit of the checks."""
    close = run.close or {}
    by, checks = close.get("by"), close.get("checks_at")
    job, identity = (by.get("job"), by.get("identity")) if isinstance(by, Mapping) else (None, None)
    claims = identity.get("claims") if isinstance(identity, Mapping) and identity.get("state") == PROVEN else None
    actor = claims.get("actor") if isinstance(claims, Mapping) else None
    actor = actor or (job.get("GITHUB_ACTOR") if isinstance(job, Mapping) else None)
    who = actor or (by.get("user") if isinstance(by, Mapping) else None)
    commit = checks.get("commit") if isinstance(checks, Mapping) else None
    return str(who or NOT_RECORDED), str(commit or NOT_RECORDED)


def of_control(reds: Sequence[Red], control: str) -> tuple[Red, ...]:
    """Return what was red of a control's checks."""
    return tuple(red for red in reds if control in red.controls)
