"""GitHub's stand-in over the platform's repository, without the rest of the sandbox."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.github import Github
from apgms_ops.sandbox.source import PlatformSource
from apgms_ops.sandbox.startup import Startup
from apgms_ops.sandbox.world import World
from tests.sandbox.github_process.described import Schema


def started(folder: Path) -> Iterator[World]:
    """Start both, and take them down at the end."""
    world = World(folder / "sandbox", report=lambda _line: None)
    try:
        Startup((PlatformSource(), Github()), world, Deadline(60)).run(lambda _doing, _seconds: None)
        yield world
    finally:
        world.destroy(Deadline(30))


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Both, for all tests that leave the repository as it is."""
    yield from started(tmp_path_factory.mktemp("github"))


@pytest.fixture(scope="package")
def contract() -> Schema:
    """The API description."""
    root = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").is_file())
    path = root.parent / "shared" / "contracts" / "github.json"
    if not path.is_file():
        pytest.skip("no copy of GitHub's API description at ../shared/contracts/github.json")
    found: Schema = json.loads(path.read_text(encoding="utf-8"))
    return found
