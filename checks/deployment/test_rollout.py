"""Deployment Procedure, step 4: this release is rolled out, all of it and nothing else."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.probes.migrations import Migrations
from apgms_ops.probes.pod_versions import PodVersions
from apgms_ops.probes.release_build_facts import ReleaseBuild
from apgms_ops.probes.rollout_facts import Rollouts

pytestmark = [pytest.mark.runbook("deployment-procedure", 4), pytest.mark.control("certification")]


def test_the_deployment_is_rolled_out(rollouts: Rollouts, environment: Environment, service: str) -> None:
    """Every pod is of the wanted template and available, and nothing of an older release serves any more."""
    assert not rollouts.of(service).unfinished(environment.deployment.settling_time)


def test_as_many_replicas_are_wanted_as_declared(rollouts: Rollouts, service: str) -> None:
    """The Deployment wants as many replicas as must run; not none, above all."""
    assert not rollouts.of(service).wrong_replicas()


def test_every_container_is_the_releases_image(
    rollouts: Rollouts, release_build: ReleaseBuild, environment: Environment, service: str
) -> None:
    """Every running container is, by its digest, the image that the release built."""
    sidecars = environment.services[service].sidecars
    assert not rollouts.of(service).foreign(release_build.digest_of(service), sidecars)


def test_every_pod_says_that_it_is_the_release(
    pod_versions: PodVersions, release_build: ReleaseBuild, environment: Environment, service: str
) -> None:
    """Every ready pod, asked for itself, names the release's tag and commit, and this environment."""
    pinned = environment.identities.services
    assert not pod_versions.of(service).strange(release_build.release.tag, release_build.sha, pinned)


def test_all_pods_are_of_one_release(pod_versions: PodVersions) -> None:
    """No two ready pods, of whichever service, name different releases."""
    assert not pod_versions.mixed()


def test_every_migration_is_applied(migrations: Migrations, environment: Environment) -> None:
    """The database has been through every migration that the release needs."""
    assert not migrations.missing(environment.deployment.migrations)
