"""The platform's repository in the sandbox is a real one: two releases on main, and a branch that never came there."""

import json
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.source import SERVICES, PlatformSource, git, image_digest
from apgms_ops.sandbox.world import World

pytestmark = pytest.mark.sandbox


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Make a world with the repository in it."""
    world = World(tmp_path / "root", cache=tmp_path / "cache")
    component, deadline = PlatformSource(), Deadline(30)
    component.install(world, deadline)
    component.start(world, deadline)
    component.ready(world, deadline)
    return world


def test_the_releases_are_annotated_tags_on_main(world: World) -> None:
    """Both releases are annotated tags, the earlier one an ancestor of the later, and the later one of main."""
    deadline = Deadline(30)
    for key in ("release", "release.previous"):
        tag = world.get(f"{key}.tag")
        assert git(world, ["cat-file", "-t", tag], deadline) == "tag"
        assert git(world, ["rev-parse", f"{tag}^{{commit}}"], deadline) == world.get(f"{key}.sha")
    previous, current = world.get("release.previous.sha"), world.get("release.sha")
    git(world, ["merge-base", "--is-ancestor", previous, current], deadline)
    git(world, ["merge-base", "--is-ancestor", current, "main"], deadline)
    with pytest.raises(SandboxError, match="merge-base failed"):
        git(world, ["merge-base", "--is-ancestor", "hotfix/rounding", "main"], deadline)


def test_a_second_start_changes_nothing(world: World) -> None:
    """Starting again neither makes the repository anew nor publishes another release."""
    before = world.values()
    PlatformSource().start(world, Deadline(30))
    assert world.values() == before


def test_the_repository_is_sound(world: World) -> None:
    """Everything that the history is made of is there and well-formed, says git itself."""
    assert not git(world, ["fsck", "--strict", "--no-progress"], Deadline(30))


def test_each_service_has_a_digest_of_its_own(world: World) -> None:
    """An image is told apart by service, version, commit and time of the build."""
    digests = json.loads(world.get("release.digests"))
    assert set(digests) == set(SERVICES)
    everything = {*digests.values(), *json.loads(world.get("release.previous.digests")).values()}
    assert len(everything) == 2 * len(SERVICES)
    version, sha, at = world.get("release.tag"), world.get("release.sha"), world.get("release.built_at")
    assert digests["audit"] == image_digest("audit", version, sha, at)
    assert digests["audit"] != image_digest("audit", version, sha, world.get("release.previous.built_at"))
