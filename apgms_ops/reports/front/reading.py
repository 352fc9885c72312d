"""What the front page shows, read run by run: of ten thousand runs a line each is kept, of the latest ones more."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from apgms_ops.environment.evidence import Evidence
from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.run import RecordedRun, read_run
from apgms_ops.redact import printable
from apgms_ops.reports.front.levels import Level, levels_of
from apgms_ops.reports.html.results import environment_of
from apgms_ops.reports.sealing import sealing
from apgms_ops.reports.told import Told, began, named, outcome, told
from apgms_ops.verdict import Verdict, worst

DAILY: Final = "daily-checks"
"""The section of the runbook whose checks make a run one of those that are to happen at intervals."""
_NAME: Final = re.compile(r"^\d{8}T[\d.]+Z-(?P<environment>[a-z][a-z0-9-]*)-[0-9a-f]{6}$")
_UNTOLD: Final = datetime.min.replace(tzinfo=UTC)
UNPLACED: Final = "not told"
"""The environment of a folder that tells none."""


@dataclass(frozen=True, slots=True)
class Line:
    """One run in one line."""

    run: str
    at: datetime | None
    """UTC, by its ledger; of an INVALID one by its folder's name, None where that tells no time either."""
    verdict: Verdict | None
    """None: it does not verify."""
    words: str
    """Its counts; why it is no better than its verdict; or why it does not verify."""
    sealed: bool = False
    finished: bool = True
    daily: bool = False
    """Whether it counts as one of those that are to happen."""
    replay: bool = False


@dataclass(frozen=True, slots=True)
class Detail:
    """More of one of the latest runs: control → the worst verdict of its checks, and how many checks there were."""

    line: Line
    controls: Mapping[str, tuple[Verdict, int]]
    levels: tuple[Level, ...] = ()
    blind: frozenset[str] = frozenset()
    """Probes that were made, and of which there is no figure."""


@dataclass(slots=True)
class Estate:
    """The runs of one environment, the oldest first."""

    name: str
    lines: list[Line] = field(default_factory=list)
    details: deque[Detail] = field(default_factory=deque)
    """The latest finished ones that are no replays."""
    evidence: dict[str, tuple[datetime, Verdict]] = field(default_factory=dict)
    """Control → when its checks last came to a verdict, and to which."""
    every: timedelta | None = None
    """How often the daily checks are to run, by the environment of the latest run; None where it does not say."""
    fresh: timedelta | None = None
    """How old a control's newest evidence may be; None where it does not say."""

    @property
    def broken(self) -> list[Line]:
        """The runs that do not verify."""
        return [line for line in self.lines if line.verdict is None]

    @property
    def newest(self) -> Line | None:
        """The latest run that counts: one that goes on, or a replay, says nothing yet or nothing new."""
        return next((line for line in reversed(self.lines) if line.finished and not line.replay), None)


@dataclass(frozen=True, slots=True)
class Front:
    """Everything that the front page shows."""

    estates: tuple[Estate, ...]
    runs: int
    latest: int
    """How many runs of each environment are shown in detail."""


def read_front(runs: Path, latest: int, tick: Callable[[int], None] = lambda _: None) -> Front:
    """Read every run in a folder; one that does not verify is there as INVALID.

    Args:
        runs: The folder of runs; one that does not exist has none.
        latest: How many runs of each environment are read in detail.
        tick: Hears how many have been read, after each.
    """
    estates: dict[str, Estate] = {}
    count = 0
    for folder in _folders(runs):
        count += 1
        _take(folder, estates, latest)
        tick(count)
    for estate in estates.values():
        # Folders sort by the time in their names; what counts is the time in the ledger.
        estate.lines.sort(key=lambda line: (line.at or _UNTOLD, line.run))
        estate.details = deque(_with_levels(runs, sorted(estate.details, key=lambda d: d.line.at or _UNTOLD)))
        _settings(runs, estate)
    return Front(tuple(sorted(estates.values(), key=_order)), count, latest)


def _folders(runs: Path) -> Iterator[Path]:
    if runs.is_dir():
        yield from (runs / name for name in sorted(f.name for f in runs.iterdir() if f.is_dir()))


def _order(estate: Estate) -> tuple[bool, bool, str]:
    return estate.name == UNPLACED, estate.name != "production", estate.name


def _take(folder: Path, estates: dict[str, Estate], latest: int) -> None:
    try:
        run = read_run(folder)
        checks = told(run)
        line = _line(run, checks)
    except EvidenceInvalid as error:
        found = _NAME.match(folder.name)
        name = UNPLACED if found is None else found["environment"]
        why = printable(str(error).replace(f"{folder}/", ""), limit=300)
        line = Line(folder.name, named(folder.name), None, why, (folder / "attestation.json").is_file())
        estates.setdefault(name, Estate(name)).lines.append(line)
        return
    name = printable(run.environment, limit=100)
    estate = estates.setdefault(name, Estate(name, details=deque(maxlen=latest)))
    estate.lines.append(line)
    if not line.finished or line.replay or line.at is None:
        return
    controls = _controls(checks)
    estate.details.append(Detail(line, controls))
    for control, (verdict, _) in controls.items():
        if control not in estate.evidence or estate.evidence[control][0] <= line.at:
            estate.evidence[control] = (line.at, verdict)


def _line(run: RecordedRun, checks: tuple[Told, ...]) -> Line:
    came = outcome(run, checks)
    counts = " · ".join(f"{number} {verdict}" for verdict, number in came.counts.items())
    replayed = f"replay of {printable(str(run.plan['replay_of']), limit=100)}" if run.is_replay else ""
    return Line(
        run.path.name,
        began(run),
        came.verdict,
        "; ".join(part for part in (counts, came.why, replayed) if part),
        sealing(run.path).sealed,
        came.finished,
        came.finished and not run.is_replay and any(check.section == DAILY for check in checks),
        run.is_replay,
    )


def _controls(checks: tuple[Told, ...]) -> dict[str, tuple[Verdict, int]]:
    found: dict[str, list[Verdict]] = {}
    for check in checks:
        for control in check.controls:
            found.setdefault(control, []).append(check.verdict)
    return {control: (worst(verdicts), len(verdicts)) for control, verdicts in found.items()}


def _with_levels(runs: Path, details: Iterable[Detail]) -> Iterator[Detail]:
    for detail in details:
        try:
            levels, blind = levels_of(read_run(runs / detail.line.run))
        except EvidenceInvalid:  # altered since a moment ago
            levels, blind = (), frozenset()
        yield replace(detail, levels=levels, blind=blind)


def _settings(runs: Path, estate: Estate) -> None:
    """Take how often and how fresh from the environment as the latest run recorded it."""
    for detail in reversed(estate.details):
        try:
            environment = environment_of(read_run(runs / detail.line.run))
        except EvidenceInvalid:
            continue
        if environment is not None and isinstance(environment.evidence, Evidence):
            every, fresh = environment.evidence.every, environment.evidence.fresh
            estate.every = None if every is None else every.value
            estate.fresh = None if fresh is None else fresh.value
        return
