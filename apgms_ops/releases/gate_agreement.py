"""Whether a run of the gate is to be believed: its ledger is whole, of what was asked for, and agrees with its exit.

Pure. An exit code is a number that anything in a process can set, and a line of output anybody can print. A ledger
that is closed and verifies says what was planned, and what became of each.
"""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from apgms_ops.evidence.run import RecordedRun
from apgms_ops.releases import gate_waivers
from apgms_ops.verdict import EXIT_CONFIGURATION, EXIT_GREEN, EXIT_NOTHING_SELECTED, EXIT_UNKNOWN, Verdict, exit_code

EXIT_INTERRUPTED: Final = 2
"""Pytest's own."""
_PYTESTS_OWN: Final = {
    EXIT_INTERRUPTED: "it was interrupted",
    3: "pytest failed by itself",
    EXIT_CONFIGURATION: "its options or the environment cannot be used",
    EXIT_NOTHING_SELECTED: "nothing was selected",
}
_KNOWN: Final = {verdict.value for verdict in Verdict}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the run was to be."""

    environment: str
    release: str
    folders: tuple[str, ...]
    """Each of them must have contributed a check."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a run comes to."""

    code: int
    """0 go, 1 roll back, 10 could not tell, 2 to 5 pytest's own."""
    findings: tuple[str, ...]
    """Why it is not what it seems; empty where ledger and exit agree."""


def judge(asked: Asked, code: int, run: RecordedRun | None, trouble: str = "") -> Judgement:
    """Return what a run comes to.

    Args:
        asked: What it was to be.
        code: How its process ended; negative where a signal ended it.
        run: What it recorded; None where there is no ledger that verifies.
        trouble: Why there is none.
    """
    ended = f"the run {_ended(code)}"
    if run is None:
        found = f"{ended}, and left no ledger: {trouble}" if trouble else f"{ended}, and left no ledger"
        return Judgement(code if code in _PYTESTS_OWN else EXIT_UNKNOWN, (found,))
    strange = tuple(_another(asked, run))
    if run.close is None:
        found = f"{ended} without having closed its ledger: what it saw is not the whole of it"
        return Judgement(code if code in _PYTESTS_OWN else EXIT_UNKNOWN, (found, *strange))
    if code in _PYTESTS_OWN:
        return Judgement(code, (f"{ended}: {_PYTESTS_OWN[code]}", *strange))
    strange += (*_incomplete(asked, run), *_disagreeing(code, run), *gate_waivers.faults(run))
    return Judgement(EXIT_UNKNOWN if strange else code, strange)


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit {code}"
    known = {member.value: member.name for member in signal.Signals}
    return f"was killed by {known.get(-code, f'signal {-code}')}"


def _another(asked: Asked, run: RecordedRun) -> Iterator[str]:
    """Yield how a run is another one than was asked for."""
    if run.environment != asked.environment:
        yield f"the ledger is of environment {run.environment}, not of {asked.environment}"
    if run.plan.get("release") != asked.release:
        yield f"the ledger is of release {run.plan.get('release')}, not of {asked.release}"
    if run.is_replay:
        yield f"the run read nothing: it is a replay of {run.plan.get('replay_of')}"


def _incomplete(asked: Asked, run: RecordedRun) -> Iterator[str]:
    """Yield what is missing from a closed ledger."""
    planned = [check["id"] for check in run.plan["checks"]]
    close = run.close or {}
    if close.get("planned") != len(planned):
        yield f"{len(planned)} checks were planned, and the ledger was closed over {close.get('planned')}"
    silent = sorted(set(planned) - set(run.verdicts))
    if silent:
        yield f"{len(silent)} planned checks have no verdict, the first of them {silent[0]}"
    unplanned = sorted(set(run.verdicts) - set(planned))
    if unplanned:
        yield f"{len(unplanned)} verdicts are on checks that were not planned, the first of them {unplanned[0]}"
    strange = sorted({body["verdict"] for body in run.verdicts.values()} - _KNOWN)
    if strange:
        yield f"the ledger holds a verdict that there is not: {strange[0]}"
    for folder in asked.folders:
        if not any(check.startswith(f"{folder.rstrip('/')}/") for check in planned):
            yield f"no check of {folder} was planned: is it empty, or was something deselected?"


def _disagreeing(code: int, run: RecordedRun) -> Iterator[str]:
    """Yield how the exit of the process, the closing entry and the verdicts contradict one another."""
    close = run.close or {}
    if close.get("exit") != code:
        yield f"the run ended with exit {code}, and its ledger was closed with {close.get('exit')}"
    expected = exit_code(Verdict(b["verdict"]) for b in run.verdicts.values() if b["verdict"] in _KNOWN)
    # What went wrong outside the planned checks (a collection error that was told to be ignored) takes green back.
    if code != expected and not (code == EXIT_UNKNOWN and expected == EXIT_GREEN):
        yield f"the run ended with exit {code}, and the verdicts in its ledger come to {expected}"
