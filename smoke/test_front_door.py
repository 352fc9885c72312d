"""Deployment Procedure, step 5: the front door is the right one, and closes behind who comes through it."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.probes.journey.door import FrontDoorSeen
from apgms_ops.probes.journey.facts import Journey
from apgms_ops.probes.journey.rules import smoke_of
from apgms_ops.probes.pod_versions import PodVersions

pytestmark = pytest.mark.runbook("deployment-procedure", 5)


def test_the_front_door_is_this_environment(
    front_door_seen: FrontDoorSeen, environment: Environment, release: str | None
) -> None:
    """What answers at the front door is the gateway of this environment, and of the release where one was named."""
    assert not front_door_seen.strange(environment.identities.services, release)


def test_every_pod_runs_what_the_front_door_names(
    front_door_seen: FrontDoorSeen, pod_versions: PodVersions, service: str
) -> None:
    """Every ready pod, not just the one behind the load balancer's choice, names the same version and commit."""
    assert not front_door_seen.unlike(pod_versions.of(service))


@pytest.mark.control("encryption-in-transit")
def test_the_front_door_speaks_tls(front_door_seen: FrontDoorSeen, environment: Environment) -> None:
    """The front door negotiates the declared version of TLS or a newer one, and lets nobody in with an older one."""
    assert not front_door_seen.weak_tls(smoke_of(environment))


def test_the_clocks_agree(journey: Journey, environment: Environment) -> None:
    """Every answer, and the token, are of the present by our clock: times in the evidence can be compared."""
    assert not journey.timing.clocks_off(smoke_of(environment))
