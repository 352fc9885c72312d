"""The judgement of stability: a rollout that was fine at first sight."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.probes.rollout_pods import ContainerSeen, PodSeen
from apgms_ops.probes.stability_facts import EventSeen, ServiceStability, Stability

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
BEGAN = AT - timedelta(hours=1)
SOAK = Limit(value=timedelta(minutes=10), source="decision: by then the back-off is at its 5 minutes")
CONTAINER = ContainerSeen("audit", "audit:v1", "audit@sha256:1", True, "running", None, None, 0, None, None, None)  # noqa: FBT003
POD = PodSeen("audit-1", "audit-new", True, "node-1", "Running", None, True, BEGAN, BEGAN, False, (CONTAINER,))  # noqa: FBT003
EVENT = EventSeen("audit-1", "BackOff", "Back-off restarting failed container", 7, AT - timedelta(minutes=20))


def stability(*pods: PodSeen, events: tuple[EventSeen, ...] = (), began: datetime | None = BEGAN) -> ServiceStability:
    """Return how the pods of audit have fared."""
    return ServiceStability("audit", "audit", AT, began, pods, events)


def container(**changed: object) -> PodSeen:
    """Return a pod whose container has fared worse."""
    return replace(POD, containers=(replace(CONTAINER, **changed),))  # type: ignore[arg-type]


def test_what_holds_still_has_no_findings() -> None:
    """An hour without a restart is more than the soak."""
    assert not stability(POD).restarted(SOAK)
    assert not stability(POD).backing_off(SOAK)


def test_a_crash_loop_after_the_soak_is_found() -> None:
    """P4.5: at first all was well; the count has grown since."""
    pod = container(restarts=4, last_reason="Error", last_exit_code=137, last_finished_at=AT - timedelta(minutes=1))
    (said,) = stability(pod).restarted(SOAK)
    assert (
        said == "audit-1: audit was started again 4 times; it last ended at 2026-11-24T11:59:00Z: Error, exit code 137"
    )


def test_a_container_that_ran_out_of_memory_is_named_so() -> None:
    """The next reader looks at its memory, not at its code."""
    pod = container(restarts=1, last_reason="OOMKilled", last_exit_code=137, last_finished_at=AT)
    assert "started again once" in stability(pod).restarted(SOAK)[0]
    assert "OOMKilled" in stability(pod).restarted(SOAK)[0]


def test_a_container_that_has_just_ended_is_found_before_it_is_started_again() -> None:
    """Its count is still 0."""
    ended = container(state="terminated", reason="OOMKilled", exit_code=137, ready=False)
    assert stability(ended).restarted(SOAK) == ("audit-1: audit is terminated: OOMKilled",)


def test_a_container_that_ended_and_waits_is_found_before_it_is_started_again() -> None:
    """It was not restarted, for it does not run."""
    ended = {"last_reason": "Error", "last_exit_code": 137, "last_finished_at": AT}
    held = container(state="waiting", reason="CrashLoopBackOff", ready=False, **ended)
    (said,) = stability(held).restarted(SOAK)
    assert said == "audit-1: audit ended at 2026-11-24T12:00:00Z: Error, exit code 137; it was not started again"


def test_an_init_container_that_has_done_its_work_is_no_finding() -> None:
    """It ended with 0, as it should."""
    done = replace(CONTAINER, name="migrate", state="terminated", reason="Completed", exit_code=0)
    assert not stability(replace(POD, containers=(done, CONTAINER))).restarted(SOAK)


def test_a_pod_that_was_evicted_is_found() -> None:
    """It stays listed, as failed, and another one runs."""
    evicted = replace(POD, name="audit-2", phase="Failed", reason="Evicted", ready=False, containers=())
    assert stability(POD, evicted).restarted(SOAK) == ("audit-2 was ended: Evicted",)


@pytest.mark.parametrize("reason", ["CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull"])
def test_a_pod_that_is_held_back_is_found(reason: str) -> None:
    """Whatever it is held back from."""
    held = replace(container(state="waiting", reason=reason, ready=False), ready=False)
    assert stability(held).backing_off(SOAK) == (f"audit-1: audit is waiting: {reason}",)


def test_a_back_off_that_is_over_is_still_told_of() -> None:
    """Between two tries the container runs; the events say what happens."""
    (said,) = stability(POD, events=(EVENT,)).backing_off(SOAK)
    assert "audit-1: BackOff, 7 times until 2026-11-24T11:40:00Z" in said


def test_what_was_noted_before_the_rollout_is_not_its_fault() -> None:
    """Events outlive what they tell of; without a begin, all of them count."""
    before = replace(EVENT, last_at=BEGAN - timedelta(seconds=1))
    assert not stability(POD, events=(before,)).backing_off(SOAK)
    assert stability(POD, events=(before,), began=None).backing_off(SOAK)


@pytest.mark.parametrize("judge", ["restarted", "backing_off"])
def test_before_the_soak_is_over_nobody_can_say(judge: str) -> None:
    """The newest pod counts; the reader is told when to ask again."""
    young = replace(POD, name="audit-2", created_at=AT - timedelta(minutes=4), ready_at=AT - timedelta(minutes=3))
    with pytest.raises(Unobserved, match=r"audit-2 has been ready for 180 s of 10m .* ask again in 7m"):
        getattr(stability(POD, young), judge)(SOAK)


def test_a_restart_within_the_soak_is_a_finding_at_once() -> None:
    """There is nothing left to wait for."""
    young = replace(container(restarts=1), created_at=AT - timedelta(minutes=1), ready_at=AT)
    assert stability(young).restarted(SOAK)


@pytest.mark.parametrize("judge", ["restarted", "backing_off"])
def test_what_is_not_there_or_not_ready_does_not_hold_still(judge: str) -> None:
    """No pod has no restarts."""
    with pytest.raises(Unobserved, match="nothing that could hold still"):
        getattr(stability(), judge)(SOAK)
    with pytest.raises(Unobserved, match="before it is ready"):
        getattr(stability(POD, replace(POD, name="audit-2", ready=False)), judge)(SOAK)


def test_a_service_that_was_not_read_is_unknown() -> None:
    """It is not stable for want of news."""
    with pytest.raises(Unobserved, match="payments"):
        Stability({"audit": stability(POD)}).of("payments")
