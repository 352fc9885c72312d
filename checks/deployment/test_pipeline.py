"""Deployment Procedure, steps 1 to 3: the release was linted, tested, tagged and built, as this very commit."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.probes.release import rules_of
from apgms_ops.probes.release_build_facts import ReleaseBuild
from apgms_ops.probes.release_commit import ReleaseCommit
from apgms_ops.probes.release_tag import ReleaseTag

pytestmark = pytest.mark.control("certification")


@pytest.mark.runbook("deployment-procedure", 1)
def test_required_checks_succeeded(release_commit: ReleaseCommit) -> None:
    """On the release's own commit every required check ran and concluded success."""
    assert not release_commit.not_green()


@pytest.mark.runbook("deployment-procedure", 1)
def test_tests_ran_and_passed(release_commit: ReleaseCommit) -> None:
    """The results that the tests left for this commit show more than none, and none that failed."""
    assert not release_commit.untested()


@pytest.mark.runbook("deployment-procedure", 2)
def test_the_tag_is_well_made(release_tag: ReleaseTag) -> None:
    """The release is an annotated tag vMAJOR.MINOR.PATCH on the remote."""
    assert not release_tag.ill_made()


@pytest.mark.runbook("deployment-procedure", 2)
def test_the_tag_is_on_main(release_tag: ReleaseTag) -> None:
    """The tag stands for a commit of main."""
    assert not release_tag.off_branch()


@pytest.mark.runbook("deployment-procedure", 2)
def test_the_tag_was_not_moved(release_tag: ReleaseTag) -> None:
    """The tag stands for the commit that its run was for, and that what runs was built from."""
    assert not release_tag.moved()


@pytest.mark.runbook("deployment-procedure", 3)
def test_the_release_was_built(release_build: ReleaseBuild, environment: Environment) -> None:
    """A run of the release workflow for this tag and this commit ended in success."""
    assert not release_build.not_built(rules_of(environment))


@pytest.mark.runbook("deployment-procedure", 3)
def test_every_required_job_succeeded(release_build: ReleaseBuild, environment: Environment) -> None:
    """Every required job of that run ran and succeeded, none of them only when it was run again."""
    assert not release_build.jobs_missing(rules_of(environment))


@pytest.mark.runbook("deployment-procedure", 3)
def test_artifacts_are_there(release_build: ReleaseBuild, environment: Environment) -> None:
    """That run's artifacts are there, have not expired, and speak of every service."""
    assert not release_build.artifacts_missing(rules_of(environment))


@pytest.mark.runbook("deployment-procedure", 3)
def test_no_image_is_known_to_be_vulnerable(release_build: ReleaseBuild, environment: Environment) -> None:
    """In the images that were built the scanner found nothing worse than the environment accepts."""
    assert not release_build.vulnerable(rules_of(environment))
