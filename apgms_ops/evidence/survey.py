"""Everything that is wrong with the runs of an environment and their chain, where `verify_chain` stops at the first.

For whoever has to show all of them at once. It refuses what `verify_chain` refuses, run by run: nothing is let by here
that does not hold there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import chain, clock, dsse
from apgms_ops.evidence.chain import ChainEntry
from apgms_ops.evidence.files import shown
from apgms_ops.evidence.folder import NAMED, require_place
from apgms_ops.evidence.trust import Trust
from apgms_ops.evidence.verify import Proof, is_sealed, verify_run


class State(Enum):
    """What is known of a run's seal."""

    VERIFIED = "verified"
    UNVERIFIED = "not verified"
    """There is one, and nobody who could have made it is believed."""
    INVALID = "invalid"
    UNSEALED = "unsealed"


@dataclass(frozen=True, slots=True)
class Seal:
    """A run's seal, and what verifying it came to."""

    state: State
    why: str = ""
    """Why it was not verified; or the first bad entry."""
    proof: Proof | None = None
    """What holds, without the statement's summary; of a verified one alone."""
    unplaced: bool = False
    """Whether it says that it has a place in the chain, and the chain does not bear it out."""


UNSEALED: Final = Seal(State.UNSEALED)


@dataclass(frozen=True, slots=True)
class Belief:
    """Whom to believe of an environment, and where its chain is."""

    trust: Trust | None
    """None: nobody."""
    why: str
    """Why nobody is believed."""
    chain: Path | None
    """The chain's file, which need not be there; None where nobody knows of one."""


@dataclass(slots=True)
class Surveyed:
    """What was found."""

    seals: dict[str, Seal] = field(default_factory=dict)
    """By the run's name."""
    findings: list[str] = field(default_factory=list)
    """What is wrong with the chain, in its order; of many of one kind the first ones, and how many more there are."""
    chained: int | None = None
    """Lines of the chain that could be read; None where there is no chain."""
    placed: int = 0
    """Verified runs that stand in their places."""
    missing: int = 0
    """Runs of the chain that are not here."""
    strays: dict[str, Seal] = field(default_factory=dict)
    """Runs that are not this environment's by what they say, that its chain holds, and that do not verify."""
    lost: str | None = None
    """The last run of the chain that is missing or such a one: what it saw is not known."""
    unverified: str = ""
    """Why nobody is believed."""


def survey(
    runs: Path, environment: str, names: Sequence[str], belief: Belief, tell: Callable[[], None] = lambda: None
) -> Surveyed:
    """Verify runs and the chain of their environment; whatever is wrong is told, and ends nothing.

    Args:
        runs: The folder of runs.
        environment: Whose.
        names: The folders of its runs.
        belief: Whom to believe.
        tell: Hears of every run that was looked at.
    """
    return _Survey(runs, environment, belief).over(names, tell)


class _Survey:
    def __init__(self, runs: Path, environment: str, belief: Belief) -> None:
        self._runs = runs
        self._environment = environment
        self._belief = belief
        self._found = Surveyed(unverified=belief.why if belief.trust is None else "")
        self._before: Proof | None = None
        self._left: dict[str, Proof] = {}
        self._gone: list[tuple[str, int]] = []
        self._disorder = 0

    def over(self, names: Sequence[str], tell: Callable[[], None]) -> Surveyed:
        seals = self._found.seals
        for name in names:
            seals[name] = self._look(name)
            tell()
        # The chain is read after the runs: a line is written before its seal is, so that whatever was sealed has one.
        self._left = {n: s.proof for n, s in seals.items() if s.proof is not None and s.proof.seq is not None}
        self._walk()
        for name in self._left:
            seals[name] = replace(seals[name], unplaced=True)
        return self._found

    def _look(self, name: str) -> Seal:
        folder = self._runs / name
        try:
            if not is_sealed(folder):
                return UNSEALED
            if self._belief.trust is None:
                return Seal(State.UNVERIFIED, self._belief.why)
            proof = verify_run(folder, self._belief.trust)
        except EvidenceInvalid as error:
            return Seal(State.INVALID, str(error).removeprefix(f"{shown(name)}: "))
        except OSError as error:
            return Seal(State.INVALID, f"cannot be read: {error.strerror}")
        # Of ten thousand runs, each summary would be kept.
        return Seal(State.VERIFIED, proof=replace(proof, predicate={}, verdicts={}))

    def _walk(self) -> None:
        found, file = self._found, self._belief.chain
        if file is None:
            return
        broken = ""
        try:
            for entry in chain.read(file):
                if found.chained is None and entry.seq != 0:
                    begins = f"the chain begins with its run {entry.seq}, {shown(entry.run)}"
                    found.findings.append(f"{begins}: the runs before it were removed")
                found.chained = (found.chained or 0) + 1
                self._step(entry)
            found.chained = found.chained or 0
        except FileNotFoundError:
            if self._left:
                count = _runs(len(self._left), "says that it has a place in it", "say that they have a place in it")
                why = "a run that was removed does not show"
                found.findings.append(f"there is no chain ({file.parent.name}/{file.name}), and {count}: {why}")
            return
        except EvidenceInvalid as error:
            broken = str(error)
        except OSError as error:
            broken = f"{file.name}: cannot be read: {error.strerror}"
        self._end(broken)

    def _step(self, entry: ChainEntry) -> None:
        proof = self._proof(entry)
        if proof is None:
            return
        self._left.pop(entry.run, None)
        self._found.placed += 1
        before, self._before = self._before, proof
        if before is None:
            return
        times = [(p.sealed_at, None if p.stamp is None else p.stamp.at) for p in (before, proof)]
        try:
            clock.require_order(shown(proof.run), times[0], times[1])
        except EvidenceInvalid as error:
            self._disorder += 1
            if self._disorder <= NAMED:
                self._found.findings.append(str(error))

    def _proof(self, entry: ChainEntry) -> Proof | None:
        """Return what holds of the run of a line; None where it is not here, or does not hold."""
        name, seals = entry.run, self._found.seals
        if Path(name).name != name or name == ".." or not (self._runs / name).is_dir():
            self._found.missing += 1
            self._found.lost = name
            if len(self._gone) < NAMED:
                self._gone.append((shown(name), entry.seq + 1))
            return None
        seal = seals.get(name)
        if seal is None or seal.state is State.UNSEALED:
            # It may have been sealed since it was looked at.
            seal = self._look(name)
            if seal.state is State.UNSEALED:
                why = f"{dsse.NAME}: missing, and line {entry.seq + 1} of the chain holds its digest"
                seal = Seal(State.INVALID, why)
            self._note(name, seal)
        if seal.proof is None:
            return None
        try:
            require_place(entry, seal.proof, self._environment)
        except EvidenceInvalid as error:
            self._left.pop(name, None)
            self._found.findings.append(str(error))
            self._note(name, Seal(State.INVALID, str(error).removeprefix(f"{shown(name)}: ")))
            return None
        return seal.proof

    def _note(self, name: str, seal: Seal) -> None:
        if name in self._found.seals:
            self._found.seals[name] = seal
        elif seal.state is State.INVALID:
            # It says that it is of another environment, and this one's chain holds it.
            self._found.strays[name] = seal
            self._found.lost = name
            if len(self._found.strays) <= NAMED:
                self._found.findings.append(f"{shown(name)}: {seal.why}")

    def _end(self, broken: str) -> None:
        found, environment = self._found, self._environment
        if len(self._gone) == 1:
            name, line = self._gone[0]
            found.findings.append(f"{name}: missing; it is line {line} of the chain of {environment}")
        elif self._gone:
            named = ", ".join(f"{name} (line {line})" for name, line in self._gone)
            more = f", and {found.missing - NAMED:,} more" if found.missing > NAMED else ""
            found.findings.append(f"{found.missing:,} runs of the chain are missing: {named}{more}")
        if len(found.strays) > NAMED:
            found.findings.append(f"{len(found.strays) - NAMED:,} more runs of the chain do not verify")
        if self._disorder > NAMED:
            found.findings.append(f"{self._disorder - NAMED:,} more were sealed before the run that they follow")
        if broken:
            count = _runs(len(self._left), "stands behind it or not at all", "stand behind it or not at all")
            found.findings.append(f"{broken}; what follows is not believed" + (f": {count}" if self._left else ""))
            return
        for name, proof in list(self._left.items())[:NAMED]:
            says = f"its seal says that it is run {proof.seq} of the chain of {environment}, which does not hold it"
            found.findings.append(f"{shown(name)}: {says}")
        if len(self._left) > NAMED:
            found.findings.append(f"{len(self._left) - NAMED:,} more runs say that they have a place, and have none")


def _runs(count: int, one: str, many: str) -> str:
    return f"1 run {one}" if count == 1 else f"{count:,} runs {many}"
