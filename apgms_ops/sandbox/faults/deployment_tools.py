"""The names of the checks of a deployment, and what the faults of one are made with: the cluster's own API."""

import http.client
from collections.abc import Mapping
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import rollouts, workloads
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.cluster.api import namespaced
from apgms_ops.sandbox.faults.services_tools import SERVICES
from apgms_ops.sandbox.kubernetes import objects
from apgms_ops.sandbox.kubernetes.component import CONTROL
from apgms_ops.sandbox.kubernetes.objects import PLATFORM
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_ROLLOUT: Final = "checks/deployment/test_rollout.py::"
ROLLED_OUT: Final = f"{_ROLLOUT}test_the_deployment_is_rolled_out"
REPLICAS: Final = f"{_ROLLOUT}test_as_many_replicas_are_wanted_as_declared"
IMAGES: Final = f"{_ROLLOUT}test_every_container_is_the_releases_image"
VERSIONS: Final = f"{_ROLLOUT}test_every_pod_says_that_it_is_the_release"
ONE: Final = f"{_ROLLOUT}test_all_pods_are_of_one_release"
MIGRATED: Final = f"{_ROLLOUT}test_every_migration_is_applied"
_STABILITY: Final = "checks/deployment/test_stability.py::"
RESTARTS: Final = f"{_STABILITY}test_no_container_was_restarted"
BACKS_OFF: Final = f"{_STABILITY}test_no_pod_backs_off"
_COMPARISON: Final = "checks/deployment/test_comparison.py::"
FAILS_MORE: Final = f"{_COMPARISON}test_no_more_requests_fail"
SLOWER: Final = f"{_COMPARISON}test_requests_are_not_slower"

COMPARISON: Final = (FAILS_MORE, SLOWER)
COMPARED: Final = frozenset(COMPARISON)
"""What notices requests that fail or wait for a service that is away, if the last rollout is a short while ago."""
CLUSTER: Final = (ROLLED_OUT, REPLICAS, IMAGES, VERSIONS, ONE, RESTARTS, BACKS_OFF, *COMPARISON)
"""What is read from the cluster."""
PODS: Final = frozenset({ROLLED_OUT, IMAGES, VERSIONS, ONE, RESTARTS, BACKS_OFF})
"""What notices a pod that is not ready, was replaced a moment ago, or does not answer; what it makes of that depends on
how long ago it was, and on how much of a probe's patience is left."""
BUILT: Final = frozenset({IMAGES, VERSIONS})
"""What compares with the release as it was built, and so needs GitHub as well."""


def of(check: str, service: str) -> str:
    """Return the id of a check of one service."""
    return f"{check}[{service}]"


def gone(service: str) -> dict[str, Verdict]:
    """Return the verdicts where no pod of a service runs, and none may be started again."""
    return held_down(service) | {
        of(IMAGES, service): Verdict.UNKNOWN,
        of(VERSIONS, service): Verdict.UNKNOWN,
        ONE: Verdict.UNKNOWN,
    }


def held_down(service: str) -> dict[str, Verdict]:
    """Return the verdicts where one pod of several has died, and is not started again."""
    return dict.fromkeys((of(ROLLED_OUT, service), of(RESTARTS, service), of(BACKS_OFF, service)), Verdict.FAIL)


def change(world: World, service: str, spec: Mapping[str, Any]) -> None:
    """Change what is wanted of a service's Deployment, by a merge patch of its spec."""
    workloads.admin(world).merge(namespaced("apps/v1", PLATFORM, "deployments", service), {"spec": dict(spec)})


def back(world: World, service: str, deadline: Deadline) -> None:
    """Let a service run the release again, as its component wants it, and return once it does and its groups consume.

    Whatever was changed of its Deployment is undone; pods that have had their troubles are replaced.
    """
    component = SERVICES[service]()
    wanted = objects.deployment(service, rollouts.current(world, service), component.replicas)["spec"]
    pods = wanted["template"] | {"metadata": {"annotations": {rollouts.NOTE: None}}}
    kept = {key: wanted[key] for key in ("replicas", "progressDeadlineSeconds")}
    # All at once: what is undone step by step would be rolled out step by step.
    change(world, service, {**kept, "paused": False, "template": pods})
    component.start(world, deadline)
    component.ready(world, deadline)


def order(world: World, path: str, body: object, deadline: Deadline) -> None:
    """Give the stand-in of Kubernetes an order.

    Raises:
        SandboxError: A real API server answers in its place, which takes none.
    """
    if not world.get(CONTROL, ""):
        msg = "this fault is one of the Kubernetes stand-in: bring the sandbox up without --real-kubernetes"
        raise SandboxError(msg)
    require(world.port(CONTROL), path, deadline, body)


def call_off(world: World, deadline: Deadline) -> None:
    """Call off all that goes wrong with the stand-in of Kubernetes on purpose.

    Raises:
        SandboxError: It does not answer.
    """
    seconds = deadline.require("calling off the troubles of Kubernetes")
    connection = http.client.HTTPConnection("127.0.0.1", world.port(CONTROL), timeout=seconds)
    try:
        connection.request("DELETE", "/troubles")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        msg = f"the Kubernetes stand-in takes no orders: {str(error) or type(error).__name__}"
        raise SandboxError(msg) from error
    finally:
        connection.close()
    if status != http.client.OK:
        msg = f"the Kubernetes stand-in does not call its troubles off: {status}"
        raise SandboxError(msg)
