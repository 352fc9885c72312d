"""The sandboxes that these tests share."""

import os
from collections.abc import Iterator

import pytest

from apgms_ops.sandbox.world import World
from tests.faults.sandboxes import Sandboxes


@pytest.fixture(scope="package")
def sandboxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandboxes]:
    """Healthy sandboxes of these tests' own, whose processes are not measured: that halves their pace."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
            patch.delenv(name)
        with Sandboxes(tmp_path_factory.mktemp("faults")) as found:
            yield found


@pytest.fixture
def sandbox(sandboxes: Sandboxes) -> World:
    """The sandbox that is there now."""
    return sandboxes.world
