"""What the front page shows, read run by run: of ten thousand runs a line each is kept, of the latest ones more.

Every run is verified before anything of it is read, for every one of them may colour a day or be the newest that looked
at a control.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from apgms_ops.environment.evidence import Evidence
from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.run import RecordedRun, read_run
from apgms_ops.evidence.survey import UNSEALED, Seal, State, Surveyed
from apgms_ops.redact import printable
from apgms_ops.reports.front.levels import PROBES, Level, levels_of
from apgms_ops.reports.front.verifying import UNPLACED, Believed, nobody, verify_all
from apgms_ops.reports.html.results import environment_of
from apgms_ops.reports.told import Told, began, named, outcome, told
from apgms_ops.verdict import Verdict, worst

DAILY: Final = "daily-checks"
"""The section of the runbook whose checks make a run one of those that are to happen at intervals."""
_UNTOLD: Final = datetime.min.replace(tzinfo=UTC)


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
    seal: Seal = UNSEALED
    finished: bool = True
    daily: bool = False
    """Whether it counts as one of those that are to happen."""
    replay: bool = False


@dataclass(frozen=True, slots=True)
class Detail:
    """More of one of the latest runs: control → the worst verdict of its checks, and how many checks there were.

    Of one that is INVALID there is nothing: whatever it looked at is not known.
    """

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
    """The latest finished ones that are no replays, and those of their time that are INVALID."""
    evidence: dict[str, tuple[Line, Verdict]] = field(default_factory=dict)
    """Control → the newest run that holds in which its checks came to a verdict, and to which."""
    chain: Surveyed = field(default_factory=Surveyed)
    """What verifying the seals and their chain came to."""
    every: timedelta | None = None
    """How often the daily checks are to run, by the environment of the latest run; None where it does not say."""
    fresh: timedelta | None = None
    """How old a control's newest evidence may be; None where it does not say."""

    @property
    def broken(self) -> list[Line]:
        """The runs that do not verify."""
        return [line for line in self.lines if line.verdict is None]

    def doubt(self, since: datetime) -> str:
        """Return why what the newest run since a moment saw is not known; empty where nothing speaks against it.

        A run that is INVALID may have looked at anything, whatever its plan says now; so may one that is gone.
        """
        for line in reversed(self.broken):
            if line.at is None or line.at >= since:
                return f"{line.run} is INVALID"
        lost = None if self.chain.lost is None else named(self.chain.lost)
        return (
            f"{printable(str(self.chain.lost), limit=100)} is missing or INVALID"
            if lost is not None and lost >= since
            else ""
        )

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


def read_front(
    runs: Path, latest: int, believed: Believed = nobody, tick: Callable[[str, int], None] = lambda *_: None
) -> Front:
    """Verify and read every run in a folder; one that does not verify is there as INVALID.

    Args:
        runs: The folder of runs; one that does not exist has none.
        latest: How many runs of each environment are read in detail.
        believed: Whom to believe of an environment, and where its chain is.
        tick: Hears what is done ("verified", "read") to how many, after each.
    """
    names = sorted(f.name for f in runs.iterdir() if f.is_dir()) if runs.is_dir() else []
    surveys = verify_all(runs, names, believed, lambda count: tick("verified", count))
    estates: dict[str, Estate] = {}
    for count, name in enumerate(names, 1):
        _take(runs / name, surveys, estates, latest)
        tick("read", count)
    for environment, survey in surveys.items():
        if survey.findings or environment in estates:
            estates.setdefault(environment, Estate(environment)).chain = survey
    for estate in estates.values():
        # Folders sort by the time in their names; what counts is the time in the ledger.
        estate.lines.sort(key=lambda line: (line.at or _UNTOLD, line.run))
        estate.details = deque(_with_levels(runs, sorted(estate.details, key=lambda d: d.line.at or _UNTOLD)))
        _settings(runs, estate)
    return Front(tuple(sorted(estates.values(), key=_order)), len(names), latest)


def _order(estate: Estate) -> tuple[bool, bool, str]:
    return estate.name == UNPLACED, estate.name != "production", estate.name


def _take(folder: Path, surveys: Mapping[str, Surveyed], estates: dict[str, Estate], latest: int) -> None:
    where, seal = next((e, s.seals[folder.name]) for e, s in surveys.items() if folder.name in s.seals)
    try:
        run = read_run(folder)
        checks = told(run)
        line = _line(run, checks, seal)
        require_seal_of(run, seal, where)
    except EvidenceInvalid as error:
        why = printable(str(error).replace(f"{folder}/", ""), limit=300)
        estate = estates.setdefault(where, Estate(where, details=deque(maxlen=latest)))
        line = Line(folder.name, named(folder.name), None, why, replace(seal, state=State.INVALID, why=why))
        estate.lines.append(line)
        if line.at is not None:
            estate.details.append(Detail(line, {}, blind=PROBES))
        return
    name = printable(run.environment, limit=100)
    estate = estates.setdefault(name, Estate(name, details=deque(maxlen=latest)))
    estate.lines.append(line)
    if not line.finished or line.replay or line.at is None:
        return
    controls = _controls(checks)
    estate.details.append(Detail(line, controls))
    for control, (verdict, _) in controls.items():
        before = None if control not in estate.evidence else estate.evidence[control][0].at
        if before is None or before <= line.at:
            estate.evidence[control] = (line, verdict)


def require_seal_of(run: RecordedRun, seal: Seal, environment: str) -> None:
    """See that a run which was read is the one whose seal was looked at, and that its seal holds or is none.

    Args:
        run: The run.
        seal: What verifying it came to.
        environment: Whose keys it was verified by.

    Raises:
        EvidenceInvalid: It is not, or it does not.
    """
    if seal.state is State.INVALID:
        raise EvidenceInvalid(seal.why)
    if seal.state is not State.UNSEALED and run.environment != environment:
        msg = f"a run of environment {printable(run.environment, limit=100)}, and verified as one of {environment}"
        raise EvidenceInvalid(msg)
    if seal.proof is not None and seal.proof.head != run.head:
        msg = "ledger.jsonl: changed while this page was drawn"
        raise EvidenceInvalid(msg)


def _line(run: RecordedRun, checks: tuple[Told, ...], seal: Seal) -> Line:
    came = outcome(run, checks)
    counts = " · ".join(f"{number} {verdict}" for verdict, number in came.counts.items())
    replayed = f"replay of {printable(str(run.plan['replay_of']), limit=100)}" if run.is_replay else ""
    return Line(
        run.path.name,
        began(run),
        came.verdict,
        "; ".join(part for part in (counts, came.why, replayed) if part),
        seal,
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
        if detail.line.verdict is None:
            yield detail
            continue
        try:
            run = read_run(runs / detail.line.run)
            require_seal_of(run, detail.line.seal, run.environment)
            levels, blind = levels_of(run)
        except EvidenceInvalid:  # altered since a moment ago
            levels, blind = (), PROBES
        yield replace(detail, levels=levels, blind=blind)


def _settings(runs: Path, estate: Estate) -> None:
    """Take how often and how fresh from the environment as the latest run recorded it."""
    for detail in reversed(estate.details):
        if detail.line.verdict is None:
            continue
        try:
            environment = environment_of(read_run(runs / detail.line.run))
        except EvidenceInvalid:
            continue
        if environment is not None and isinstance(environment.evidence, Evidence):
            every, fresh = environment.evidence.every, environment.evidence.fresh
            estate.every = None if every is None else every.value
            estate.fresh = None if fresh is None else fresh.value
        return
