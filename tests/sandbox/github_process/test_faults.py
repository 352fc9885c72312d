"""Healthy → PASS, broken → the verdict named, healed → PASS: GitHub's faults, on GitHub alone.

What else in the sandbox notices is proven by tests/faults.
"""

import importlib.util
import inspect
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load, read_secrets, secrets_of
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unobserved
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.probes.release import rules_of
from apgms_ops.probes.release_build import release_build
from apgms_ops.probes.release_commit import release_commit
from apgms_ops.probes.release_tag import release_tag
from apgms_ops.redact import Redactor
from apgms_ops.sandbox.breaking import Breaker
from apgms_ops.sandbox.faults import by_id, github_checks, github_runs, github_server, github_tags
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.github_tools import CHECKS, PIPELINE
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

ROOT = Path(__file__).parents[3]
PROBES = {probe.name: probe for probe in (release_commit, release_tag, release_build)}
FAULTS = (*github_checks.FAULTS, *github_runs.FAULTS, *github_server.FAULTS, *github_tags.FAULTS)
PATIENCE = 6.0
pytestmark = pytest.mark.sandbox


def checks() -> ModuleType:
    """Return the module of the checks."""
    spec = importlib.util.spec_from_file_location("pipeline", ROOT / "checks/deployment/test_pipeline.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def look(world: World, release: str | None = None) -> dict[str, tuple[Verdict, str]]:
    """Run the checks on what the probes see; what a probe does not see makes its checks UNKNOWN."""
    facts, module = see(world, release), checks()
    return {
        f"{CHECKS}{name}": judge(function, facts) for name, function in vars(module).items() if name.startswith("test_")
    }


def see(world: World, release: str | None = None) -> dict[str, Any]:
    """Make the probes, and return what each saw, or why it did not."""
    environment = mini(world)
    facts: dict[str, Any] = {"environment": environment}
    for name, probe in PROBES.items():
        recorder = Recorder(Redactor())
        estate = Estate(environment, read_secrets(secrets_of(environment, ["github"]), os.environ), recorder)
        offered = {
            "github": estate.github,
            "estate": estate,
            "environment": environment,
            "release": release or world.get("release.tag"),
            "deadline": Deadline(PATIENCE),
        }
        try:
            facts[name] = probe.function(**{wanted: offered[wanted] for wanted in probe.parameters})
            pinned = environment.identities.github
            if {identity.id for identity in recorder.seen[0]} != {pinned}:
                facts[name] = Unobserved("another repository")
        except Unobserved as error:
            facts[name] = error
    return facts


def mini(world: World) -> Environment:
    """Return the sandbox's environment, as far as it is there."""
    return load(ROOT / "environments/sandbox.toml", world.values())


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


def test_the_healthy_release_passes(world: World) -> None:
    """Every check of the pipeline passes on the release that the sandbox runs, and each has its name here."""
    seen = look(world)
    assert set(seen) == set(PIPELINE)
    assert {check: said for check, (verdict, said) in seen.items() if verdict is not Verdict.PASS} == {}


def test_the_previous_release_passes(world: World) -> None:
    """A release is judged by its own commit, tag and run, whatever came after it."""
    seen = look(world, world.get("release.previous.tag"))
    assert {check: said for check, (verdict, said) in seen.items() if verdict is not Verdict.PASS} == {}


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.id for fault in FAULTS])
def test_a_fault_gives_the_verdicts_it_names_and_heals(world: World, fault: type[Fault]) -> None:
    """Broken, the named checks give the named verdicts and all others PASS; healed, all PASS again."""
    breaker = Breaker(world, by_id())
    try:
        breaker.break_(fault.id, Deadline(30))
        broken = look(world, fault.asked_for)
    finally:
        breaker.heal(fault.id, Deadline(30))
    expected = {check: fault.expected.get(check, Verdict.PASS) for check in PIPELINE}
    assert {check: verdict for check, (verdict, _) in broken.items()} == expected, broken
    assert {check: said for check, (verdict, said) in look(world).items() if verdict is not Verdict.PASS} == {}


def test_a_tag_that_misses_the_glob_is_called_misnamed_and_never_built(world: World) -> None:
    """It is on the remote, annotated and on main: what is wrong with it is its form, and that no run began."""
    fault = github_tags.Short()
    breaker = Breaker(world, by_id())
    try:
        breaker.break_(fault.id, Deadline(30))
        seen = see(world, fault.asked_for)
    finally:
        breaker.heal(fault.id, Deadline(30))
    assert list(seen["release_tag"].ill_made()) == ["v1.5 is not of the form vMAJOR.MINOR.PATCH"]
    built = " ".join(seen["release_build"].not_built(rules_of(seen["environment"])))
    assert "there is no run of release.yaml for v1.5" in built


def test_every_check_is_failed_by_some_fault() -> None:
    """A check that no fault proves able to FAIL is worth nothing."""
    proven = {check for fault in FAULTS for check, verdict in fault.expected.items() if verdict is Verdict.FAIL}
    assert set(PIPELINE) - proven == set()
