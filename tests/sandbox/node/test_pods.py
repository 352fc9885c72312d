"""The node on the stand-in API: pods become processes, and what becomes of them is told."""

import signal
import time

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import images, rollouts, workloads
from apgms_ops.sandbox.node import Node
from apgms_ops.sandbox.world import World
from tests.sandbox.node.tiny_service import ask, container, deployment, end, events, eventually, log, pod

pytestmark = pytest.mark.sandbox


def test_a_pod_becomes_a_process_and_is_ready_once_it_answers(world: World, app: str) -> None:
    """It answers on its own address, says which image it is by digest, and its process is the sandbox's."""
    workloads.apply(world, deployment(app))
    workloads.await_rolled_out(world, app, Deadline(20))
    found = pod(world, app)
    (status,) = found["status"]["containerStatuses"]
    assert ask(found, "/") == (200, "v1")
    assert status["imageID"].startswith(f"{images.repository('tiny')}@sha256:")
    assert (status["restartCount"], found["status"]["hostIP"]) == (0, "127.0.0.1")
    assert world.alive("pods", process=f"{found['metadata']['name']}.{app}")
    seen = eventually(
        lambda: len(events(world, found["metadata"]["name"])) >= 4 and events(world, found["metadata"]["name"])
    )
    assert {"Pulled", "Created", "Started", "Scheduled"} <= set(seen)


def test_a_pod_that_stops_answering_well_is_unready_and_runs_on(world: World, app: str) -> None:
    """Its readiness goes and comes back; it is not restarted."""
    workloads.apply(world, deployment(app))
    workloads.await_rolled_out(world, app, Deadline(20))
    mark = world.folder("tiny") / "unready"
    mark.touch()
    try:
        eventually(lambda: not container(world, app)["ready"])
        assert eventually(lambda: events(world, pod(world, app)["metadata"]["name"]).get("Unhealthy"))
    finally:
        mark.unlink()
    eventually(lambda: container(world, app)["ready"])
    assert container(world, app)["restartCount"] == 0


def test_a_crash_is_restarted_at_once_and_a_second_one_backs_off(world: World, app: str) -> None:
    """Each run has a log of its own, the one before is asked for with `previous`; a loop says CrashLoopBackOff."""
    workloads.apply(world, deployment(app))
    workloads.await_rolled_out(world, app, Deadline(20))
    name = pod(world, app)["metadata"]["name"]
    assert log(world, name, previous="true")[0] == 400
    end(pod(world, app))
    status = eventually(lambda: container(world, app) if container(world, app)["restartCount"] == 1 else None)
    assert status["lastState"]["terminated"]["exitCode"] == 3
    eventually(lambda: container(world, app)["ready"])
    assert log(world, name) == (200, "started v1\n")
    assert log(world, name, previous="true") == (200, "started v1\nending\n")
    assert log(world, name, previous="true", tailLines="1") == (200, "ending\n")
    end(pod(world, app))
    waiting = eventually(lambda: container(world, app)["state"].get("waiting"))
    assert waiting["reason"] == "CrashLoopBackOff"
    assert waiting["message"].startswith("back-off 10s restarting failed container=")
    assert log(world, name) == (200, "started v1\nending\n")
    assert not workloads.pods(world, app)[0].ready


def test_a_rollout_replaces_every_process_and_nothing_is_left_of_the_old(world: World, app: str) -> None:
    """Another image: other processes, one after another; then an image that nobody has, which is said."""
    workloads.apply(world, deployment(app, replicas=2))
    workloads.await_rolled_out(world, app, Deadline(20))
    before = {seen.uid for seen in workloads.pods(world, app)}
    rollouts.order(world, app, images.reference("tiny", "v2"))
    workloads.await_rolled_out(world, app, Deadline(30))
    after = workloads.pods(world, app)
    assert not before & {seen.uid for seen in after}
    assert len({seen.image_ids for seen in after}) == 1
    named = [process for process in world.processes()["pods"] if app in process]
    assert len(named) == 2
    rollouts.order(world, app, images.reference("tiny", "v3"))
    eventually(lambda: any(seen.waiting in {"ErrImagePull", "ImagePullBackOff"} for seen in workloads.pods(world, app)))


def test_a_node_that_is_started_again_finds_what_goes_on(world: World, app: str) -> None:
    """The pods' processes outlive the node, keep their counts, and are noticed when they end."""
    workloads.apply(world, deployment(app))
    workloads.await_rolled_out(world, app, Deadline(20))
    node, before = Node(), container(world, app)
    world.signal(node.name, signal.SIGKILL)
    node.stop(world, Deadline(10))
    node.start(world, Deadline(10))
    node.ready(world, Deadline(20))
    time.sleep(1)
    assert container(world, app)["containerID"] == before["containerID"]
    end(pod(world, app))
    status = eventually(lambda: container(world, app) if container(world, app)["restartCount"] == 1 else None)
    assert status["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown"


def test_a_process_that_is_held_down_is_not_started_again(world: World, app: str) -> None:
    """Killed and held, it is in a crash loop until the hold is gone and its pod replaced."""
    workloads.apply(world, deployment(app))
    workloads.await_rolled_out(world, app, Deadline(20))
    process = f"{pod(world, app)['metadata']['name']}.{app}"
    world.set(f"hold.{process}", "1")
    world.signal("pods", signal.SIGKILL, process=process)
    waiting = eventually(lambda: container(world, app)["state"].get("waiting"))
    assert waiting["reason"] == "CrashLoopBackOff"
    assert container(world, app)["lastState"]["terminated"]["exitCode"] == 137
    time.sleep(2)
    assert not world.alive("pods", process=process)
    workloads.replace(world, app, workloads.unsound(world, app), Deadline(10))
    workloads.await_rolled_out(world, app, Deadline(20))
    assert container(world, app)["restartCount"] == 0
