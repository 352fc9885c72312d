"""What the faults of the object store have in common."""

from collections.abc import Mapping
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.objectstore import NAME
from apgms_ops.sandbox.world import World

_FILE: Final = "checks/compliance/test_retention.py"
PROTECTED: Final = f"{_FILE}::test_the_archive_protects_what_is_in_it"
ARCHIVED: Final = f"{_FILE}::test_every_sealed_run_is_archived"
LOSABLE: Final = f"{_FILE}::test_archived_runs_cannot_be_lost"
ALL: Final = (PROTECTED, ARCHIVED, LOSABLE)
COMPLIANCE: Final = "checks/compliance/"
"""The only checks that ask it."""


def order(world: World, path: str, body: Mapping[str, Any], deadline: Deadline) -> Any:  # noqa: ANN401 — JSON
    """Give the store an order."""
    return require(world.port(f"{NAME}.control"), path, deadline, dict(body))
