"""Follows the rollout of a release in the cluster to its end."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import DeadlineExceeded, Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.rollout_facts import ServiceRollout
from apgms_ops.probes.rollouts import rollouts
from apgms_ops.probes.workloads import namespace_of

if TYPE_CHECKING:
    from apgms_ops.clients.kubernetes.client import KubernetesClient

_BREATH: Final = 0.5
"""Seconds for which changes are let come together: a rollout of one service is a dozen of them."""
_DONE: Final = "rolled out"


def follow(  # noqa: PLR0913 — what is followed, and how
    kubernetes: "KubernetesClient",
    environment: Environment,
    digests: Mapping[str, str],
    deadline: Deadline,
    *,
    every: float,
    report: Callable[[str], None],
) -> Findings:
    """Return nothing once every service runs the release and nothing else, or at once what keeps it from that.

    The cluster is watched, and looked at as the checks of a deployment do whenever a Deployment has changed; now and
    then without that too, for a pod that is told to go changes nothing of its Deployment when it is gone.

    Args:
        kubernetes: The cluster.
        environment: Declares the services, and how long a rollout may be under way.
        digests: Service → digest of the image that the release built of it.
        deadline: For all of it.
        every: Seconds without a change after which it is looked at again.
        report: Takes a line whenever a service's standing has changed.

    Raises:
        DeadlineExceeded: It has not come to its end, or was never begun; the text says where it stands.
        Unobserved: The cluster cannot be watched, or read.
    """
    said: dict[str, str] = {}
    try:
        for _ in kubernetes.follow_deployments(namespace_of(environment), deadline, every=every):
            seen = rollouts.function(kubernetes, environment, deadline)
            found: list[str] = []
            for service in environment.services:
                stuck, standing = _standing(seen.of(service), environment, digests[service])
                found += stuck
                if said.get(service) != standing:
                    said[service] = standing
                    report(f"{service}: {standing}")
            if found or set(said.values()) == {_DONE}:
                return Findings(found)
            deadline.pause(_BREATH, "the rollout")
    except DeadlineExceeded as error:
        open_ = "; ".join(f"{service}: {standing}" for service, standing in said.items() if standing != _DONE)
        msg = f"not rolled out after {deadline.seconds:g} s: {open_ or error}"
        raise DeadlineExceeded(msg) from None
    msg = "the watch ended before the rollout did"
    raise Unobserved(msg)


def _standing(rollout: ServiceRollout, environment: Environment, digest: str) -> tuple[Findings, str]:
    """Return what keeps a service from being rolled out, and where it stands."""
    rules = environment.deployment
    try:
        stuck = rollout.unfinished(rules.settling_time)
    except Unobserved as error:
        return Findings(), str(error)
    if stuck:
        return stuck, "; ".join(stuck)
    try:
        foreign = rollout.foreign(digest, environment.services[rollout.service].sidecars)
    except Unobserved as error:
        return Findings(), str(error)
    # What is complete is another release: this one is still to be deployed.
    return Findings(), "; ".join(foreign) if foreign else _DONE
