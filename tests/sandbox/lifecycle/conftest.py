"""Tiny sandboxes, down when the test is over."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apgms_ops.deadline import Deadline
from tests.sandbox.lifecycle.tiny_sandbox import Sandbox


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Callable[[str], Sandbox]]:
    """Make sandboxes that are down when the test is over."""
    made: list[Sandbox] = []

    def make(name: str) -> Sandbox:
        (tmp_path / name).mkdir()
        made.append(Sandbox(tmp_path / name / "root", tmp_path / "cache"))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.world().destroy(Deadline(10))


@pytest.fixture
def sandbox(new: Callable[[str], Sandbox]) -> Sandbox:
    """Make one sandbox."""
    return new("one")
