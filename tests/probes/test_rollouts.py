"""From what a cluster says to what is judged: whose pods, which rollout, since when."""

from dataclasses import replace
from typing import Any, cast

import pytest

from apgms_ops.clients.kubernetes.facts import Event, Truth
from apgms_ops.deadline import Deadline
from apgms_ops.environment.types import Absent
from apgms_ops.errors import EnvironmentInvalid, Unobserved
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.migrations import migrations
from apgms_ops.probes.pod_versions import PodVersions, pod_versions
from apgms_ops.probes.probe import Probe
from apgms_ops.probes.release_comparison import release_comparison
from apgms_ops.probes.rollout_facts import ServiceRollout
from apgms_ops.probes.rollouts import rollouts, stability
from apgms_ops.probes.stability_facts import ServiceStability
from apgms_ops.probes.workloads import Workload, workloads
from tests.probes import cluster as toy
from tests.probes.cluster import Cluster

SHA = "c" * 40


def read(cluster: Cluster) -> Workload:
    """Return what runs the gateway."""
    return workloads(cast("Any", cluster), toy.ENVIRONMENT, Deadline(5))["api-gateway"]


def rollout(cluster: Cluster) -> ServiceRollout:
    """Return the gateway's rollout."""
    return cast("ServiceRollout", rollouts.function(cluster, toy.ENVIRONMENT, Deadline(5)).of("api-gateway"))


def fared(cluster: Cluster) -> ServiceStability:
    """Return how the gateway's pods have fared."""
    return cast("ServiceStability", stability.function(cluster, toy.ENVIRONMENT, Deadline(5)).of("api-gateway"))


def versions(cluster: Cluster) -> PodVersions:
    """Return what the gateway's pods say."""
    return cast("PodVersions", pod_versions.function(cluster, toy.ENVIRONMENT, Deadline(5)))


def test_a_healthy_rollout_is_read_as_one() -> None:
    """Nothing is found, by any judge."""
    rules = toy.ENVIRONMENT.deployment
    assert not rollout(Cluster()).unfinished(rules.settling_time)
    assert not rollout(Cluster()).wrong_replicas()
    assert not rollout(Cluster()).foreign(toy.DIGEST)
    assert not fared(Cluster()).restarted(rules.soak)
    assert not fared(Cluster()).backing_off(rules.soak)
    assert not versions(Cluster()).of("api-gateway").strange("v1.4.2", SHA, "toy")


def test_a_rollout_lasts_from_its_replica_set_to_its_condition() -> None:
    """Pods that were replaced since do not make it younger."""
    later = replace(toy.POD, created_at=toy.AT, ready_at=toy.AT)
    work = read(Cluster(all_pods=(later,)))
    assert (work.began_at, work.completed_at) == (toy.BEGAN, toy.COMPLETED)


def test_going_back_begins_with_the_first_pod() -> None:
    """The ReplicaSet of an older release is as old as that release."""
    back = replace(toy.OLD, revision=5, replicas=1, ready=1)
    pod = replace(toy.POD, owner_uid=back.uid, created_at=toy.AT)
    deployment = replace(toy.DEPLOYMENT, revision=5)
    work = read(Cluster((deployment,), (toy.NEW, back), (toy.POD, pod)))
    assert work.began_at == toy.AT


@pytest.mark.parametrize(
    "changed",
    [
        {"generation": 5},
        {"conditions": (replace(toy.PROGRESSING, reason="ReplicaSetUpdated"),)},
        {"conditions": (replace(toy.PROGRESSING, reason="ProgressDeadlineExceeded", status=Truth.FALSE),)},
    ],
)
def test_a_rollout_that_is_not_over_has_no_end(changed: dict[str, Any]) -> None:
    """Nor has one that the controller has not seen."""
    assert read(Cluster((replace(toy.DEPLOYMENT, **changed),))).completed_at is None


def test_without_a_condition_the_last_pod_to_be_ready_is_the_end() -> None:
    """A Deployment without a progress deadline says nothing of its progress."""
    silent = replace(toy.DEPLOYMENT, conditions=())
    assert read(Cluster((silent,))).completed_at == toy.COMPLETED
    assert read(Cluster((silent,), all_pods=())).completed_at is None
    assert read(Cluster((silent,), all_pods=(replace(toy.POD, ready=False),))).completed_at is None


def test_every_pod_that_gets_requests_is_seen() -> None:
    """Also one that an older ReplicaSet made, or nobody; those of others are not."""
    stray = replace(toy.POD, name="by-hand", owner_kind=None, owner_name=None, owner_uid=None)
    other = replace(toy.POD, name="audit-1", labels={"app": "audit"})
    pods = {pod.name: pod.newest for pod in rollout(Cluster(all_pods=(toy.POD, stray, other))).pods}
    assert pods == {"gateway-new-1": True, "by-hand": False}


def test_only_what_was_noted_of_these_pods_is_kept() -> None:
    """Other pods, other kinds and good news tell nothing of this rollout."""
    event = Event("Pod", "gateway-new-1", "pod-1", "BackOff", "Back-off pulling", "Warning", 3, toy.AT, toy.AT)
    others = (
        replace(event, name="gateway-old-9"),
        replace(event, kind="Job"),
        replace(event, reason="Pulled"),
    )
    assert [one.count for one in fared(Cluster(all_events=(event, *others))).events] == [3]


def test_every_ready_pod_is_asked_on_its_named_port() -> None:
    """One that is not ready gets no requests, and one that was told to go is on its way."""
    pods = (
        toy.POD,
        replace(toy.POD, name="unready", ready=False),
        replace(toy.POD, name="going", deleting=True),
    )
    cluster = Cluster(all_pods=pods)
    versions(cluster)
    assert cluster.asked == ["platform/gateway-new-1:8080/version"]


def test_one_stale_replica_is_found_among_the_others() -> None:
    """The load balancer would have picked the other one."""
    stale = {**toy.VERSION, "version": "v1.4.1", "gitSha": "d" * 40}
    cluster = Cluster(
        all_pods=(toy.POD, replace(toy.POD, name="stale")), versions={"gateway-new-1": toy.VERSION, "stale": stale}
    )
    said = versions(cluster).of("api-gateway").strange("v1.4.2", SHA, "toy")
    assert len(said) == 2
    assert said[0] == "stale says that its version is v1.4.1, not v1.4.2"


@pytest.mark.parametrize(
    ("tag", "sha", "environment", "word"),
    [("v1.4.3", SHA, "toy", "version"), ("v1.4.2", "d" * 40, "toy", "commit"), ("v1.4.2", SHA, "prod", "environment")],
)
def test_another_tag_commit_or_environment_is_a_finding(tag: str, sha: str, environment: str, word: str) -> None:
    """Each of them alone."""
    (said,) = versions(Cluster()).of("api-gateway").strange(tag, sha, environment)
    assert f"says that its {word} is" in said


def test_an_environment_that_is_not_pinned_is_not_compared() -> None:
    """Nobody says what it must be called."""
    assert not versions(Cluster()).of("api-gateway").strange("v1.4.2", SHA, None)


def test_a_pod_that_does_not_say_is_unknown_unless_another_is_wrong() -> None:
    """What hangs may be the release; what says otherwise is not."""
    pods = (toy.POD, replace(toy.POD, name="silent"))
    found = versions(Cluster(all_pods=pods)).of("api-gateway")
    with pytest.raises(Unobserved, match=r"silent: .*refused"):
        found.strange("v1.4.2", SHA, "toy")
    assert found.strange("v1.4.3", SHA, "toy")


def test_two_releases_are_a_finding_whichever_was_meant() -> None:
    """Nobody need know the release to see that there are two."""
    stale = {**toy.VERSION, "version": "v1.4.1", "gitSha": "d" * 40}
    pods = (toy.POD, replace(toy.POD, name="stale"), replace(toy.POD, name="silent"))
    both = versions(Cluster(all_pods=pods, versions={"gateway-new-1": toy.VERSION, "stale": stale}))
    assert both.mixed() == ("v1.4.1 (dddddddddddd) runs in stale", "v1.4.2 (cccccccccccc) runs in gateway-new-1")
    assert not versions(Cluster()).mixed()
    for few in (pods[::2], ()):
        with pytest.raises(Unobserved, match=r"silent: .*refused|no pod is ready"):
            versions(Cluster(all_pods=few)).mixed()


def test_without_a_ready_pod_nobody_says_anything() -> None:
    """All zero of them agree."""
    with pytest.raises(Unobserved, match="no pod is ready"):
        versions(Cluster(all_pods=())).of("api-gateway").strange("v1.4.2", SHA, "toy")


def test_the_only_port_needs_no_name() -> None:
    """Two of them without one cannot be told apart."""

    def port(ports: dict[str, int]) -> int:
        pod = replace(toy.POD, containers=(replace(toy.CONTAINER, ports=ports),))
        return read(Cluster(all_pods=(pod,))).port("gateway-new-1", "http")

    assert port({"8080": 8080}) == 8080
    for ports in ({}, {"a": 1, "b": 2}):
        with pytest.raises(Unobserved, match="no port called http"):
            port(ports)


@pytest.mark.parametrize("probe", [rollouts, stability, pod_versions, migrations, release_comparison])
def test_what_is_read_can_be_recorded(probe: Probe) -> None:
    """Facts that do not come back from JSON as they were could not be replayed."""
    codec = FactsCodec(probe)
    if set(probe.parameters) == {"kubernetes", "environment", "deadline"}:
        facts = probe.function(Cluster(), toy.ENVIRONMENT, Deadline(5))
        assert codec.decode(codec.encode(facts, str)) == facts


def test_an_environment_without_a_cluster_says_so() -> None:
    """The sandbox of a machine that has none."""
    without = toy.ENVIRONMENT.model_copy(update={"kubernetes": Absent(absent="none here")})
    with pytest.raises(EnvironmentInvalid, match="no section"):
        workloads(cast("Any", Cluster()), without, Deadline(5))
