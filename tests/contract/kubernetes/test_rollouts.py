"""What controllers make of a wish: rollouts that take their course, and what their status says on the way."""

import pytest

from tests.contract.kubernetes.conftest import Cluster, Object, apps, deployment, pods, template

pytestmark = pytest.mark.sandbox

REVISION = "deployment.kubernetes.io/revision"
COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
"""Left out where they are 0. (`terminatingReplicas`, which is new, is not: the real one says 0.)"""


def counts(seen: Object) -> Object:
    """Return the counts of a Deployment's status that are there."""
    return {count: seen["status"][count] for count in COUNTS if count in seen["status"]}


def rolled_out(seen: Object) -> bool:
    """Whether a Deployment is rolled out, by the counts that count."""
    status, wanted = seen["status"], seen["spec"]["replicas"]
    return bool(
        status.get("observedGeneration", 0) >= seen["metadata"]["generation"]
        and status.get("updatedReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
        and status.get("availableReplicas", 0) == wanted
    )


def conditions(seen: Object) -> dict[str, tuple[str, str]]:
    """Return the conditions of an object: type → status and reason."""
    found = seen.get("status", {}).get("conditions", [])
    return {condition["type"]: (condition["status"], condition.get("reason", "")) for condition in found}


def numbered(seen: Object) -> bool:
    """Whether a StatefulSet of two replicas runs one revision."""
    status = seen["status"]
    return bool(
        status.get("readyReplicas") == 2
        and status.get("updateRevision") == status.get("currentRevision")
        and status.get("observedGeneration") == seen["metadata"]["generation"]
    )


def made(cluster: Cluster, namespace: str, wanted: Object) -> Object:
    """Create a Deployment and return it once it is rolled out."""
    cluster.make(apps(namespace, "deployments"), wanted)
    return cluster.until(apps(namespace, "deployments", wanted["metadata"]["name"]), rolled_out)


def image(name: str, reference: str) -> Object:
    """Return the strategic patch that changes the image of the one container."""
    return {"spec": {"template": {"spec": {"containers": [{"name": name, "image": reference}]}}}}


def test_a_deployment_rolls_out(cluster: Cluster, namespace: str) -> None:
    """Deployment, ReplicaSet and pods come to be, each owned by the one before, and the status tells of all."""
    seen = made(cluster, namespace, deployment("one", replicas=2))
    assert seen["metadata"]["annotations"][REVISION] == "1"
    complete = ("True", "NewReplicaSetAvailable")
    path = apps(namespace, "deployments", "one")
    seen = cluster.until(path, lambda now: conditions(now).get("Progressing") == complete)
    assert conditions(seen)["Available"] == ("True", "MinimumReplicasAvailable")
    assert counts(seen) == dict.fromkeys(COUNTS, 2)
    (replica_set,) = cluster.get(apps(namespace, "replicasets"))["items"]
    (owner,) = replica_set["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Deployment", seen["metadata"]["uid"], True)
    hashed = replica_set["metadata"]["labels"]["pod-template-hash"]
    assert replica_set["metadata"]["name"] == f"one-{hashed}"
    assert replica_set["spec"]["selector"]["matchLabels"]["pod-template-hash"] == hashed
    running = cluster.get(pods(namespace), labelSelector=f"app=one,pod-template-hash={hashed}")["items"]
    assert len(running) == 2
    assert all(pod["metadata"]["name"].startswith(f"one-{hashed}-") for pod in running)
    assert all(pod["metadata"]["generateName"] == f"one-{hashed}-" for pod in running)
    assert all(pod["metadata"]["ownerReferences"][0]["uid"] == replica_set["metadata"]["uid"] for pod in running)
    assert all(pod["spec"]["nodeName"] == "fake-node" for pod in running)


def test_counts_of_nothing_are_left_out(cluster: Cluster, namespace: str) -> None:
    """Where no pod is ready, the status has no field readyReplicas or availableReplicas, and says how many lack."""
    wanted = deployment("one", replicas=2)
    wanted["spec"]["template"] = template("one", mood="unready")
    cluster.make(apps(namespace, "deployments"), wanted)
    path = apps(namespace, "deployments", "one")
    seen = cluster.until(path, lambda now: now["status"].get("updatedReplicas") == 2)
    assert "readyReplicas" not in seen["status"]
    assert "availableReplicas" not in seen["status"]
    assert seen["status"]["unavailableReplicas"] == 2
    assert conditions(seen)["Available"] == ("False", "MinimumReplicasUnavailable")


def test_scaled_to_nothing_counts_as_rolled_out(cluster: Cluster, namespace: str) -> None:
    """A Deployment of 0 replicas is complete and available: that says nothing about a service."""
    made(cluster, namespace, deployment("one", replicas=1))
    path = apps(namespace, "deployments", "one")
    cluster.patch(path, {"spec": {"replicas": 0}})
    seen = cluster.until(path, lambda now: rolled_out(now) and "replicas" not in now["status"])
    assert seen["spec"]["replicas"] == 0
    assert counts(seen) == {}
    assert conditions(seen)["Available"][0] == "True"
    cluster.until(pods(namespace), lambda now: not now["items"])


def test_another_image_is_another_replica_set(cluster: Cluster, namespace: str) -> None:
    """A new template gets a ReplicaSet of its own and the next revision; the old one is kept, with 0 replicas."""
    made(cluster, namespace, deployment("one", replicas=2))
    path = apps(namespace, "deployments", "one")
    changed = cluster.patch(path, image("one", "registry.example/app:v2"), "strategic")
    assert changed["metadata"]["generation"] == 2
    seen = cluster.until(path, rolled_out)
    assert (seen["metadata"]["annotations"][REVISION], seen["status"]["observedGeneration"]) == ("2", 2)
    sets = cluster.get(apps(namespace, "replicasets"))["items"]
    by_revision = {each["metadata"]["annotations"][REVISION]: each["spec"]["replicas"] for each in sets}
    assert by_revision == {"1": 0, "2": 2}
    cluster.until(pods(namespace), lambda now: len(now["items"]) == 2)
    running = cluster.get(pods(namespace))["items"]
    assert {pod["spec"]["containers"][0]["image"] for pod in running} == {"registry.example/app:v2"}


def test_an_earlier_template_takes_its_replica_set_back(cluster: Cluster, namespace: str) -> None:
    """Rolling back to a template uses the ReplicaSet that it had, under a new revision."""
    made(cluster, namespace, deployment("one", replicas=1))
    path = apps(namespace, "deployments", "one")
    for reference in ("registry.example/app:v2", "registry.example/app:v1"):
        cluster.patch(path, image("one", reference), "strategic")
        cluster.until(path, rolled_out)
    assert cluster.get(path)["metadata"]["annotations"][REVISION] == "3"
    sets = cluster.get(apps(namespace, "replicasets"))["items"]
    by_image = {
        each["spec"]["template"]["spec"]["containers"][0]["image"]: (
            each["metadata"]["annotations"][REVISION],
            each["spec"]["replicas"],
        )
        for each in sets
    }
    assert by_image == {"registry.example/app:v1": ("3", 1), "registry.example/app:v2": ("2", 0)}


def test_a_rollout_keeps_within_its_bounds(cluster: Cluster, namespace: str) -> None:
    """With maxSurge 0 and maxUnavailable 1 a rollout that gets stuck costs one pod, and none is too many."""
    bounds = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    made(cluster, namespace, deployment("one", replicas=3, strategy=bounds))
    path = apps(namespace, "deployments", "one")
    stuck = {"spec": {"template": template("one", image="registry.example/app:v2", mood="unready")}}
    cluster.patch(path, stuck)
    seen = cluster.until(
        path,
        lambda now: now["status"].get("updatedReplicas") == 1 and now["status"].get("availableReplicas") == 2,
    )
    assert seen["status"]["replicas"] == 3
    sets = cluster.get(apps(namespace, "replicasets"))["items"]
    assert sorted(each["spec"]["replicas"] for each in sets) == [1, 2]


def test_a_rollout_that_gets_nowhere_says_so_after_its_deadline(cluster: Cluster, namespace: str) -> None:
    """After progressDeadlineSeconds without progress the condition Progressing is False: ProgressDeadlineExceeded."""
    wanted = deployment("one", replicas=1, progressDeadlineSeconds=2)
    wanted["spec"]["template"] = template("one", mood="crashes")
    cluster.make(apps(namespace, "deployments"), wanted)
    path = apps(namespace, "deployments", "one")
    cluster.until(path, lambda now: conditions(now).get("Progressing") == ("False", "ProgressDeadlineExceeded"))


def test_a_paused_deployment_does_not_roll_out(cluster: Cluster, namespace: str) -> None:
    """While it is paused a change is observed and not rolled out; resumed, it is."""
    made(cluster, namespace, deployment("one", replicas=1))
    path = apps(namespace, "deployments", "one")
    cluster.patch(path, {"spec": {"paused": True}})
    cluster.patch(path, image("one", "registry.example/app:v2"), "strategic")
    seen = cluster.until(path, lambda now: now["status"]["observedGeneration"] == 3)
    assert conditions(seen)["Progressing"] == ("Unknown", "DeploymentPaused")
    assert "updatedReplicas" not in cluster.get(path)["status"]
    cluster.patch(path, {"spec": {"paused": None}})
    cluster.until(path, rolled_out)


def test_a_pod_that_is_deleted_is_replaced(cluster: Cluster, namespace: str) -> None:
    """Another pod of another name takes the place of one that was deleted."""
    made(cluster, namespace, deployment("one", replicas=1))
    (before,) = cluster.get(pods(namespace))["items"]
    cluster.ask("DELETE", pods(namespace, before["metadata"]["name"]))
    seen = cluster.until(
        pods(namespace),
        lambda now: (
            [pod["metadata"]["uid"] for pod in now["items"]] not in ([], [before["metadata"]["uid"]])
            and len(now["items"]) == 1
        ),
    )
    assert seen["items"][0]["metadata"]["name"] != before["metadata"]["name"]
    cluster.until(apps(namespace, "deployments", "one"), rolled_out)


def test_what_a_deployment_made_goes_with_it(cluster: Cluster, namespace: str) -> None:
    """ReplicaSets and pods of a deleted Deployment are collected."""
    made(cluster, namespace, deployment("one", replicas=1))
    cluster.ask("DELETE", apps(namespace, "deployments", "one"))
    cluster.until(apps(namespace, "replicasets"), lambda now: not now["items"])
    cluster.until(pods(namespace), lambda now: not now["items"])


def test_a_stateful_set_has_pods_with_numbers(cluster: Cluster, namespace: str) -> None:
    """Pods are called -0, -1, …, come one after another, and the status names the revision of what they run."""
    wanted = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db"},
        "spec": {
            "replicas": 2,
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": template("db"),
        },
    }
    cluster.make(apps(namespace, "statefulsets"), wanted)
    path = apps(namespace, "statefulsets", "db")
    first = cluster.until(path, numbered)
    running = cluster.get(pods(namespace))["items"]
    assert [pod["metadata"]["name"] for pod in running] == ["db-0", "db-1"]
    revision = first["status"]["currentRevision"]
    assert {pod["metadata"]["labels"]["controller-revision-hash"] for pod in running} == {revision}
    assert running[0]["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "db-0"
    cluster.patch(path, image("db", "registry.example/app:v2"), "strategic")
    second = cluster.until(
        path,
        lambda now: (
            numbered(now) and now["status"]["currentRevision"] != revision and now["status"]["updatedReplicas"] == 2
        ),
    )
    assert second["status"]["updateRevision"] != revision
    assert {pod["metadata"]["name"] for pod in cluster.get(pods(namespace))["items"]} == {"db-0", "db-1"}


def test_a_job_runs_its_pod_to_the_end(cluster: Cluster, namespace: str) -> None:
    """A Job whose pod succeeds is Complete, with when it began and ended."""
    own = template("restore", mood="completes")
    own["spec"]["restartPolicy"] = "Never"
    wanted = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "restore"},
        "spec": {"template": {"metadata": {"annotations": own["metadata"]["annotations"]}, "spec": own["spec"]}},
    }
    cluster.make(f"/apis/batch/v1/namespaces/{namespace}/jobs", wanted)
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs/restore"
    seen = cluster.until(path, lambda now: conditions(now).get("Complete", ("",))[0] == "True")
    assert seen["status"]["succeeded"] == 1
    assert "active" not in seen["status"]
    assert seen["status"]["completionTime"] >= seen["status"]["startTime"]
    (pod,) = cluster.get(pods(namespace), labelSelector="job-name=restore")["items"]
    assert pod["metadata"]["ownerReferences"][0]["kind"] == "Job"
