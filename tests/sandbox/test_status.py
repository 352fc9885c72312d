"""A sandbox is well if all that should live does, and all of it says that it is ready."""

from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.status import inspect
from apgms_ops.sandbox.world import World


class Part(Component):
    """A component that was or was not started."""

    def __init__(self, name: str, *, lives: bool, failure: str = "") -> None:
        """Take its name, whether it has processes, and why it is not ready."""
        self.name, self.lives, self._failure = name, lives, failure  # type: ignore[misc]  # class variables elsewhere

    def install(self, world: World, deadline: Deadline) -> None:
        """Need nothing."""

    def start(self, world: World, deadline: Deadline) -> None:
        """Do nothing."""

    def ready(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — the interface's
        """Be ready, or say why not."""
        if self._failure:
            raise SandboxError(self._failure)


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (Part("step", lives=False), None),
        (Part("step", lives=False, failure="topics are missing:\nmore"), "topics are missing"),
        (Part("server", lives=True), "was not started"),
    ],
)
def test_what_has_no_process_is_as_well_as_it_says(tmp_path: Path, part: Part, problem: str | None) -> None:
    """A step of the start is well as long as it says so; a component without its processes was not started."""
    world = World(tmp_path / "root", cache=tmp_path / "cache")
    world.set("phase", "up")
    found = inspect(world, [part], Deadline(10))
    assert found.components[0].problem == problem
    assert found.well is (problem is None)
