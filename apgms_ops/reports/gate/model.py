"""What is told of a gate."""

from dataclasses import dataclass
from typing import Final

from apgms_ops.reports.model import CheckResult
from apgms_ops.verdict import EXIT_FAIL, EXIT_GREEN, EXIT_UNKNOWN, Verdict

_DECISIONS: Final = {EXIT_GREEN: "GO", EXIT_FAIL: "ROLL BACK", EXIT_UNKNOWN: "COULD NOT TELL"}
_ORDER: Final = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WAIVED, Verdict.SKIPPED, Verdict.PASS)


def decision(code: int) -> str:
    """Return what an exit code of the gate says, in words."""
    return _DECISIONS.get(code, f"NO DECISION (exit {code})")


def decision_on(code: int, waived: int) -> str:
    """Return what a gate says in words, and how many checks were red and waived: a GO over some is not a plain one.

    Args:
        code: Its exit code.
        waived: How many checks of the round that decided are WAIVED.
    """
    return f"{decision(code)}, over {waived} WAIVED" if waived and code == EXIT_GREEN else decision(code)


@dataclass(frozen=True, slots=True)
class Round:
    """One run of all the checks."""

    number: int
    """From 1."""
    began: str
    """When, for people: `2026-11-26 08:05:02 UTC`."""
    took: float
    """Seconds."""
    code: int
    """What it comes to: the exit code of the gate, if this is the last round."""
    findings: tuple[str, ...]
    """Why the run itself is not to be believed, or did not come about; empty where it is whole."""
    checks: tuple[CheckResult, ...]
    """Every planned check, in the order of the plan."""
    run: str | None
    """Its id; None where it left no ledger that verifies."""
    folder: str
    """Where it is kept; empty where nothing is."""
    head: str
    """Hash of the ledger's last entry; empty where there is none."""

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many checks came to each verdict, the worst first, without those that none came to."""
        counted = {verdict: sum(check.verdict is verdict for check in self.checks) for verdict in _ORDER}
        return {verdict: number for verdict, number in counted.items() if number}

    @property
    def not_green(self) -> tuple[CheckResult, ...]:
        """The checks that did not PASS, the worst first."""
        return tuple(
            check
            for verdict in _ORDER
            for check in self.checks
            if check.verdict is verdict and verdict is not Verdict.PASS
        )

    @property
    def waived(self) -> tuple[CheckResult, ...]:
        """The checks that were red, and are let by."""
        return tuple(check for check in self.checks if check.verdict is Verdict.WAIVED)

    @property
    def decision(self) -> str:
        """What it comes to, in words."""
        return decision_on(self.code, len(self.waived))

    @property
    def tally(self) -> str:
        """The counts, in words."""
        return " · ".join(f"{number} {verdict}" for verdict, number in self.counts.items()) or "no checks"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do now."""

    title: str
    sentences: tuple[str, ...]
    commands: tuple[str, ...]
    """Lines for a shell; those that begin with # are remarks."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """What became of a gate."""

    environment: str
    release: str
    code: int
    rounds: tuple[Round, ...]
    """In order; the last one decides. Empty where it was interrupted before the first."""
    soak: str | None
    """For how long it was to go on, for people; None for a single run."""
    advice: Advice | None
    """None where there is nothing to do."""
    interrupted: bool = False

    @property
    def waived(self) -> tuple[CheckResult, ...]:
        """The checks of the round that decided that were red, and are let by."""
        return self.rounds[-1].waived if self.rounds else ()

    @property
    def decision(self) -> str:
        """What it says, in words."""
        return decision_on(self.code, len(self.waived))
