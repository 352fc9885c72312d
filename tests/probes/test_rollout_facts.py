"""The judgement of a rollout: what a status that reads "rolled out" does not say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.probes.rollout_facts import DeploymentSeen, ReplicaSetSeen, Rollouts, ServiceRollout
from apgms_ops.probes.rollout_pods import ContainerSeen, PodSeen

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SETTLING = Limit(value=timedelta(minutes=10), source="Kubernetes: progressDeadlineSeconds")
RELEASE, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
REPOSITORY = "registry.sandbox.example/platform/payments"

CONTAINER = ContainerSeen(
    name="payments",
    image=f"{REPOSITORY}:v1.4.2",
    image_id=f"{REPOSITORY}@{RELEASE}",
    ready=True,
    state="running",
    reason=None,
    exit_code=None,
    restarts=0,
    last_reason=None,
    last_exit_code=None,
    last_finished_at=None,
)
POD = PodSeen(
    name="payments-new-1",
    replica_set="payments-new",
    newest=True,
    node="node-1",
    phase="Running",
    reason=None,
    ready=True,
    ready_at=AT - timedelta(hours=1),
    created_at=AT - timedelta(hours=1),
    deleting=False,
    containers=(CONTAINER,),
)
SEEN = DeploymentSeen(
    generation=4,
    observed=4,
    changed_at=AT - timedelta(hours=1),
    wanted=2,
    updated=2,
    total=2,
    available=2,
    paused=False,
    progress="NewReplicaSetAvailable",
    progressed_at=AT - timedelta(hours=1),
    message="ReplicaSet payments-new has successfully progressed.",
    refused=None,
)
NEW = ReplicaSetSeen("payments-new", 4, newest=True, replicas=2, ready=2, created_at=AT - timedelta(hours=1))
OLD = ReplicaSetSeen("payments-old", 3, newest=False, replicas=0, ready=0, created_at=AT - timedelta(days=7))
STARTING = replace(
    POD,
    name="payments-new-2",
    ready=False,
    created_at=AT - 5 * SECOND,
    containers=(replace(CONTAINER, ready=False, state="waiting", reason="ContainerCreating", image_id=None),),
)


def rollout(
    *pods: PodSeen, old: ReplicaSetSeen = OLD, beside: int = 5, declared: int = 2, **changed: object
) -> ServiceRollout:
    """Return a rollout that is complete, with changes of what its Deployment says, and other pods."""
    return ServiceRollout(
        service="payments",
        deployment="payments",
        namespace="platform",
        at=AT,
        declared=declared,
        beside=beside,
        seen=replace(SEEN, **changed),  # type: ignore[arg-type]
        replica_sets=(NEW, old),
        pods=pods or (POD, replace(POD, name="payments-new-2")),
    )


def container(**changed: object) -> PodSeen:
    """Return a pod whose container is another."""
    return replace(POD, name="payments-new-2", containers=(replace(CONTAINER, **changed),))  # type: ignore[arg-type]


def test_a_complete_rollout_has_no_findings() -> None:
    """Everything is of the wanted template, available, as many as declared, and the release's own image."""
    whole = rollout()
    assert not whole.unfinished(SETTLING)
    assert not whole.wrong_replicas()
    assert not whole.foreign(RELEASE)


def test_counts_of_another_generation_prove_nothing() -> None:
    """P4.3: the controller has not seen what is wanted: until the settling time is over nobody can say."""
    frozen: dict[str, Any] = {"generation": 5, "changed_at": AT - timedelta(minutes=1)}
    with pytest.raises(Unobserved, match="has seen generation 4, and generation 5 is wanted"):
        rollout(**frozen).unfinished(SETTLING)
    (said,) = rollout(**frozen | {"changed_at": AT - timedelta(hours=1)}).unfinished(SETTLING)
    assert "since 2026-11-24T11:00:00Z" in said


def test_a_generation_whose_age_nobody_tells_stays_unknown() -> None:
    """A server that keeps no managed fields does not make a rollout stuck."""
    with pytest.raises(Unobserved, match="nobody says what became of it"):
        rollout(generation=5, changed_at=None).unfinished(SETTLING)


def test_nothing_rolls_out_happily() -> None:
    """P4.4: scaled to 0, every count agrees, and nothing runs."""
    none = rollout(POD, wanted=0, updated=0, total=0, available=0)
    (said,) = none.wrong_replicas()
    assert "scaled to 0; 2 replicas are declared" in said
    assert not replace(none, pods=()).unfinished(SETTLING)


@pytest.mark.parametrize("wanted", [1, 3])
def test_another_number_than_declared_is_a_finding(wanted: int) -> None:
    """Fewer than must run, or more than anybody declared."""
    assert rollout(wanted=wanted).wrong_replicas()


def test_the_tag_is_no_image() -> None:
    """P4.2: the tag is the release's, and what runs under it is not."""
    (said,) = rollout(POD, container(image_id=f"{REPOSITORY}@{OTHER}")).foreign(RELEASE)
    assert "payments-new-2: payments runs registry.sandbox.example/platform/payments:v1.4.2 as sha256:bbbb" in said


@pytest.mark.parametrize("prefix", ["", "docker-pullable://"])
def test_every_form_of_an_image_id_is_read(prefix: str) -> None:
    """Runtimes name what runs in their own ways."""
    assert not rollout(container(image_id=f"{prefix}{REPOSITORY}@{RELEASE}")).foreign(RELEASE)
    assert rollout(container(image_id=f"{prefix}{REPOSITORY}@{OTHER}")).foreign(RELEASE)


@pytest.mark.parametrize("said", [None, "", OTHER, f"{REPOSITORY}:v1.4.2", f"{REPOSITORY}@sha256:abc"])
def test_an_image_that_is_not_told_by_its_registrys_digest_is_unknown(said: str | None) -> None:
    """A digest without a registry may be that of the image's configuration: it is no other image for that."""
    with pytest.raises(Unobserved, match="does not say by digest"):
        rollout(POD, container(image_id=said)).foreign(RELEASE)


def test_a_bare_digest_that_is_the_releases_is_the_release() -> None:
    """Whatever it is the digest of, nothing else has it."""
    assert not rollout(container(image_id=RELEASE)).foreign(RELEASE)


def test_a_foreign_image_is_found_beside_one_that_is_not_told() -> None:
    """What was seen to be wrong is wrong."""
    assert rollout(container(image_id=None), container(image_id=f"{REPOSITORY}@{OTHER}")).foreign(RELEASE)


def test_a_pod_that_nobody_declared_is_compared_as_well() -> None:
    """All of it and nothing else: a pod that somebody made by hand gets its share of the requests."""
    stray = replace(container(image_id=f"{REPOSITORY}@{OTHER}"), replica_set=None, newest=False)
    assert rollout(POD, stray).foreign(RELEASE)


def test_a_sidecar_is_no_part_of_a_release() -> None:
    """A container of another image is a finding, unless it is declared."""
    proxy = replace(CONTAINER, name="istio-proxy", image_id=f"registry.sandbox.example/mesh/proxy@{OTHER}")
    pod = replace(POD, containers=(CONTAINER, proxy))
    assert rollout(pod).foreign(RELEASE)
    assert not rollout(pod).foreign(RELEASE, ("istio-proxy",))


def test_nothing_to_compare_is_unknown() -> None:
    """No container that runs is no container of another image."""
    with pytest.raises(Unobserved, match="no container runs"):
        rollout(STARTING).foreign(RELEASE)


def test_all_four_are_watched() -> None:
    """P4.6: payments are stuck while the gateway is fine; a service that was not read is not fine either."""
    stuck = rollout(progress="ProgressDeadlineExceeded", updated=1, available=2, message="timed out progressing")
    both = Rollouts({"api-gateway": rollout(), "payments": stuck})
    assert not both.of("api-gateway").unfinished(SETTLING)
    said = both.of("payments").unfinished(SETTLING)
    assert "has exceeded its progress deadline: timed out progressing" in said[0]
    with pytest.raises(Unobserved, match="audit was not read"):
        both.of("audit")


UNDER_WAY: dict[str, Any] = {"progress": "ReplicaSetUpdated", "progressed_at": AT - SECOND, "updated": 1, "total": 2}


def test_a_rollout_that_moves_is_not_known_yet() -> None:
    """Under way, it has not failed, and is not done; standing still for the settling time, it is stuck."""
    half = replace(OLD, replicas=1, ready=1)
    with pytest.raises(Unobserved, match=r"under way .1 of 2 pods are of the template that is wanted; 1 pods of the"):
        rollout(old=half, **UNDER_WAY).unfinished(SETTLING)
    assert rollout(old=half, **UNDER_WAY | {"progressed_at": AT - timedelta(hours=1)}).unfinished(SETTLING)


def test_an_old_release_that_still_serves_is_named() -> None:
    """The newest ReplicaSet is complete, and an older one was left standing."""
    said = rollout(old=replace(OLD, replicas=1, ready=1), total=3).unfinished(SETTLING)
    assert said == ("payments: 1 pods of the older payments-old are left, 1 of them serving",)


def test_a_pod_that_was_told_to_go_and_serves_is_named() -> None:
    """It does not show in any count; for as long as a rollout may take it is only on its way out."""
    going = replace(POD, name="payments-old-1", newest=False, deleting=True)
    with pytest.raises(Unobserved, match="payments-old-1 was told to go and still serves"):
        rollout(POD, going, progressed_at=AT - SECOND).unfinished(SETTLING)
    (said,) = rollout(POD, going).unfinished(SETTLING)
    assert "payments-old-1 was told to go and still serves" in said
    gone = replace(going, containers=(replace(CONTAINER, state="terminated", exit_code=0),))
    assert not rollout(POD, gone).unfinished(SETTLING)


def test_a_paused_rollout_is_a_finding_even_where_it_is_complete() -> None:
    """The next release would change nothing."""
    (said,) = rollout(paused=True).unfinished(SETTLING)
    assert "paused" in said
    assert rollout(paused=True, **UNDER_WAY).unfinished(SETTLING)


def test_pods_that_cannot_be_made_are_a_finding_at_once() -> None:
    """A quota does not go away by waiting."""
    said = rollout(refused="exceeded quota: pods=10", **UNDER_WAY).unfinished(SETTLING)
    assert "cannot be made: exceeded quota" in said[0]


def test_a_pod_that_is_only_just_starting_is_not_known_yet() -> None:
    """A pod that was replaced a moment ago is no failed release."""
    with pytest.raises(Unobserved, match="1 of 2 pods are available"):
        rollout(POD, STARTING, available=1).unfinished(SETTLING)
    assert rollout(POD, replace(STARTING, created_at=AT - timedelta(hours=1)), available=1).unfinished(SETTLING)


@pytest.mark.parametrize("reason", ["CrashLoopBackOff", "ImagePullBackOff", "CreateContainerConfigError"])
def test_a_pod_in_trouble_is_a_finding_with_its_reason(reason: str) -> None:
    """However young it is, it is not starting."""
    waiting = replace(STARTING, containers=(replace(STARTING.containers[0], reason=reason),))
    (said,) = rollout(POD, waiting, available=1).unfinished(SETTLING)
    assert f"1 of 2 pods are available (payments-new-2: payments is waiting: {reason})" in said


def test_a_pod_that_no_node_takes_says_so() -> None:
    """Its containers have no state at all."""
    lost = replace(STARTING, node=None, phase="Pending", containers=(), created_at=AT - timedelta(hours=1))
    (said,) = rollout(POD, lost, available=1).unfinished(SETTLING)
    assert "no node takes it" in said


def test_fewer_pods_than_wanted_are_a_finding_where_nothing_is_under_way() -> None:
    """The rollout was complete once, and a pod has gone since that nobody replaces."""
    assert rollout(POD, updated=1, total=1, available=1).unfinished(SETTLING)


def test_a_deployment_that_is_not_there_is_a_finding_beside_others_only() -> None:
    """Among others it is missing; in an empty namespace, or one that is not ours, nobody can say."""
    missing = replace(rollout(), seen=None, replica_sets=(), pods=())
    for found in (missing.unfinished(SETTLING), missing.wrong_replicas()):
        assert "there is no Deployment payments in namespace platform" in found[0]
    with pytest.raises(Unobserved, match="holds no Deployment at all"):
        replace(missing, beside=0).unfinished(SETTLING)
