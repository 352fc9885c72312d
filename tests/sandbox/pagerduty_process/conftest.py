"""PagerDuty's stand-in, without the rest of the sandbox."""

from collections.abc import Iterator

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.pagerduty import Pagerduty
from apgms_ops.sandbox.startup import Startup
from apgms_ops.sandbox.world import World


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One process for all tests."""
    made = World(tmp_path_factory.mktemp("pagerduty") / "sandbox", report=lambda _line: None)
    try:
        Startup((Pagerduty(),), made, Deadline(60)).run(lambda _doing, _seconds: None)
        yield made
    finally:
        made.destroy(Deadline(30))
