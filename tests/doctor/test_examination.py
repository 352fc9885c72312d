"""All targets are asked at once, and none of them can hold the others up."""

import threading
import time
from datetime import timedelta

from apgms_ops.deadline import Deadline
from apgms_ops.doctor import Aspect, Target, examine
from apgms_ops.doctor.findings import Told, Wanted
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unreachable
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret, SecretReference
from apgms_ops.verdict import Verdict

ENVIRONMENT = Environment.model_validate(
    {
        "name": "toy",
        "services": {
            "payments": {
                "deployment": "payments",
                "replicas": 1,
                "objectives": [{"kind": "reconciliation-delay", "limit": "1h", "source": "a test"}],
            }
        },
    }
)
BOTH = threading.Barrier(2)


def _well(_: Estate, __: Recorder, deadline: Deadline) -> Told:
    BOTH.wait(deadline.remaining)  # passes only while the other one is being asked as well
    return Told(version="1.0", skew=timedelta())


def _gone(_: Estate, __: Recorder, deadline: Deadline) -> Told:
    BOTH.wait(deadline.remaining)
    msg = "nobody at hunter2.example\x1b[2J"
    raise Unreachable(msg)


def _crash(_: Estate, __: Recorder, ___: Deadline) -> Told:
    raise KeyError("a bug")  # noqa: EM101, TRY003 — as an unexpected line would


def _hung(_: Estate, __: Recorder, ___: Deadline) -> Told:
    threading.Event().wait()
    return Told()


def target(name: str, ask: object) -> Target:
    """Return a target of that name."""
    return Target(name, "services", "here", Wanted(None, "identities.services"), ask)  # type: ignore[arg-type]


def test_targets_are_asked_at_once_and_keep_their_order() -> None:
    """One that fails says so harmlessly, without secrets, beside one that is well."""
    secrets = {SecretReference.parse("env:KEY"): Secret("hunter2")}
    found = examine(ENVIRONMENT, [target("gone", _gone), target("well", _well)], secrets, Deadline(10))
    assert [diagnosis.target for diagnosis in found] == ["gone", "well"]
    remedy = found[0].findings[Aspect.REACHABLE].remedy
    assert "hunter2" not in remedy
    assert "\x1b" not in remedy
    assert found[1].findings[Aspect.REACHABLE].verdict is Verdict.PASS


def test_a_bug_in_asking_is_never_a_yes() -> None:
    """Whatever is raised leaves the target open, with the cause."""
    (diagnosis,) = examine(ENVIRONMENT, [target("it", _crash)], {}, Deadline(10))
    assert diagnosis.findings[Aspect.REACHABLE].verdict is Verdict.UNKNOWN
    assert "KeyError" in diagnosis.findings[Aspect.REACHABLE].remedy


def test_a_target_that_never_answers_costs_no_more_than_the_deadline() -> None:
    """A client that does not keep to its deadline is left behind."""
    began = time.monotonic()
    (diagnosis,) = examine(ENVIRONMENT, [target("hung", _hung)], {}, Deadline(0.05))
    assert time.monotonic() - began < 5
    assert diagnosis.findings[Aspect.REACHABLE].verdict is Verdict.UNKNOWN
