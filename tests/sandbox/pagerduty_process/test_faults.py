"""Healthy → PASS, broken → the verdict named, healed → PASS: PagerDuty's faults, on PagerDuty alone.

That nothing else in the sandbox notices is proven by tests/faults.
"""

import importlib.util
import inspect
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load, read_secrets, secrets_of
from apgms_ops.errors import Unobserved
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.on_call import on_call
from apgms_ops.probes.paged_services import paged_services
from apgms_ops.redact import Redactor
from apgms_ops.sandbox.breaking import Breaker
from apgms_ops.sandbox.faults import by_id, pagerduty_rota, pagerduty_server, pagerduty_services
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.pagerduty_tools import CHECKS, ON_CALL, order
from apgms_ops.sandbox.pagerduty_process.seed import NUMBERS
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

ROOT = Path(__file__).parents[3]
PROBES = {probe.name: probe for probe in (on_call, paged_services)}
FAULTS = (*pagerduty_rota.FAULTS, *pagerduty_server.FAULTS, *pagerduty_services.FAULTS)
PATIENCE = 4.0
pytestmark = pytest.mark.sandbox


def checks() -> ModuleType:
    """Return the module of the checks."""
    spec = importlib.util.spec_from_file_location("on_call_checks", ROOT / "checks/daily/test_on_call.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def see(world: World) -> dict[str, Any]:
    """Make the probes, and return what each saw, or why it did not; and everything that would be recorded."""
    environment = load(ROOT / "environments/sandbox.toml", world.values())
    facts: dict[str, Any] = {"environment": environment}
    recorded: list[str] = []
    for name, probe in PROBES.items():
        recorder = Recorder(Redactor())
        estate = Estate(environment, read_secrets(secrets_of(environment, ["oncall"]), os.environ), recorder)
        offered = {
            "pagerduty": estate.pagerduty,
            "estate": estate,
            "environment": environment,
            "deadline": Deadline(PATIENCE),
        }
        try:
            facts[name] = probe.function(**{wanted: offered[wanted] for wanted in probe.parameters})
            recorded.append(json.dumps(FactsCodec(probe).encode(facts[name], lambda text: text)))
            if {identity.id for identity in recorder.seen[0]} != {environment.identities.pagerduty}:
                facts[name] = Unobserved("another account")
        except Unobserved as error:
            facts[name] = error
            recorded.append(str(error))
        recorded.append(repr(recorder.seen))
    facts["recorded"] = "\n".join(recorded)
    return facts


def look(world: World) -> dict[str, tuple[Verdict, str]]:
    """Run the checks on what the probes see; what a probe does not see makes its checks UNKNOWN."""
    facts, module = see(world), checks()
    return {
        f"{CHECKS}{name}": judge(function, facts) for name, function in vars(module).items() if name.startswith("test_")
    }


def judge(function: Any, facts: dict[str, Any]) -> tuple[Verdict, str]:  # noqa: ANN401 — any check
    """Run a check on facts."""
    wanted = {name: facts[name] for name in inspect.signature(function).parameters}
    for fact in wanted.values():
        if isinstance(fact, Unobserved):
            return Verdict.UNKNOWN, str(fact)
    try:
        function(**wanted)
    except AssertionError as error:
        return Verdict.FAIL, str(error)
    except Unobserved as error:
        return Verdict.UNKNOWN, str(error)
    return Verdict.PASS, ""


def test_healthy_people_pass(world: World) -> None:
    """Every check passes, and each has its name here."""
    seen = look(world)
    assert set(seen) == set(ON_CALL)
    assert {check: said for check, (verdict, said) in seen.items() if verdict is not Verdict.PASS} == {}


def test_small_pages_make_no_difference(world: World) -> None:
    """A server that sends one of each listing at a time is read to its end."""
    order(world, "/switches", {"page_size": 1}, Deadline(10))
    try:
        seen = look(world)
    finally:
        order(world, "/switches", {"page_size": 0}, Deadline(10))
    assert {check: said for check, (verdict, said) in seen.items() if verdict is not Verdict.PASS} == {}


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.id for fault in FAULTS])
def test_a_fault_gives_the_verdicts_it_names_and_heals(world: World, fault: type[Fault]) -> None:
    """Broken, the named checks give the named verdicts and all others PASS; healed, all PASS again."""
    breaker = Breaker(world, by_id())
    try:
        breaker.break_(fault.id, Deadline(30))
        broken = look(world)
    finally:
        breaker.heal(fault.id, Deadline(30))
    expected = {check: fault.expected.get(check, Verdict.PASS) for check in ON_CALL}
    assert {check: verdict for check, (verdict, _) in broken.items()} == expected, broken
    shown = " ".join(said for _, said in broken.values())
    assert not [number for number in NUMBERS.values() if number[-6:] in shown]
    assert {check: said for check, (verdict, said) in look(world).items() if verdict is not Verdict.PASS} == {}


def test_every_check_is_failed_by_some_fault() -> None:
    """A check that no fault proves able to FAIL is worth nothing."""
    proven = {check for fault in FAULTS for check, verdict in fault.expected.items() if verdict is Verdict.FAIL}
    assert set(ON_CALL) - proven == set()


def test_nothing_personal_is_recorded(world: World) -> None:
    """Neither a name, nor an address, nor more of a number than its end, in facts or beside them."""
    recorded = see(world)["recorded"]
    assert "PUSER01" in recorded
    assert "Person" not in recorded.replace('"Person', "")
    assert "@" not in recorded
    assert not [number for number in NUMBERS.values() if number[-4:] in recorded]
