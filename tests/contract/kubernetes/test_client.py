"""Our client: every verb gives the same facts, whichever server answers, with the reader's role alone."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from apgms_ops.clients.kubernetes.access import Access
from apgms_ops.clients.kubernetes.client import KubernetesClient
from apgms_ops.clients.kubernetes.facts import ContainerState, Phase, Truth
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, Unobserved
from apgms_ops.observation import Recorder
from apgms_ops.sandbox.kubernetes.credentials import EXPORTER, READER
from tests.contract.kubernetes import fake_node
from tests.contract.kubernetes.conftest import (
    PLATFORM,
    Cluster,
    apps,
    deployment,
    event,
    events,
    pods,
    template,
)

pytestmark = pytest.mark.sandbox


def client(cluster: Cluster, context: str = READER) -> KubernetesClient:
    """Return our client, as a user."""
    access = Access(context=context, kubeconfig=str(cluster.kubeconfig))
    return KubernetesClient(access=access, recorder=Recorder(lambda text: text))


@pytest.fixture
def workload(cluster: Cluster) -> Iterator[str]:
    """A Deployment of two replicas in the platform's namespace, rolled out."""
    name = f"facts-{uuid.uuid4().hex[:6]}"
    cluster.make(apps(PLATFORM, "deployments"), deployment(name, replicas=2))
    path = apps(PLATFORM, "deployments", name)
    cluster.until(path, lambda now: now["status"].get("availableReplicas") == 2)
    yield name
    cluster.ask("DELETE", path)


def test_the_cluster_is_the_one_that_it_is(cluster: Cluster) -> None:
    """Identity is the published UID, the version that of the release that both play, the clock is now."""
    reader = client(cluster)
    assert reader.identity(Deadline(20)) == cluster.world.get("kubernetes.uid")
    version = reader.version(Deadline(20))
    assert (version.major, version.minor) == (1, 35)
    told = reader.server_time(Deadline(20))
    assert told is not None
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=3)


def test_a_rollout_is_read_as_it_is(cluster: Cluster, workload: str) -> None:
    """Deployment, ReplicaSet and pods come with their counts, images and owners."""
    reader, labels = client(cluster), f"app={workload}"
    (found,) = [each for each in reader.deployments(PLATFORM, Deadline(20)) if each.name == workload]
    counts = (found.replicas, found.updated, found.total, found.ready, found.available)
    assert counts == (2, 2, 2, 2, 2)
    assert (found.generation, found.observed_generation, found.revision, found.paused) == (1, 1, 1, False)
    assert found.images == {workload: "registry.example/app:v1"}
    assert found.selector.query == labels
    available = next(condition for condition in found.conditions if condition.type == "Available")
    assert (available.status, available.reason) == (Truth.TRUE, "MinimumReplicasAvailable")
    assert found.changed_at is not None
    (made,) = [each for each in reader.replica_sets(PLATFORM, Deadline(20)) if each.owner_uid == found.uid]
    assert (made.wanted, made.replicas, made.ready, made.revision) == (2, 2, 2, 1)
    running = reader.pods(PLATFORM, Deadline(20), labels=labels)
    assert len(running) == 2
    for pod in running:
        assert (pod.phase, pod.ready, pod.node, pod.deleting) == (Phase.RUNNING, True, fake_node.NAME, False)
        assert (pod.owner_kind, pod.owner_uid, pod.ip) == ("ReplicaSet", made.uid, "10.0.0.1")
        (container,) = pod.containers
        assert (container.state, container.restarts, container.ready) == (ContainerState.RUNNING, 0, True)
        assert container.image_id == f"registry.example/app@sha256:{'0' * 64}"
        assert container.ports == {"http": 8080}


def test_a_pod_that_crashes_is_read_with_its_reason(cluster: Cluster) -> None:
    """A container in back-off waits, with the word for it, and the counts of its Deployment that are left out are 0."""
    name = f"facts-{uuid.uuid4().hex[:6]}"
    wanted = deployment(name, replicas=1)
    wanted["spec"]["template"] = template(name, mood="crashes")
    cluster.make(apps(PLATFORM, "deployments"), wanted)
    path = apps(PLATFORM, "deployments", name)
    try:
        cluster.until(path, lambda now: now["status"].get("unavailableReplicas") == 1)
        reader = client(cluster)
        cluster.until(
            pods(PLATFORM),
            lambda now: now["items"] and now["items"][0]["status"].get("containerStatuses"),
            labelSelector=f"app={name}",
        )
        (pod,) = reader.pods(PLATFORM, Deadline(20), labels=f"app={name}")
        (container,) = pod.containers
        assert (container.state, container.reason) == (ContainerState.WAITING, "CrashLoopBackOff")
        (found,) = [each for each in reader.deployments(PLATFORM, Deadline(20)) if each.name == name]
        assert (found.ready, found.available) == (0, 0)
    finally:
        cluster.ask("DELETE", path)


def test_jobs_and_events_are_read(cluster: Cluster) -> None:
    """A Job that is complete, a CronJob that has not run, and an event are facts."""
    name = f"facts-{uuid.uuid4().hex[:6]}"
    own = template(name, mood="completes")
    own["spec"]["restartPolicy"] = "Never"
    plain = {"metadata": {"annotations": own["metadata"]["annotations"]}, "spec": own["spec"]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": plain}}
    base = f"/apis/batch/v1/namespaces/{PLATFORM}"
    cluster.make(f"{base}/jobs", job)
    spec = {"schedule": "30 2 * * *", "jobTemplate": {"spec": {"template": plain}}}
    cluster.make(
        f"{base}/cronjobs", {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec}
    )
    about = {"kind": "Pod", "name": name, "namespace": PLATFORM}
    told = {"reason": "BackOff", "type": "Warning", "count": 3, "involvedObject": about}
    last = cluster.make(events(PLATFORM), event(f"{name}.1", PLATFORM, **told))["lastTimestamp"]
    cluster.until(f"{base}/jobs/{name}", lambda now: now["status"].get("succeeded") == 1)
    reader = client(cluster)
    (found,) = [each for each in reader.jobs(PLATFORM, Deadline(20)) if each.name == name]
    assert (found.succeeded, found.failed, found.active) == (1, 0, 0)
    (planned,) = [each for each in reader.cron_jobs(PLATFORM, Deadline(20)) if each.name == name]
    assert (planned.schedule, planned.suspended, planned.last_scheduled_at) == ("30 2 * * *", False, None)
    (noted,) = reader.events(PLATFORM, Deadline(20), fields=f"involvedObject.name={name},reason=BackOff")
    assert (noted.kind, noted.reason, noted.count, noted.type) == ("Pod", "BackOff", 3, "Warning")
    assert noted.last_at == datetime.fromisoformat(last)


def test_logs_of_all_pods_are_read(cluster: Cluster, workload: str) -> None:
    """The log of every pod of a workload is read, each from its own place."""
    found = client(cluster).logs(PLATFORM, f"app={workload}", Deadline(20), since=timedelta(minutes=1))
    assert len(found) == 2
    assert {json.loads(log.text)["of"] for log in found} == {f"{PLATFORM}/{log.pod}/{workload}" for log in found}
    assert all(log.cut == 0 for log in found)


@pytest.mark.parametrize("code", [0, 7])
def test_a_command_gives_its_output_and_exit_code(cluster: Cluster, workload: str, code: int) -> None:
    """Exec gives both outputs and the exit code, to who may; who may not is told which verb and resource to grant."""
    (pod, *_) = client(cluster).pods(PLATFORM, Deadline(20), labels=f"app={workload}")
    done = client(cluster, EXPORTER).execute(PLATFORM, pod.name, ["exit", str(code)], Deadline(20))
    assert json.loads(done.stdout)["of"] == f"{PLATFORM}/{pod.name}/{workload}"
    assert (done.stderr, done.exit_code) == ("told on the side", code)
    with pytest.raises(AccessDenied, match="pods/exec"):
        client(cluster).execute(PLATFORM, pod.name, ["exit", "0"], Deadline(20))


def test_what_is_permitted_is_told_and_what_is_not_names_what_to_grant(cluster: Cluster) -> None:
    """`can_i` agrees with what happens, and a refused read names verb and resource."""
    reader = client(cluster)
    assert reader.can_i("list", "pods", PLATFORM, Deadline(20)).allowed
    assert reader.can_i("list", "deployments.apps", PLATFORM, Deadline(20)).allowed
    assert reader.can_i("create", "pods/exec", PLATFORM, Deadline(20), name="postgres-0").allowed
    assert not reader.can_i("create", "pods/exec", PLATFORM, Deadline(20)).allowed
    assert not reader.can_i("list", "secrets", PLATFORM, Deadline(20)).allowed
    with pytest.raises(AccessDenied, match=r"list.*pods"):
        reader.pods("kube-system", Deadline(20))


def test_a_pod_that_is_gone_is_no_empty_answer(cluster: Cluster) -> None:
    """Logs of nobody, and a command in a pod that is not there, are unobserved, not empty."""
    with pytest.raises(Unobserved):
        client(cluster).logs(PLATFORM, "app=nobody", Deadline(20))
    with pytest.raises(Unobserved):
        client(cluster).execute(PLATFORM, "postgres-0", ["exit", "0"], Deadline(20))
    with pytest.raises(Unobserved):
        client(cluster).pod_get(PLATFORM, "gone", 8080, "/version", Deadline(20))


def test_more_than_a_page_is_read_whole(cluster: Cluster, namespace: str) -> None:
    """A list of more than five hundred is read to its end."""
    for number in range(501):
        cluster.make(events(namespace), event(f"one.{number:04}", namespace))
    assert len(client(cluster, "sandbox-admin").events(namespace, Deadline(30))) == 501
