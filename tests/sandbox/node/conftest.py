"""The stand-in API with a node."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import images, workloads
from apgms_ops.sandbox.cluster.api import namespaced
from apgms_ops.sandbox.kubernetes.component import Kubernetes
from apgms_ops.sandbox.kubernetes.objects import PLATFORM
from apgms_ops.sandbox.node import Node
from apgms_ops.sandbox.platform import TEMPLATE
from apgms_ops.sandbox.source import PlatformSource
from apgms_ops.sandbox.startup import Startup
from apgms_ops.sandbox.world import World
from tests.sandbox.node.tiny_service import eventually, manifest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The stand-in API and the node, with two tiny images."""
    world = World(tmp_path_factory.mktemp("node") / "sandbox", report=lambda _line: None)
    world.set(TEMPLATE, str(ROOT / "environments" / "sandbox.toml"))
    try:
        components = (PlatformSource(), Kubernetes(), Node())
        Startup(components, world, Deadline(60)).run(lambda _doing, _seconds: None)
        for version in ("v1", "v2"):
            images.push(world, "tiny", version, manifest(version, world.folder("tiny")))
        yield world
    finally:
        world.destroy(Deadline(30))


@pytest.fixture
def app(world: World, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return a name for a Deployment, which is deleted at the end."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:30].strip("-")
    yield name
    workloads.admin(world).delete(namespaced("apps/v1", PLATFORM, "deployments", name))
    eventually(lambda: not workloads.pods(world, name))
