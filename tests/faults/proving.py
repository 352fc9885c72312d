"""Breaks, looks, heals, looks again: a round of faults at once, or a single one."""

import itertools
import operator
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import prometheus
from apgms_ops.sandbox.breaking import Breaker
from apgms_ops.sandbox.faults import Fault, by_id
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict
from tests.faults.looking import Verdicts, function_of, look, red, settled
from tests.faults.rounds import reach

PATIENCE = 120.0
"""Seconds for breaking, and for healing."""
HUNG = 20.0
"""Seconds that a probe waits for what hangs; by its own deadline it would for up to a minute and a half."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of a round of faults."""

    seen: frozenset[str]
    """The functions of the checks that were run."""
    wrong: dict[str, str]
    """Checks that came to another verdict than the faults name, with what they came to."""
    left: dict[str, str]
    """What is not green once everything is healed."""
    took: tuple[float, ...] = ()
    """Seconds: to break, to look, to heal, to look again."""
    slowest: tuple[tuple[str, float], ...] = ()
    """The fault that took longest to break, and the one that took longest to heal, with seconds."""
    spoilt: str | None = None
    """Why the sandbox is of no more use: a fault could not be broken, or not be healed."""

    @property
    def holds(self) -> bool:
        """Whether every verdict is the one named, and all is green again."""
        return not self.wrong and not self.left and self.spoilt is None


def prove(sandbox: World, faults: Sequence[type[Fault]], *, thorough: bool) -> Proof:
    """Break the sandbox in these ways at once, look, heal, and look again.

    Args:
        sandbox: A healthy one.
        faults: Which, none of which touches what another needs.
        thorough: Whether every check is to be green in the end, or those that had noticed.
    """
    try:
        return _proof(sandbox, faults, thorough=thorough)
    except SandboxError as error:
        return Proof(frozenset(), {}, {}, spoilt=str(error))


def _proof(sandbox: World, faults: Sequence[type[Fault]], *, thorough: bool) -> Proof:
    """Carry it out.

    What could not be observed in time, on a machine that is busy, is looked at once more. A PASS or a FAIL in the wrong
    place stays one.

    Raises:
        SandboxError: A fault could not be broken, or not be healed.
    """

    def seen_now() -> Verdicts:
        return look(sandbox, *reach(faults), release=release, seconds=seconds)

    release = faults[0].asked_for or (sandbox.get("release.tag") if any(fault.told for fault in faults) else None)
    seconds = HUNG if any(fault.id.endswith("-hung") for fault in faults) else None
    times = [time.monotonic()]
    try:
        breaking = _each(sandbox, faults, lambda breaker, fault: breaker.break_(fault, Deadline(PATIENCE)))
        times.append(time.monotonic())
        broken = seen_now()
        wrong = _wrong(faults, broken)
        stays = {check: what for check, what in wrong.items() if what[0] is not Verdict.UNKNOWN}
        if stays != wrong:
            wrong = {**_wrong(faults, seen_now()), **stays}
        times.append(time.monotonic())
    finally:
        # Prometheus first: what heals the others may give it another past, and then waits for what it scrapes.
        healing: dict[str, float] = {}
        for which in (True, False):
            some = [fault for fault in faults if (fault.component == prometheus.NAME) is which]
            healing |= _each(sandbox, some, lambda breaker, fault: breaker.heal(fault, Deadline(PATIENCE)))
    times.append(time.monotonic())
    again = () if thorough else (*red(broken),)
    seen = frozenset(function_of(check) for check in broken)
    left = settled(sandbox, *again)
    times.append(time.monotonic())
    took = tuple(after - before for before, after in itertools.pairwise(times))
    slowest = tuple(max(some.items(), key=operator.itemgetter(1)) for some in (breaking, healing))
    return Proof(seen, {check: text for check, (_, text) in wrong.items()}, left, took, slowest)


def _each(sandbox: World, faults: Sequence[type[Fault]], work: Callable[[Breaker, str], object]) -> dict[str, float]:
    """Do it to every fault at once, and return its seconds: most go by in waiting for what follows."""

    def timed(fault: str) -> float:
        began = time.monotonic()
        work(Breaker(World(sandbox.root), by_id()), fault)
        return time.monotonic() - began

    with ThreadPoolExecutor(max(1, len(faults))) as pool:
        started = {fault.id: pool.submit(timed, fault.id) for fault in faults}
    return {name: one.result() for name, one in started.items()}


def _wrong(faults: Sequence[type[Fault]], broken: Verdicts) -> Verdicts:
    """Return the checks that came to another verdict than a fault names, with what they came to, and say what."""
    wrong = {}
    for check, (verdict, seen) in broken.items():
        ids = {check, function_of(check)}
        expected = next((fault.expected[name] for fault in faults for name in ids & set(fault.expected)), None)
        if expected is None and any(ids & fault.may_notice for fault in faults):
            continue
        if verdict is not (expected or Verdict.PASS):
            wrong[check] = (verdict, f"{verdict}, not {expected or Verdict.PASS}: {seen}")
    return wrong
