"""What a pod is told to be, from what is."""

from dataclasses import replace
from typing import Any

from apgms_ops.sandbox.node_process import lifecycle
from apgms_ops.sandbox.node_process.pod import Pod, parse
from apgms_ops.sandbox.node_process.pod_status import told
from apgms_ops.sandbox.node_process.record import ContainerRecord, PodRecord, Run, Waiting

NOW = 1_700_000_000.0
LATER = "2023-11-14T22:14:20Z"


def pod(policy: str = "Always") -> Pod:
    """Return a pod of one container."""
    spec = {"restartPolicy": policy, "containers": [{"name": "c", "image": "r/x:v1"}]}
    return parse({"metadata": {"uid": "u", "namespace": "platform", "name": "x"}, "spec": spec})


FRESH = ContainerRecord("c", "r/x:v1")
RUNNING = lifecycle.started(FRESH, Run("sandbox://1", "x", "x-1", 1, 1, NOW), "r/x@sha256:1")
READY = replace(RUNNING, ready=True)


def status(container: ContainerRecord, before: dict[str, Any] | None = None, policy: str = "Always") -> dict[str, Any]:
    """Return the status of a pod with this container."""
    record = PodRecord("u", "platform/x", "127.80.1.7", NOW, (container,))
    return told(pod(policy), record, before or {}, "127", NOW + 60)


def condition(found: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return a condition."""
    return next(dict(entry) for entry in found["conditions"] if entry["type"] == kind)


def test_a_pod_whose_containers_are_not_there_yet_is_pending() -> None:
    """It waits, has no address yet and is not ready."""
    found = status(FRESH)
    assert found["phase"] == "Pending"
    assert "podIP" not in found
    assert found["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert condition(found, "Ready")["status"] == "False"


def test_a_ready_pod_says_where_it_is_and_what_it_runs() -> None:
    """Its image's digest, its address, its condition."""
    found = status(READY)
    (container,) = found["containerStatuses"]
    assert (found["phase"], found["podIP"]) == ("Running", "127.80.1.7")
    assert (container["imageID"], container["ready"], container["restartCount"]) == ("r/x@sha256:1", True, 0)
    assert container["state"] == {"running": {"startedAt": "2023-11-14T22:13:20Z"}}
    assert condition(found, "Ready")["status"] == "True"


def test_a_condition_keeps_the_time_of_its_last_change() -> None:
    """What stays as it is keeps its time, what changes has the time of now, and what is not ours is kept."""
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2023-01-01T00:00:00Z"}
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2023-02-01T00:00:00Z"}
    before = {"conditions": [scheduled, ready]}
    assert condition(status(READY, before), "Ready")["lastTransitionTime"] == "2023-02-01T00:00:00Z"
    assert condition(status(RUNNING, before), "Ready")["lastTransitionTime"] == LATER
    assert condition(status(READY, before), "PodScheduled") == scheduled


def test_a_crash_loop_shows_why_it_waits_and_how_it_ended() -> None:
    """State waiting, last state terminated with its code; the pod goes on running, and is not ready."""
    now = replace(lifecycle.ended(READY, 3, NOW + 1), waiting=Waiting("CrashLoopBackOff", "back-off 10s"))
    found = status(now)
    (container,) = found["containerStatuses"]
    assert found["phase"] == "Running"
    assert container["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    assert container["lastState"]["terminated"]["exitCode"] == 3
    assert container["lastState"]["terminated"]["reason"] == "Error"
    assert condition(found, "ContainersReady")["reason"] == "ContainersNotReady"


def test_after_a_restart_the_run_before_is_the_last_state() -> None:
    """It runs, was restarted once, and says how it ended before."""
    again = lifecycle.started(lifecycle.ended(READY, 137, NOW), Run("sandbox://2", "x", "x-1", 2, 2, NOW + 1), "i")
    (container,) = status(again)["containerStatuses"]
    assert "running" in container["state"]
    assert (container["restartCount"], container["lastState"]["terminated"]["exitCode"]) == (1, 137)
    assert container["containerID"] == "sandbox://2"


def test_a_job_that_is_done_has_succeeded_or_failed() -> None:
    """By the exit codes, where nothing is started again."""
    assert status(lifecycle.ended(RUNNING, 0, NOW), policy="Never")["phase"] == "Succeeded"
    failed = status(lifecycle.ended(RUNNING, 2, NOW), policy="Never")
    assert failed["phase"] == "Failed"
    assert failed["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 2
