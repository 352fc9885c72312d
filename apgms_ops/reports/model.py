"""What a report is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apgms_ops.verdict import Verdict


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What became of one planned check."""

    id: str
    promise: str
    verdict: Verdict
    seen: str
    """What was seen, with its limit, or why nothing was; empty for PASS."""
    section: str
    step: int
    step_title: str
    took: float
    """Seconds, without the time of its probes."""
    waiver: Mapping[str, Any] | None = None
    """Of one that is WAIVED: under what, as the plan records it. What was seen is a FAIL."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """How one probe fared."""

    name: str
    took: float
    """Seconds."""
    failure: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """A check whose verdict is not what it was in the run before."""

    id: str
    before: Verdict | None
    """None: it was not planned."""
    now: Verdict | None
    """None: it is not planned any more."""


@dataclass(frozen=True, slots=True)
class Previous:
    """The run before this one, of the same environment."""

    run: str
    verdicts: Mapping[str, Verdict]


@dataclass(frozen=True, slots=True)
class SealResult:
    """What makes evidence of a run, or why nothing does."""

    unsealed: str = ""
    """Why there is no seal; empty where there is one."""
    failed: bool = False
    """Whether there should be one, so that the run is not green without."""
    key: str = ""
    head: str = ""
    """SHA-256 of the seal."""
    place: str = ""
    """In the chain of its environment."""
    unchained: str = ""
    """Why it has no place."""
    dated: str = ""
    """When an authority dated it."""
    undated: str = ""
    """Why the authority that was asked did not."""
    ran_by: str = ""
    """Who ran the run, and whether that is proven; empty where the environment does not ask."""
    doubted: bool = False
    """Whether the run is not green for that."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """A finished run."""

    run: str
    environment: str
    checks: tuple[CheckResult, ...]
    probes: tuple[ProbeResult, ...]
    previous: Previous | None
    replay_of: str | None
    exit_code: int
    head: str
    """Hash of the ledger's last entry."""
    folder: str
    waivers: tuple[str, ...] = ()
    """What is to be done about waivers."""
    seal: SealResult | None = None
    """None where it is not known (yet)."""

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many checks came to each verdict, the worst first, without those that none came to."""
        order = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WAIVED, Verdict.SKIPPED, Verdict.PASS)
        counted = {verdict: sum(check.verdict is verdict for check in self.checks) for verdict in order}
        return {verdict: number for verdict, number in counted.items() if number}

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is not as it was in the run before; of checks that are in both plans, or were red and are gone."""
        if self.previous is None:
            return ()
        before = self.previous.verdicts
        now = {check.id: check.verdict for check in self.checks}
        changed = [Change(i, before.get(i), v) for i, v in now.items() if i in before and before[i] is not v]
        return tuple(changed)
