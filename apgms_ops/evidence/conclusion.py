"""What one run says of each control: satisfied, or why not. Pure but for reading the run's folder.

A control is satisfied by a run only where everything speaks for it: the run came to its end, it planned a check of the
control, every such check PASSED on observations that are recorded, and the control is one that checks alone can meet.
All else is not satisfied, SKIPPED included: an environment that declares a target absent shows nothing by it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from apgms_ops.compliance.controls import Control, Controls
from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import daily, origin
from apgms_ops.evidence.adjudication import adjudicate
from apgms_ops.evidence.files import shown
from apgms_ops.evidence.ledger import VERDICT, Entry, verify
from apgms_ops.evidence.run import RecordedRun, read_observation, tell
from apgms_ops.evidence.verify import ENVIRONMENT, LEDGER
from apgms_ops.observation import Observation, digest, timestamp
from apgms_ops.redact import printable
from apgms_ops.verdict import Verdict, exit_code

NO_VERDICT: Final = "no verdict was recorded: the run was broken off, or goes on"
_NAMED: Final = 3
"""Checks that a reason names."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What a check judged, as it is recorded."""

    sha256: str
    observation: Observation


@dataclass(frozen=True, slots=True)
class Judged:
    """A planned check, and what became of it."""

    id: str
    promise: str
    section: str
    step: int
    controls: tuple[str, ...]
    verdict: Verdict
    """UNKNOWN where none was recorded."""
    seen: str
    at: datetime
    """When its verdict was recorded; the run's end where none was."""
    absent: str | None
    """Why the environment does not have what it looks at."""
    waiver: Mapping[str, Any] | None
    """Of a check that is WAIVED: under what."""
    observed: tuple[Observed, ...]
    unseen: tuple[str, ...]
    """Probes that it names and of which no facts are recorded."""

    @property
    def holds(self) -> bool:
        """Whether its promise was seen to hold, on facts that are recorded."""
        return self.verdict is Verdict.PASS and not self.unseen

    @property
    def collected(self) -> datetime:
        """When the last of what it judged was observed; where nothing was, when the verdict was recorded."""
        return max((each.observation.observed_at for each in self.observed), default=self.at)


@dataclass(frozen=True, slots=True)
class OneRun:
    """A run as its verified ledger tells it; its seal is not looked at."""

    recorded: RecordedRun
    began: datetime
    ended: datetime
    """When its last entry was made: the closing one, or whatever came last."""
    checks: tuple[Judged, ...]
    observations: Mapping[str, Observed]
    """Probe → what it saw."""
    files: Mapping[str, str]
    """Name → SHA-256 of the ledger and of the environment."""
    flaw: str
    """Why nothing in it satisfies a control, whatever its checks came to; empty for a run that came to its end."""

    @property
    def id(self) -> str:
        """Its name."""
        return self.recorded.path.name

    @property
    def origin(self) -> tuple[str, str]:
        """Who ran it, and on which commit of the checks; both are what the machine says of itself."""
        return origin.recorded(self.recorded.close)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a run says of a control."""

    control: Control
    checks: tuple[Judged, ...]
    """Those of its checks that the run planned."""
    satisfied: bool
    why_not: tuple[str, ...]
    """Sentences; empty where it is satisfied."""


def read(folder: Path) -> OneRun:
    """Read a run.

    Args:
        folder: The run's; its name is the run's.

    Raises:
        EvidenceInvalid: Its ledger, its environment or an observation is missing or altered, or they do not fit
            together; the text names the first bad entry. Its seal is not verified here.
    """
    try:
        return _read(folder)
    except OSError as error:
        msg = f"{Path(str(error.filename)).name}: cannot be read: {error.strerror}"
        raise EvidenceInvalid(msg) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = printable(f"{type(error).__name__}: {error}", limit=100)
        msg = f"{LEDGER}: its plan or an entry lacks what it must hold ({what})"
        raise EvidenceInvalid(msg) from error


def _read(folder: Path) -> OneRun:
    # Read once: what is told, and the digest that is given for it, are of the same bytes.
    data = (folder / LEDGER).read_bytes()
    entries = verify(data.splitlines(), LEDGER)
    recorded = tell(folder, entries)
    if recorded.plan["run"] != folder.name:
        msg = f"{LEDGER} line 1: the plan of another run, {shown(str(recorded.plan['run']))}"
        raise EvidenceInvalid(msg)
    environment = (folder / ENVIRONMENT).read_bytes()
    if digest(environment.rstrip(b"\n")) != recorded.plan["environment_sha256"]:
        msg = f"{ENVIRONMENT}: not the environment that the plan names"
        raise EvidenceInvalid(msg)
    observations = {
        probe: Observed(name, read_observation(folder / "observations", name, probe))
        for probe, name in recorded.observations.items()
    }
    if recorded.close is not None:
        adjudicate(entries)
    ended = entries[-1].at
    checks = tuple(_judged(entries, recorded, observations))
    began = daily.began(recorded)
    for at in (began, ended):
        timestamp(at)  # raises where it has no zone: nobody knows when that was
    files = {LEDGER: digest(data), ENVIRONMENT: digest(environment)}
    return OneRun(recorded, began, ended, checks, observations, files, _flaw(recorded, checks))


def _judged(entries: Sequence[Entry], recorded: RecordedRun, observations: Mapping[str, Observed]) -> Iterator[Judged]:
    planned = [str(check["id"]) for check in recorded.plan["checks"]]
    strangers = recorded.verdicts.keys() - set(planned)
    if strangers or len(set(planned)) != len(planned):
        what = f"a verdict on {shown(min(strangers))}, which was not planned" if strangers else "a check planned twice"
        msg = f"{LEDGER}: {what}"
        raise EvidenceInvalid(msg)
    when = {str(entry.body["check"]): entry.at for entry in entries if entry.type == VERDICT}
    for check in recorded.plan["checks"]:
        said = recorded.verdicts.get(check["id"], {"verdict": Verdict.UNKNOWN.value, "seen": NO_VERDICT})
        verdict = Verdict(said["verdict"])
        waiver = said.get("waiver") if verdict is Verdict.WAIVED else None
        if verdict is Verdict.WAIVED and not (isinstance(waiver, Mapping) and said.get("raw") == Verdict.FAIL):
            msg = f"{LEDGER}: {shown(str(check['id']))} is WAIVED without a waiver, or was not seen to fail"
            raise EvidenceInvalid(msg)
        section, step = check["runbook"]
        probes = tuple(str(probe) for probe in check["probes"])
        at = when.get(check["id"], entries[-1].at)
        timestamp(at)
        yield Judged(
            id=str(check["id"]),
            promise=str(check["promise"]),
            section=str(section),
            step=int(step),
            controls=tuple(str(control) for control in check["controls"]),
            verdict=verdict,
            seen=str(said.get("seen") or ""),
            at=at,
            absent=None if check.get("absent") is None else str(check["absent"]),
            waiver=waiver,
            observed=tuple(observations[probe] for probe in probes if probe in observations),
            unseen=tuple(p for p in probes if p not in observations or observations[p].observation.facts is None),
        )


def _flaw(recorded: RecordedRun, checks: Sequence[Judged]) -> str:
    """Return what went wrong with a run as a whole; its checks' verdicts do not tell."""
    if recorded.close is None:
        return "The run was never closed: it was broken off, or goes on."
    code = recorded.close["exit"]
    if code != exit_code(check.verdict for check in checks):
        return f"The run ended with exit {printable(str(code), limit=20)}, which its verdicts alone do not explain."
    if recorded.is_replay:
        return "The run is a replay: it judged what another run observed, perhaps with other limits."
    if recorded.close.get("not_planned"):
        return "Something was reported in the run that was not planned."
    return ""


def conclude(run: OneRun, controls: Controls) -> tuple[Conclusion, ...]:
    """Return what a run says of each control of which it planned a check, in the framework's order. Pure."""
    found = []
    for control in controls.controls:
        of_it = tuple(check for check in run.checks if control.name in check.controls)
        if of_it:
            found.append(concluded(run, control, of_it))
    return tuple(found)


def concluded(run: OneRun, control: Control, checks: tuple[Judged, ...]) -> Conclusion:
    """Return what a run says of a control. Pure.

    Args:
        run: The run.
        control: The control.
        checks: All checks of it that the run planned.
    """
    # Said twice on purpose: as what must hold, and below as what does not. A reason that somebody forgets to write
    # must not turn a control satisfied.
    satisfied = (
        not run.flaw
        and bool(checks)
        and all(check.holds for check in checks)
        and not control.supporting
        and not control.by_hand
    )
    return Conclusion(control, checks, satisfied, tuple(_why_not(run, control, checks)))


def _why_not(run: OneRun, control: Control, checks: Sequence[Judged]) -> Iterator[str]:
    if run.flaw:
        yield run.flaw
    if not checks:
        yield "No check of the run evidences it."
    for verdict, words in _WORDS.items():
        of_it = [check for check in checks if check.verdict is verdict]
        if of_it:
            yield f"{len(of_it)} of {len(checks)} checks {verdict}{words}: {_names(of_it)}."
    blind = [check for check in checks if check.verdict is Verdict.PASS and check.unseen]
    if blind:
        yield f"{len(blind)} of {len(checks)} checks PASS on facts that are not recorded: {_names(blind)}."
    if control.supporting:
        yield "What checks show supports this control, and does not meet it alone."
    if control.by_hand:
        yield "Its evidence must be supplied by hand: no check can give it."


_WORDS: Final = {
    Verdict.FAIL: "",
    Verdict.UNKNOWN: ", which is never taken for satisfied",
    Verdict.WAIVED: ": a FAIL that somebody answers for is still not satisfied",
    Verdict.SKIPPED: ", because the environment declares their target absent, so that they show nothing",
}


def _names(checks: Sequence[Judged]) -> str:
    more = f", and {len(checks) - _NAMED} more" if len(checks) > _NAMED else ""
    return ", ".join(check.id for check in checks[:_NAMED]) + more
