"""A rollout is followed by what the checks of a deployment make of it, to its end or to what keeps it from that."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from apgms_ops.clients.kubernetes.facts import Deployment
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, DeadlineExceeded, Unobserved
from apgms_ops.observation import Findings
from apgms_ops.releases import rolling
from tests.probes import cluster as toy

if TYPE_CHECKING:
    from apgms_ops.clients.kubernetes.client import KubernetesClient

OTHER = f"sha256:{'b' * 64}"
NOW = datetime.now(UTC)
MOVING = replace(toy.PROGRESSING, reason="ReplicaSetUpdated", updated_at=NOW)
UNDER_WAY = replace(toy.DEPLOYMENT, updated=0, available=1, total=1, conditions=(MOVING,))
OVERDUE = replace(toy.PROGRESSING, reason="ProgressDeadlineExceeded", message="ReplicaSet gateway-new has timed out")
STUCK = replace(UNDER_WAY, conditions=(OVERDUE,))
BEFORE = replace(
    toy.POD, containers=(replace(toy.CONTAINER, image_id=f"registry.sandbox.example/platform/api-gateway@{OTHER}"),)
)


class Course(toy.Cluster):
    """A cluster that is otherwise each time that it is told of."""

    def __init__(self, *states: Mapping[str, Any]) -> None:
        """Take the states; an error in place of one is raised."""
        super().__init__()
        self.states = states

    def follow_deployments(
        self, _namespace: str, deadline: Deadline, *, every: float
    ) -> Iterator[tuple[Deployment, ...]]:
        """Tell of each state, and then of the last one until time is up."""
        for state in self.states:
            for name, value in state.items():
                setattr(self, name, value)
            yield self.all_deployments
        while True:
            deadline.pause(every, "a change")
            yield self.all_deployments


def follow(course: Course, digest: str = toy.DIGEST) -> tuple[Findings, list[str]]:
    """Follow it without waiting; return what keeps it from its end, and what was told."""
    slept, told = 0.0, list[str]()

    def sleep(seconds: float) -> None:
        nonlocal slept
        slept += seconds

    deadline = Deadline(60, clock=lambda: slept, sleep=sleep)
    kubernetes = cast("KubernetesClient", course)
    found = rolling.follow(
        kubernetes, toy.ENVIRONMENT, {"api-gateway": digest}, deadline, every=5.0, report=told.append
    )
    return found, told


def test_a_rollout_is_followed_to_its_end() -> None:
    """The release before runs, this one is being rolled out, and then it runs: each is told once."""
    before = {"all_pods": (BEFORE,)}
    moving = {"all_deployments": (UNDER_WAY,)}
    done = {"all_deployments": (toy.DEPLOYMENT,), "all_pods": (toy.POD,)}
    found, told = follow(Course(before, before, moving, moving, done))
    assert not found
    first, second, last = told
    assert first.endswith(f"as {OTHER[:19]}, and the release is {toy.DIGEST[:19]}")
    assert second.startswith("api-gateway: gateway: a rollout is under way (0 of 1 pods are of the template")
    assert last == "api-gateway: rolled out"


def test_a_rollout_that_is_stuck_ends_at_once() -> None:
    """Nobody waits until the deadline for what has exceeded its own."""
    found, told = follow(Course({"all_deployments": (UNDER_WAY,)}, {"all_deployments": (STUCK,)}))
    assert "exceeded its progress deadline: ReplicaSet gateway-new has timed out" in found[0]
    assert len(told) == 2


def test_a_release_that_nobody_deploys_is_not_rolled_out() -> None:
    """At the deadline it is said what runs in its place."""
    with pytest.raises(DeadlineExceeded, match=r"not rolled out after 60 s: api-gateway: gateway-new-1: gateway runs"):
        follow(Course({"all_pods": (BEFORE,)}))


def test_pods_that_go_are_waited_for_though_no_deployment_changes() -> None:
    """What is told to go and still serves is looked at again until it is gone."""
    going = replace(toy.POD, name="gateway-old-1", deleting=True, owner_uid="rs-old")
    recent = replace(toy.DEPLOYMENT, conditions=(replace(toy.PROGRESSING, updated_at=NOW),))
    both = {"all_deployments": (recent,), "all_pods": (toy.POD, going)}
    found, told = follow(Course(both, both, {"all_pods": (toy.POD,)}))
    assert not found
    assert "gateway-old-1 was told to go and still serves" in told[0]
    assert told[1:] == ["api-gateway: rolled out"]


def test_what_cannot_be_watched_is_an_error() -> None:
    """A refusal is passed on as it is; a watch that ends by itself is no rollout."""

    class Refusing(Course):
        def follow_deployments(self, *_: object, **__: object) -> Iterator[tuple[Deployment, ...]]:
            msg = "grant watch on deployments.apps"
            raise AccessDenied(msg)

    class Ending(Course):
        def follow_deployments(self, *_: object, **__: object) -> Iterator[tuple[Deployment, ...]]:
            return iter(())

    with pytest.raises(AccessDenied, match="grant watch"):
        follow(Refusing())
    with pytest.raises(Unobserved, match="the watch ended before the rollout did"):
        follow(Ending())
