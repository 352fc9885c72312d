"""Deployments roll out as a real controller lets them: one step after the other, inside their bounds, or late."""

import itertools

import pytest

from apgms_ops.sandbox.kubernetes_process.clock import stamp
from apgms_ops.sandbox.kubernetes_process.conditions import condition
from apgms_ops.sandbox.kubernetes_process.controllers.rollout import Bounds
from tests.sandbox.kubernetes_process.small import Small, rolling, template, workload

REVISION = "deployment.kubernetes.io/revision"


def progress(small: Small) -> tuple[str, str]:
    """Return status and reason of condition Progressing."""
    found = condition(small.get("deployments", "web"), "Progressing")
    return found["status"], found["reason"]


def test_a_deployment_makes_a_replica_set_and_its_pods(small: Small) -> None:
    """A new Deployment has one ReplicaSet, marked with its template's hash, whose pods run on the node."""
    small.make("deployments", workload(2))
    (name,) = small.names("replicasets")
    found = small.get("replicasets", name)
    mark = found["metadata"]["labels"]["pod-template-hash"]
    assert name == f"web-{mark}"
    assert found["metadata"]["annotations"][REVISION] == "1"
    assert small.get("deployments", "web")["metadata"]["annotations"][REVISION] == "1"
    pods = small.store.items("pods")
    assert [pod["metadata"]["labels"] for pod in pods] == [{"app": "web", "pod-template-hash": mark}] * 2
    assert all(pod["metadata"]["name"].startswith(f"{name}-") for pod in pods)
    assert small.get("deployments", "web")["metadata"]["generation"] == 1


def test_counts_of_zero_are_left_out(small: Small) -> None:
    """Until a pod is ready the status has no readyReplicas; once all are, it has no unavailableReplicas."""
    small.make("deployments", workload(2))
    status = small.get("deployments", "web")["status"]
    assert {name for name in status if name.endswith("Replicas")} == {"updatedReplicas", "unavailableReplicas"}
    small.obey_all()
    status = small.get("deployments", "web")["status"]
    counts = {name: status[name] for name in status if name.lower().endswith("replicas")}
    assert counts == dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 2)
    assert progress(small) == ("True", "NewReplicaSetAvailable")
    assert condition(small.get("deployments", "web"), "Available")["status"] == "True"


@pytest.mark.parametrize(("surge", "unavailable"), [(0, 1), (1, 0), (1, 1), ("25%", "25%"), ("50%", 0), (0, 3)])
def test_a_rollout_stays_inside_its_bounds(small: Small, surge: int | str, unavailable: int | str) -> None:
    """At no step are there more pods than replicas and surge, nor fewer ready ones than may be missing."""
    small.make("deployments", workload(4, strategy=rolling(surge, unavailable)))
    small.obey_all()
    bounds = Bounds.of(small.get("deployments", "web")["spec"])
    small.change("deployments", "web", {"template": template("app:v2")})
    for _ in itertools.takewhile(lambda _: small.images() != ["app:v2"] * 4, range(100)):
        ready = sum(item["status"].get("readyReplicas", 0) for item in small.store.items("replicasets"))
        assert len(small.images()) <= bounds.most
        assert ready >= bounds.least
        small.obey(least=1)
    small.obey_all()
    assert small.images() == ["app:v2"] * 4
    assert progress(small) == ("True", "NewReplicaSetAvailable")
    assert small.get("deployments", "web")["metadata"]["annotations"][REVISION] == "2"


def test_a_rollout_that_does_not_get_ready_stops_and_is_late(small: Small) -> None:
    """A new pod that never gets ready takes no more old ones with it, and after the deadline the rollout is late."""
    wanted = workload(2, strategy=rolling(0, 1), progressDeadlineSeconds=30)
    small.make("deployments", wanted)
    small.obey_all()
    small.change("deployments", "web", {"template": template("app:broken")})
    small.obey_all(ready=False)
    assert small.images() == ["app:broken", "app:v1"]
    assert progress(small) == ("True", "ReplicaSetUpdated")
    small.now += 29
    small.manager.settle()
    assert progress(small) == ("True", "ReplicaSetUpdated")
    small.now += 2
    small.manager.settle()
    assert progress(small) == ("False", "ProgressDeadlineExceeded")
    small.change("deployments", "web", {"template": template("app:v1")})
    small.obey_all()
    assert small.images() == ["app:v1"] * 2
    assert progress(small) == ("True", "NewReplicaSetAvailable")


def test_a_template_that_was_there_before_is_rolled_back_to(small: Small) -> None:
    """Going back takes the old ReplicaSet again, under the next revision."""
    small.make("deployments", workload(1))
    small.obey_all()
    (first,) = small.names("replicasets")
    for image in ("app:v2", "app:v1"):
        small.change("deployments", "web", {"template": template(image)})
        small.obey_all()
    assert len(small.names("replicasets")) == 2
    assert small.get("replicasets", first)["metadata"]["annotations"][REVISION] == "3"
    assert small.get("replicasets", first)["spec"]["replicas"] == 1


def test_recreate_ends_every_old_pod_before_a_new_one_begins(small: Small) -> None:
    """With Recreate the old pods are gone before the first new one is made."""
    small.make("deployments", workload(2, strategy={"type": "Recreate"}))
    small.obey_all()
    small.change("deployments", "web", {"template": template("app:v2")})
    assert small.images() == []
    small.obey(least=1)
    assert small.images() == []
    small.obey_all()
    assert small.images() == ["app:v2"] * 2


def test_a_paused_deployment_rolls_nothing_out(small: Small) -> None:
    """While it is paused another template changes no pod, a number of replicas does; resumed, it rolls out."""
    small.make("deployments", workload(2))
    small.obey_all()
    small.change("deployments", "web", {"paused": True, "template": template("app:v2"), "replicas": 3})
    small.obey_all()
    assert small.images() == ["app:v1"] * 3
    assert progress(small)[1] == "DeploymentPaused"
    small.change("deployments", "web", {"paused": False})
    small.obey_all()
    assert small.images() == ["app:v2"] * 3


def test_scaled_to_nothing_it_is_complete(small: Small) -> None:
    """A Deployment of no replicas has no pods, no counts, and reports a complete rollout: the trap of the checks."""
    small.make("deployments", workload(2))
    small.obey_all()
    small.change("deployments", "web", {"replicas": 0})
    small.obey_all()
    status = small.get("deployments", "web")["status"]
    assert not [name for name in status if name.lower().endswith("replicas")]
    assert status["observedGeneration"] == 2
    assert progress(small) == ("True", "NewReplicaSetAvailable")


def test_a_frozen_controller_leaves_the_generation_behind(small: Small) -> None:
    """While the controller is frozen observedGeneration stays behind; let go, it catches up."""
    small.make("deployments", workload(1))
    small.obey_all()
    small.manager.freeze(["deployments"])
    small.change("deployments", "web", {"template": template("app:v2")})
    item = small.get("deployments", "web")
    assert (item["metadata"]["generation"], item["status"]["observedGeneration"]) == (2, 1)
    small.manager.freeze([])
    small.obey_all()
    assert small.get("deployments", "web")["status"]["observedGeneration"] == 2
    with pytest.raises(ValueError, match="deployments, replicasets"):
        small.manager.freeze(["nobody"])


def test_a_pod_must_have_been_ready_for_long_enough(small: Small) -> None:
    """With minReadySeconds a pod that is ready counts as available only after them."""
    small.make("deployments", workload(1, minReadySeconds=10))
    small.obey_all()
    status = small.get("deployments", "web")["status"]
    assert (status["readyReplicas"], status.get("availableReplicas", 0)) == (1, 0)
    small.now += 10
    small.manager.settle()
    assert small.get("deployments", "web")["status"]["availableReplicas"] == 1


def test_a_lost_pod_is_replaced(small: Small) -> None:
    """A pod that is deleted or has failed is replaced, and the Deployment says what is missing meanwhile."""
    small.make("deployments", workload(2))
    small.obey_all()
    first, second = small.names("pods")
    small.registry.delete("pods", "platform", first)
    small.report(second, phase="Failed", ready=False)
    assert len(small.names("pods", lambda pod: pod["status"]["phase"] == "Pending")) == 2
    assert small.get("deployments", "web")["status"]["unavailableReplicas"] == 2


def test_old_replica_sets_are_kept_as_history_and_no_longer(small: Small) -> None:
    """Beyond revisionHistoryLimit the oldest idle ReplicaSets are removed."""
    small.make("deployments", workload(1, revisionHistoryLimit=1))
    small.obey_all()
    for number in range(2, 5):
        small.now += 1
        small.change("deployments", "web", {"template": template(f"app:v{number}")})
        small.obey_all()
    revisions = [item["metadata"]["annotations"][REVISION] for item in small.store.items("replicasets")]
    assert sorted(revisions) == ["3", "4"]


def test_what_it_does_is_told_as_events(small: Small) -> None:
    """Scaling is told once, and what happens again is counted."""
    small.make("deployments", workload(2))
    told = [event["message"] for event in small.store.items("events") if event["reason"] == "ScalingReplicaSet"]
    assert told == [f"Scaled up replica set {small.names('replicasets')[0]} from 0 to 2"]


def test_everything_goes_with_the_deployment(small: Small) -> None:
    """A deleted Deployment takes ReplicaSets and pods with it; one that is deleted as an orphan's owner does not."""
    small.make("deployments", workload(1))
    small.obey_all()
    small.registry.delete("deployments", "platform", "web", {"propagationPolicy": "Orphan"})
    small.manager.settle()
    assert len(small.names("replicasets")) == 1
    small.registry.delete("replicasets", "platform", small.names("replicasets")[0])
    small.manager.settle()
    small.obey_all()
    assert small.names("pods") == []


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "most", "least"),
    [(4, "25%", "25%", 5, 3), (3, "25%", "25%", 4, 3), (1, 0, 1, 1, 0), (2, 0, "10%", 2, 1), (10, "15%", 0, 12, 10)],
)
def test_percentages_are_rounded_as_the_real_ones_are(
    replicas: int, surge: int | str, unavailable: int | str, most: int, least: int
) -> None:
    """The surge is rounded up, what may be missing down, and never are both nothing."""
    bounds = Bounds.of({"replicas": replicas, "strategy": rolling(surge, unavailable)})
    assert (bounds.most, bounds.least) == (most, least)


def test_since_when_it_is_available_stays(small: Small) -> None:
    """A condition's time of transition is that of its status, not of the last look."""
    small.make("deployments", workload(2, strategy=rolling(0, 1)))
    small.obey_all()
    began = stamp(small.now)
    small.now += 20
    small.change("deployments", "web", {"template": template("app:v2")})
    small.obey_all()
    found = condition(small.get("deployments", "web"), "Available")
    assert (found["status"], found["lastTransitionTime"]) == ("True", began)
