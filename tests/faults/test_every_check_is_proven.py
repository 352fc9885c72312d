"""Healthy → PASS, broken → the verdict named, healed → PASS: for every fault, on the whole sandbox.

Faults that do not touch each other are in force at once (tests/faults/rounds.py). Where their round does not come to
what they name, each of them is proven by itself.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from apgms_ops.sandbox import github, pagerduty
from apgms_ops.sandbox.faults import FAULTS, Fault
from apgms_ops.sandbox.faults.github_tools import PIPELINE
from apgms_ops.sandbox.faults.pagerduty_tools import ON_CALL
from apgms_ops.verdict import Verdict
from tests.faults.looking import ROOT, function_of
from tests.faults.proving import Proof, prove
from tests.faults.rounds import Round, rounds
from tests.faults.sandboxes import Sandboxes

ALONE = "APGMS_PROOFS_ALONE"
"""Set, every fault is proven by itself, which takes twice as long."""
EVERY = 8
"""Rounds between two looks at every check; in between, only what had noticed is looked at once it is healed."""
pytestmark = pytest.mark.sandbox


def _noticed_elsewhere(fault: type[Fault]) -> bool:
    """Whether other checks notice than those that ask GitHub alone, or PagerDuty alone.

    tests/sandbox/github_process and pagerduty_process prove the rest. Of PagerDuty's, those of the catalogue are proven
    here as well: with the estate, the plan and the report around the same probes and checks.
    """
    if fault.component == pagerduty.NAME:
        return bool(fault.references) or not set(fault.expected) <= set(ON_CALL)
    return fault.component != github.NAME or not set(fault.expected) <= set(PIPELINE)


ROUNDS = [(fault,) for fault in FAULTS] if os.environ.get(ALONE) else rounds(filter(_noticed_elsewhere, FAULTS))
IN_ORDER = [
    pytest.param(fault, id=fault.id, marks=pytest.mark.xdist_group(f"round {number}"))
    for number, round_ in enumerate(ROUNDS, 1)
    for fault in round_
]


class Proofs:
    """The rounds of the faults that were selected, each carried out when the first of its faults is asked for."""

    def __init__(self, sandboxes: Sandboxes, selected: frozenset[str], say: Callable[[str], None]) -> None:
        """Take healthy sandboxes, the ids of the faults whose proof is wanted, and what takes a line of progress."""
        self._sandboxes = sandboxes
        self._say = say
        chosen = (tuple(fault for fault in round_ if fault.id in selected) for round_ in ROUNDS)
        self._rounds = [round_ for round_ in chosen if round_]
        self._done: dict[Round, Proof] = {}

    def of(self, fault: type[Fault]) -> Proof:
        """Return the proof of a fault: of its round, or where that is not as it should be, of the fault by itself."""
        place, round_ = next((place, one) for place, one in enumerate(self._rounds, 1) if fault in one)
        if round_ not in self._done:
            thorough = place % EVERY == 0 or place == len(self._rounds)
            self._done[round_] = self._prove(f"round {place} of {len(self._rounds)}", round_, thorough=thorough)
        if len(round_) > 1 and not self._done[round_].holds:
            return self._prove("by itself", (fault,), thorough=True)
        return self._done[round_]

    def _prove(self, which: str, faults: Round, *, thorough: bool) -> Proof:
        proof = prove(self._sandboxes.world, faults, thorough=thorough)
        took = " + ".join(f"{seconds:.1f}" for seconds in proof.took)
        slowest = ", ".join(f"{name} {seconds:.1f}" for name, seconds in proof.slowest)
        self._say(f"{which}, {', '.join(fault.id for fault in faults)}: {took} s (slowest: {slowest})")
        for text in (*proof.wrong.items(), *proof.left.items()):
            self._say(f"  not as named: {text}")
        if not proof.holds:
            self._say(f"  on a sandbox started anew from here on: {proof.spoilt or 'this one may be spoilt'}")
            self._sandboxes.renew()
        return proof


@pytest.fixture(scope="module")
def proofs(request: pytest.FixtureRequest, sandboxes: Sandboxes) -> Proofs:
    """The proofs of the faults that this run has selected. It takes minutes: every round is told."""
    names = {item.name for item in request.session.items}
    chosen = (fault.id for fault in FAULTS if any(name.endswith(f"[{fault.id}]") for name in names))
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            # Of a worker of several, only what it writes here is seen.
            print(f"\n{line}", end="", file=sys.stderr, flush=True)  # noqa: T201 — progress

    return Proofs(sandboxes, frozenset(chosen), say)


@pytest.mark.parametrize("fault", IN_ORDER)
def test_a_fault_gives_the_verdicts_it_names_and_heals(proofs: Proofs, fault: type[Fault]) -> None:
    """Broken, the named checks give the named verdicts and all others PASS; healed, those that had noticed PASS again.

    Now and then, and in the end, every check must PASS.
    """
    named = {function_of(check) for check in fault.expected}
    assert named, "a fault names the checks that must notice it"
    proof = proofs.of(fault)
    assert proof.spoilt is None
    assert named <= proof.seen, "a fault names a check that does not exist"
    assert proof.wrong == {}
    assert proof.left == {}, "not green once all is healed"


def test_every_check_is_failed_by_some_fault(tmp_path: Path) -> None:
    """A check that no fault proves able to FAIL is worth nothing."""
    plan = tmp_path / "plan.json"
    command = [sys.executable, "-m", "pytest", "checks/", "smoke/", "--env", "sandbox", "--collect-only", "-q"]
    subprocess.run([*command, "--plan-json", str(plan)], cwd=ROOT, check=True, capture_output=True, timeout=60)
    checks = {function_of(check["id"]) for check in json.loads(plan.read_text())}
    proven = {
        function_of(check) for fault in FAULTS for check, verdict in fault.expected.items() if verdict is Verdict.FAIL
    }
    assert checks - proven == set()
    assert checks, "there are checks"
