"""Healthy → PASS, broken → the verdict named, healed → PASS: for every fault, on the whole sandbox.

The faults run one after another on one sandbox, grouped by the component that they touch.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.evidence.run import read_run
from apgms_ops.sandbox.breaking import Breaker
from apgms_ops.sandbox.composition import platform
from apgms_ops.sandbox.faults import FAULTS, Fault, by_id
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict, exit_code

ROOT = Path(__file__).parents[2]
LOOKS = 3
pytestmark = pytest.mark.sandbox


def look(sandbox: World) -> dict[str, tuple[Verdict, str]]:
    """Run every check on the sandbox, as a person would, and return the verdicts with what was seen."""
    environ = os.environ | {"APGMS_SANDBOX": str(sandbox.root)}
    command = [sys.executable, "-m", "pytest", "checks/", "--env", "sandbox", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=180, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("evidence ")), None)
    assert line is not None, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    run = read_run(ROOT / line.split()[1].rstrip(","))
    verdicts = {check: (Verdict(body["verdict"]), body["seen"]) for check, body in run.verdicts.items()}
    assert done.returncode == exit_code(verdict for verdict, _ in verdicts.values())
    return verdicts


def function_of(check: str) -> str:
    """Return a node id without its parameters."""
    return check.partition("[")[0]


def red(verdicts: dict[str, tuple[Verdict, str]]) -> dict[str, str]:
    """Return what is not PASS, with what was seen."""
    return {check: f"{verdict}: {seen}" for check, (verdict, seen) in verdicts.items() if verdict is not Verdict.PASS}


def settled(sandbox: World) -> dict[str, str]:
    """Look until all is PASS, three times at most: what heals may rebalance once more while it is being looked at."""
    for _ in range(LOOKS - 1):
        if not red(look(sandbox)):
            return {}
    return red(look(sandbox))


def _component(fault: type[Fault]) -> str:
    return fault.component


IN_ORDER = sorted(FAULTS, key=_component)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A healthy sandbox of this module's own."""
    root = tmp_path_factory.mktemp("faults") / "sandbox"
    lines: list[str] = []
    lease = platform(root, ROOT / "environments" / "sandbox.toml", lines.append).attach_or_start(Deadline(600))
    try:
        assert settled(lease.world) == {}, "the healthy sandbox is not green"
        yield lease.world
    finally:
        lease.release()


@pytest.mark.parametrize("fault", IN_ORDER, ids=[fault.id for fault in IN_ORDER])
def test_a_fault_gives_the_verdicts_it_names_and_heals(sandbox: World, fault: type[Fault]) -> None:
    """Broken, the named checks give the named verdicts and all others PASS; healed, all PASS again."""
    breaker = Breaker(sandbox, by_id())
    try:
        breaker.break_(fault.id, Deadline(120))
        broken = look(sandbox)
    finally:
        breaker.heal(fault.id, Deadline(120))
    wrong = {}
    for check, (verdict, seen) in broken.items():
        expected = fault.expected.get(check) or fault.expected.get(function_of(check))
        if expected is None and {check, function_of(check)} & fault.may_notice:
            continue
        if verdict is not (expected or Verdict.PASS):
            wrong[check] = f"{verdict}, not {expected or Verdict.PASS}: {seen}"
    named = {function_of(check) for check in fault.expected}
    assert named, "a fault names the checks that must notice it"
    assert named <= {function_of(check) for check in broken}, "a fault names a check that does not exist"
    assert wrong == {}
    assert settled(sandbox) == {}, f"not green once {fault.id} is healed"


def test_every_check_is_failed_by_some_fault(tmp_path: Path) -> None:
    """A check that no fault proves able to FAIL is worth nothing."""
    plan = tmp_path / "plan.json"
    command = [sys.executable, "-m", "pytest", "checks/", "--env", "sandbox", "--collect-only", "-q"]
    subprocess.run([*command, "--plan-json", str(plan)], cwd=ROOT, check=True, capture_output=True, timeout=60)
    checks = {function_of(check["id"]) for check in json.loads(plan.read_text())}
    proven = {
        function_of(check) for fault in FAULTS for check, verdict in fault.expected.items() if verdict is Verdict.FAIL
    }
    assert checks - proven == set()
    assert checks, "there are checks"
