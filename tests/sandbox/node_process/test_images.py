"""What an image's name stands for on a node."""

import json
from pathlib import Path

import pytest

from apgms_ops.sandbox import images as registry
from apgms_ops.sandbox.node_process.images import Images, PullFailedError, resolve
from apgms_ops.sandbox.source import image_digest
from apgms_ops.sandbox.world import World

MADE_OF = {"service": "audit", "version": "v1", "git_sha": "a" * 40, "built_at": "2026-01-01T00:00:00Z"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Make a world."""
    world = World(tmp_path / "root", cache=tmp_path / "cache")
    world.set("begun", "yes")
    return world


def test_an_image_is_called_by_the_digest_that_its_release_says(world: World) -> None:
    """The registry and the release work the digest out alike."""
    assert registry.push(world, "audit", "v1", MADE_OF) == image_digest("audit", "v1", "a" * 40, "2026-01-01T00:00:00Z")


def test_a_tag_that_was_moved_is_another_image_only_where_it_is_pulled_again(world: World) -> None:
    """A node that has the tag keeps what it had: the same name, two images."""
    first = registry.push(world, "audit", "v1", MADE_OF)
    node, late = Images(registry.path(world)), Images(registry.path(world))
    reference = registry.reference("audit", "v1")
    assert node.pull(reference).digest == first
    second = registry.push(world, "audit", "v1", MADE_OF | {"git_sha": "b" * 40})
    kept = node.present(reference)
    assert kept is not None
    assert kept.digest == first
    assert late.pull(reference).identity == f"{registry.repository('audit')}@{second}"
    assert registry.move(world, "audit", "v1", first) == second
    assert node.pull(reference).digest == first


def test_an_image_is_had_by_its_digest_as_well(world: World) -> None:
    """Whatever its tags are by then."""
    digest = registry.push(world, "audit", "v1", MADE_OF)
    registry.move(world, "audit", "v1", "")
    found = Images(registry.path(world)).pull(f"{registry.repository('audit')}@{digest}")
    assert found.manifest == MADE_OF


@pytest.mark.parametrize("reference", ["{}:v2", "{}", "{}@sha256:0", "other/audit:v1"])
def test_what_the_registry_does_not_know_cannot_be_pulled(world: World, reference: str) -> None:
    """Another tag, no tag, another digest, another repository."""
    registry.push(world, "audit", "v1", MADE_OF)
    known = json.loads(registry.path(world).read_text())["registry"]
    with pytest.raises(PullFailedError, match="not found"):
        resolve(known, reference.format(registry.repository("audit")))


def test_a_registry_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    """Nothing is pulled, and the reason is told."""
    with pytest.raises(PullFailedError, match="does not answer"):
        Images(tmp_path / "none.json").pull("a:b")
