"""GitHub's stand-in over the platform's repository, without the rest of the sandbox."""

from collections.abc import Iterator

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.github import Github
from apgms_ops.sandbox.source import PlatformSource
from apgms_ops.sandbox.startup import Startup
from apgms_ops.sandbox.world import World


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start both, and take them down at the end."""
    world = World(tmp_path_factory.mktemp("github") / "sandbox", report=lambda _line: None)
    try:
        Startup((PlatformSource(), Github()), world, Deadline(60)).run(lambda _doing, _seconds: None)
        yield world
    finally:
        world.destroy(Deadline(30))
