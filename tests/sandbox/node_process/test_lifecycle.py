"""What a node does about its containers, decided as a kubelet decides it."""

from dataclasses import replace

import pytest

from apgms_ops.sandbox.node_process import lifecycle
from apgms_ops.sandbox.node_process.lifecycle import Rest, Start, Stop, Wait
from apgms_ops.sandbox.node_process.pod import Pod, parse
from apgms_ops.sandbox.node_process.record import Backing, ContainerRecord, Ended, PodRecord, Run

NOW = 1000.0


def pod(policy: str = "Always", *, deleting: bool = False, **container: object) -> Pod:
    """Return a pod of one container."""
    meta = {"uid": "u", "namespace": "platform", "name": "api-gateway-x"}
    if deleting:
        meta |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 3}  # type: ignore[dict-item]
    spec = {"restartPolicy": policy, "containers": [{"name": "c", "image": "r/x:v1", **container}]}
    return parse({"metadata": meta, "spec": spec})


def run(began: float = NOW, *, owned: bool = True) -> Run:
    """Return a run."""
    return Run("sandbox://1", "x", "x-1", 1, 1, began, owned)


def step(wanted: Pod, now: ContainerRecord, clock: float = NOW, *, held: bool = False) -> lifecycle.Step:
    """Decide about its container."""
    return lifecycle.step(wanted, wanted.containers[0], now, clock, held=held)


FRESH = ContainerRecord("c", "r/x:v1")
RUNNING = lifecycle.started(FRESH, run(), "r/x@sha256:1")


def crashed(times: int, after: float = 1.0) -> tuple[ContainerRecord, float]:
    """Return a container that crashed so often, each time so many seconds after it was started, and the time."""
    crash, clock, now = NOW, NOW, FRESH
    for _ in range(times):
        now = lifecycle.started(now, run(clock), "r/x@sha256:1")
        clock += after
        now = lifecycle.ended(now, 1, clock)
        crash, clock = clock, max(clock, now.crashes.until)
    return now, crash


def test_what_runs_is_left_alone_and_what_does_not_is_started() -> None:
    """A fresh container is started, a running one is not touched."""
    assert step(pod(), FRESH) == Start()
    assert step(pod(), RUNNING) == Rest()


def test_a_deleted_pod_is_asked_to_end_once_within_its_grace() -> None:
    """The grace is the deletion's; who was asked is not asked again, and nothing is started any more."""
    assert step(pod(deleting=True), RUNNING) == Stop(3.0)
    assert step(pod(deleting=True), replace(RUNNING, stopping=True)) == Rest()
    assert step(pod(deleting=True), FRESH) == Rest()


def test_the_first_restart_is_at_once_and_each_further_one_waits_twice_as_long() -> None:
    """0, 10, 20, 40 … and never more than 300 seconds."""
    waits = []
    for times in range(1, 9):
        now, crash = crashed(times)
        waits.append(now.crashes.until - crash)
    assert waits == [0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]


def test_a_crash_loop_says_so_as_a_kubelet_does() -> None:
    """The message holds the wait, the container and the pod."""
    now, crash = crashed(2)
    found = step(pod(), now, crash + 1)
    assert isinstance(found, Wait)
    assert found.waiting.reason == "CrashLoopBackOff"
    assert found.waiting.message == "back-off 10s restarting failed container=c pod=api-gateway-x_platform(u)"
    assert found.until == crash + 10
    assert step(pod(), now, crash + 10) == Start()


def test_crashes_are_forgiven_after_ten_good_minutes() -> None:
    """Who ran for ten minutes is started at once again."""
    now, _ = crashed(3, after=601.0)
    assert step(pod(), now, now.crashes.until) == Start()
    assert now.crashes.until == now.ended.ended if now.ended else False


@pytest.mark.parametrize(
    ("policy", "code", "again"),
    [("Always", 0, True), ("Always", 1, True), ("OnFailure", 0, False), ("OnFailure", 1, True), ("Never", 1, False)],
)
def test_the_policy_says_who_is_started_again(policy: str, code: int, again: bool) -> None:  # noqa: FBT001
    """Always, after a failure, or never."""
    over = lifecycle.ended(RUNNING, code, NOW)
    assert step(pod(policy), over) == (Start() if again else Rest())


def test_a_held_process_is_not_started() -> None:
    """As long as somebody holds it down it is in a crash loop, and is looked at again soon."""
    found = step(pod(), FRESH, held=True)
    assert isinstance(found, Wait)
    assert (found.waiting.reason, found.until) == ("CrashLoopBackOff", NOW + 1)


def test_a_restart_is_counted_and_keeps_what_was_before() -> None:
    """After a crash the run before is the last state, and the count goes up by one."""
    now, _ = crashed(1)
    again = lifecycle.started(now, run(), "r/x@sha256:1")
    assert (again.restarts, again.ended, again.last) == (1, None, now.ended)
    assert RUNNING.restarts == 0
    assert not again.ready


def test_a_lack_of_memory_is_told_of_what_was_killed_alone() -> None:
    """What ended by itself meanwhile did not run out of anything."""
    reasons = [lifecycle.ended(RUNNING, code, NOW, starved=True).ended for code in (137, 1, 0, None)]
    assert [one and one.reason for one in reasons] == ["OOMKilled", "Error", "Completed", "ContainerStatusUnknown"]


def test_an_exit_that_nobody_saw_is_not_taken_for_a_good_one() -> None:
    """Without an exit code the status is unknown, and counts as a failure."""
    over = lifecycle.ended(RUNNING, None, NOW)
    assert over.ended == Ended("sandbox://1", NOW, NOW, 137, "ContainerStatusUnknown")


def test_what_is_only_watched_is_neither_stopped_nor_held_back() -> None:
    """A process that was there already is its own component's to end and to start."""
    watched = replace(RUNNING, run=run(owned=False))
    assert step(pod(deleting=True), watched) == Rest()
    assert lifecycle.over(pod(deleting=True), PodRecord("u", "platform/x", "127.1.1.1", NOW, (watched,)))
    assert lifecycle.ended(watched, None, NOW).crashes == Backing()


def test_an_image_that_cannot_be_had_is_asked_for_less_and_less_often() -> None:
    """ErrImagePull first, then ImagePullBackOff until the next try, 10, 20, 40 seconds later."""
    once = lifecycle.not_pulled(FRESH, NOW, "not found")
    twice = lifecycle.not_pulled(once, NOW + 10, "not found")
    assert once.waiting is not None
    assert once.waiting.reason == "ErrImagePull"
    assert (once.pulls.until, twice.pulls.until) == (NOW + 10, NOW + 30)
    found = step(pod(), once, NOW + 1)
    assert isinstance(found, Wait)
    assert (found.waiting.reason, found.until) == ("ImagePullBackOff", NOW + 10)
    assert step(pod(), once, NOW + 10) == Start()


def test_a_pod_is_over_once_nothing_of_it_runs() -> None:
    """A deleted pod waits for its containers."""
    record = PodRecord("u", "platform/x", "127.1.1.1", NOW, (RUNNING,))
    assert not lifecycle.over(pod(deleting=True), record)
    assert lifecycle.over(pod(deleting=True), record.put(lifecycle.ended(RUNNING, 143, NOW)))
    assert not lifecycle.over(pod(), record.put(lifecycle.ended(RUNNING, 143, NOW)))
    assert PodRecord.decoded(record.encoded()) == record
