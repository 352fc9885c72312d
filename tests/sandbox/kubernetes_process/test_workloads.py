"""StatefulSets, Jobs, endpoints, scheduling and lost nodes take their course."""

from typing import Any

from apgms_ops.sandbox.kubernetes_process.conditions import condition, is_true
from tests.sandbox.kubernetes_process.small import SPACE, Object, Small, template, workload


def stateful(replicas: int = 3, **spec: Any) -> Object:  # noqa: ANN401 — JSON
    """Return a StatefulSet that can be created."""
    return workload(replicas, serviceName="web", **spec)


def job(**spec: Any) -> Object:  # noqa: ANN401 — JSON
    """Return a Job that can be created."""
    return {"metadata": {"name": "once"}, "spec": {"template": template(restartPolicy="Never"), **spec}}


def test_pods_of_a_stateful_set_are_made_in_order(small: Small) -> None:
    """Each pod is made once the one before it is ready, and has its number in name and label."""
    small.make("statefulsets", stateful())
    assert small.names("pods") == ["web-0"]
    small.obey(ready=False)
    assert small.names("pods") == ["web-0"]
    small.report("web-0")
    assert small.names("pods") == ["web-0", "web-1"]
    small.obey_all()
    assert small.names("pods") == ["web-0", "web-1", "web-2"]
    assert small.get("pods", "web-2")["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "2"
    status = small.get("statefulsets", "web")["status"]
    assert status["currentRevision"] == status["updateRevision"]
    assert (status["replicas"], status["readyReplicas"], status["updatedReplicas"]) == (3, 3, 3)


def test_pods_of_a_stateful_set_are_replaced_from_the_last_on(small: Small) -> None:
    """An update replaces one pod at a time, the last first, and only then is the new revision the current one."""
    small.make("statefulsets", stateful())
    small.obey_all()
    small.change("statefulsets", "web", {"template": template("app:v2")})
    status = small.get("statefulsets", "web")["status"]
    assert status["currentRevision"] != status["updateRevision"]
    assert "deletionTimestamp" in small.get("pods", "web-2")["metadata"]
    assert "deletionTimestamp" not in small.get("pods", "web-1")["metadata"]
    small.obey(ready=False)
    small.obey(ready=False)
    assert small.images() == ["app:v1", "app:v1", "app:v2"]
    small.report("web-2")
    small.obey_all()
    assert small.images() == ["app:v2"] * 3
    status = small.get("statefulsets", "web")["status"]
    assert status["currentRevision"] == status["updateRevision"]


def test_a_partition_keeps_the_first_pods_as_they_are(small: Small) -> None:
    """Pods below the partition stay of the old revision, even where they must be made again."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    small.make("statefulsets", stateful(updateStrategy=strategy))
    small.obey_all()
    small.change("statefulsets", "web", {"template": template("app:v2")})
    small.obey_all()
    assert small.images() == ["app:v1", "app:v1", "app:v2"]
    small.registry.delete("pods", SPACE, "web-0")
    small.obey_all()
    assert small.images() == ["app:v1", "app:v1", "app:v2"]
    status = small.get("statefulsets", "web")["status"]
    assert (status["updatedReplicas"], status["currentReplicas"]) == (1, 2)


def test_a_job_runs_until_enough_pods_ended_well(small: Small) -> None:
    """A Job's pod that ends well makes it complete, with the time when."""
    small.make("jobs", job())
    (name,) = small.names("pods")
    assert small.get("jobs", "once")["status"]["active"] == 1
    small.report(name, phase="Succeeded", ready=False)
    found = small.get("jobs", "once")
    assert is_true(found, "Complete")
    assert (found["status"]["succeeded"], "active" in found["status"]) == (1, False)
    assert found["status"]["completionTime"]


def test_a_job_that_fails_too_often_has_failed(small: Small) -> None:
    """After a failure another pod follows, later and later; beyond the limit there is none."""
    small.make("jobs", job(backoffLimit=1))
    small.report(small.names("pods")[0], phase="Failed", ready=False)
    assert len(small.names("pods")) == 1
    small.now += 10
    small.manager.settle()
    assert len(small.names("pods")) == 2
    (second,) = small.names("pods", lambda pod: pod["status"]["phase"] == "Pending")
    small.report(second, phase="Failed", ready=False)
    small.now += 3600
    small.manager.settle()
    assert len(small.names("pods")) == 2
    assert condition(small.get("jobs", "once"), "Failed")["reason"] == "BackoffLimitExceeded"


def test_a_suspended_job_waits_until_it_is_resumed(small: Small) -> None:
    """A suspended Job has no pods and no time of start; resumed, it runs."""
    small.make("jobs", job(suspend=True))
    assert small.names("pods") == []
    found = small.get("jobs", "once")
    assert (is_true(found, "Suspended"), "startTime" in found["status"]) == (True, False)
    small.change("jobs", "once", {"suspend": False})
    assert len(small.names("pods")) == 1
    assert not is_true(small.get("jobs", "once"), "Suspended")


def test_endpoints_are_the_ready_pods(small: Small) -> None:
    """A service leads to the pods that it selects and that are ready; the others are known as not ready."""
    port = {"name": "http", "port": 80, "targetPort": "http"}
    small.make("services", {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [port]}})
    assert small.get("endpoints", "web")["subsets"] == []
    small.make("deployments", workload(1))
    small.obey(ready=False)
    (subset,) = small.get("endpoints", "web")["subsets"]
    assert (len(subset["notReadyAddresses"]), "addresses" in subset) == (1, False)
    (name,) = small.names("pods")
    small.report(name)
    (subset,) = small.get("endpoints", "web")["subsets"]
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    assert [entry["targetRef"]["name"] for entry in subset["addresses"]] == [name]
    (sliced,) = small.store.items("endpointslices")
    assert sliced["endpoints"][0]["conditions"] == {"ready": True, "serving": True, "terminating": False}
    small.registry.delete("services", SPACE, "web")
    small.manager.settle()
    assert small.names("endpoints") == small.names("endpointslices") == []


def test_a_pod_waits_for_a_node_that_takes_it(bare: Small) -> None:
    """Without a node a pod is Pending and says why; a node that is not ready, closed or tainted takes none."""
    bare.make("pods", {"metadata": {"name": "one"}, "spec": template()["spec"]})
    found = condition(bare.get("pods", "one"), "PodScheduled")
    assert (found["status"], found["reason"]) == ("False", "Unschedulable")
    for number, spec in enumerate(({"unschedulable": True}, {"taints": [{"key": "a", "effect": "NoSchedule"}]})):
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        node = {"metadata": {"name": f"no-{number}"}, "spec": spec, "status": ready}
        bare.registry.create("nodes", "", node)
    bare.manager.settle()
    assert "untolerated taint" in condition(bare.get("pods", "one"), "PodScheduled")["message"]
    bare.add_node()
    assert bare.get("pods", "one")["spec"]["nodeName"] == "one-node"
    assert is_true(bare.get("pods", "one"), "PodScheduled")


def test_a_silent_node_is_lost_and_its_pods_are_not_ready(small: Small) -> None:
    """Without a heartbeat for the grace a node's readiness is unknown, its pods are not ready, and it gets no more."""
    small.make("deployments", workload(1))
    small.obey_all()
    lease = {"metadata": {"name": "one-node"}, "spec": {"renewTime": "2027-01-01T00:00:00.000000Z"}}
    small.registry.create("leases", "kube-node-lease", lease)
    small.manager.settle()
    small.wait(39)
    renewed = {"spec": {"renewTime": "2027-01-01T00:00:01.000000Z"}}
    small.registry.update("leases", "kube-node-lease", "one-node", lambda old: {**old, **renewed})
    small.wait(39)
    assert is_true(small.store.items("nodes")[0], "Ready")
    small.wait(2)
    assert condition(small.store.items("nodes")[0], "Ready")["status"] == "Unknown"
    assert not is_true(small.store.items("pods")[0], "Ready")
    assert small.get("deployments", "web")["status"]["unavailableReplicas"] == 1


def test_a_server_that_was_stopped_does_not_blame_the_node(small: Small) -> None:
    """Time in which nobody could have heard the node is not silence of the node's."""
    small.now += 300
    small.manager.settle()
    assert is_true(small.store.items("nodes")[0], "Ready")
    small.wait(41)
    assert not is_true(small.store.items("nodes")[0], "Ready")


def test_the_pods_of_a_removed_node_are_removed(small: Small) -> None:
    """Nobody can confirm that a removed node's pods have ended: they are removed."""
    small.make("pods", {"metadata": {"name": "one"}, "spec": template()["spec"]})
    small.registry.delete("nodes", "", "one-node")
    small.manager.settle()
    assert small.names("pods") == []


def test_a_namespace_that_goes_is_emptied_first(small: Small) -> None:
    """A deleted namespace takes nothing new, loses what is in it, and is gone once its pods have ended."""
    small.make("deployments", workload(1))
    small.obey_all()
    small.good("DELETE", f"/api/v1/namespaces/{SPACE}")
    status, refused = small.ask("POST", f"/api/v1/namespaces/{SPACE}/configmaps", {"metadata": {"name": "late"}})
    assert (status, "being terminated" in refused["message"]) == (403, True)
    small.manager.settle()
    assert small.ask("GET", f"/api/v1/namespaces/{SPACE}")[0] == 200
    small.obey_all()
    assert small.ask("GET", f"/api/v1/namespaces/{SPACE}")[0] == 404
    assert small.ask("DELETE", "/api/v1/namespaces/kube-system")[0] == 403


def test_an_event_is_forgotten_an_hour_after_it_was_told(small: Small) -> None:
    """Events are removed an hour after they were written, whatever time they tell of."""
    old = {"metadata": {"name": "a"}, "lastTimestamp": "2020-01-01T00:00:00Z", "involvedObject": {}}
    small.make("events", old)
    small.now += 3599
    small.manager.settle()
    assert small.names("events") == ["a"]
    small.now += 2
    small.manager.settle()
    assert small.names("events") == []
