"""`apgms-ops release rollout` follows real processes that are replaced, and ends where they cannot be."""

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.estate import Estate
from apgms_ops.observation import Findings, Recorder
from apgms_ops.redact import Redactor
from apgms_ops.releases import rolling
from apgms_ops.sandbox import images, rollouts, workloads
from apgms_ops.sandbox.cluster.api import namespaced
from apgms_ops.sandbox.kubernetes.credentials import READER
from apgms_ops.sandbox.kubernetes.objects import PLATFORM
from apgms_ops.sandbox.world import World
from tests.sandbox.node.tiny_service import deployment, manifest

pytestmark = pytest.mark.sandbox


def follow(world: World, app: str, ordered: str) -> tuple[Findings, list[str]]:
    """Order another image as soon as it is told what runs, and follow that with the reader's role."""
    promise = {"kind": "availability", "target": "99.9%", "window": "30d", "source": "none"}
    environment = Environment.model_validate(
        {
            "name": "toy",
            "services": {"tiny": {"deployment": app, "replicas": 2, "objectives": [promise]}},
            "kubernetes": {"context": READER, "kubeconfig": world.get("kubernetes.kubeconfig"), "namespace": PLATFORM},
        }
    )
    digest = images.push(world, "tiny", "v2", manifest("v2", world.folder("tiny")))
    told: list[str] = []

    def report(line: str) -> None:
        told.append(line)
        if len(told) == 1:
            rollouts.order(world, app, images.reference("tiny", ordered))

    kubernetes = Estate(environment, {}, Recorder(Redactor())).kubernetes
    found = rolling.follow(kubernetes, environment, {"tiny": digest}, Deadline(40), every=1.0, report=report)
    return found, told


def test_a_rollout_is_followed_until_nothing_of_the_old_is_left(world: World, app: str) -> None:
    """What runs is of another image, then a rollout is under way, then all of it is the release."""
    ordered = deployment(app, replicas=2)
    ordered["spec"]["minReadySeconds"] = 2  # or all of it is over before it is looked at
    workloads.apply(world, ordered)
    workloads.await_rolled_out(world, app, Deadline(30))
    found, told = follow(world, app, "v2")
    assert not found
    assert "and the release is sha256:" in told[0]
    assert any("a rollout is under way" in line for line in told[1:-1])
    assert told[-1] == "tiny: rolled out"


def test_a_rollout_of_an_image_that_nobody_has_is_stuck(world: World, app: str) -> None:
    """Its progress deadline is exceeded, which ends the following."""
    workloads.apply(world, deployment(app, replicas=2))
    workloads.await_rolled_out(world, app, Deadline(20))
    path = namespaced("apps/v1", PLATFORM, "deployments", app)
    workloads.admin(world).merge(path, {"spec": {"progressDeadlineSeconds": 2}})
    found, _ = follow(world, app, "v9")
    assert "exceeded its progress deadline" in found[0]
