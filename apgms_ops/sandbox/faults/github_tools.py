"""The names of the checks that look at GitHub, and how a fault changes what GitHub knows."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import github
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.faults import standins
from apgms_ops.sandbox.faults.deployment_tools import IMAGES, VERSIONS
from apgms_ops.sandbox.faults.fault import DEPLOYMENT
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

CHECKS: Final = "checks/deployment/test_pipeline.py::"
GREEN: Final = f"{CHECKS}test_required_checks_succeeded"
TESTED: Final = f"{CHECKS}test_tests_ran_and_passed"
WELL_MADE: Final = f"{CHECKS}test_the_tag_is_well_made"
ON_MAIN: Final = f"{CHECKS}test_the_tag_is_on_main"
UNMOVED: Final = f"{CHECKS}test_the_tag_was_not_moved"
BUILT: Final = f"{CHECKS}test_the_release_was_built"
JOBS: Final = f"{CHECKS}test_every_required_job_succeeded"
ARTIFACTS: Final = f"{CHECKS}test_artifacts_are_there"
SAFE: Final = f"{CHECKS}test_no_image_is_known_to_be_vulnerable"
COMMIT: Final = (GREEN, TESTED)
TAG: Final = (WELL_MADE, ON_MAIN, UNMOVED)
BUILD: Final = (BUILT, JOBS, ARTIFACTS, SAFE)
PIPELINE: Final = (*COMMIT, *TAG, *BUILD)
ROLLED: Final = (IMAGES, VERSIONS)
"""What compares the pods with the release as it was built."""
_INDEX: Final = "checks/compliance/test_evidence_index.py::"
CURRENT: Final = f"{_INDEX}test_the_index_is_of_the_release_that_runs"
UNEDITED: Final = f"{_INDEX}test_the_index_was_not_edited"
LINKED: Final = f"{_INDEX}test_what_the_index_links_is_there"
GOOD: Final = f"{_INDEX}test_what_is_indexed_is_good_evidence"
INDEX: Final = (CURRENT, UNEDITED, LINKED, GOOD)
UNKNOWN: Final[Mapping[str, Verdict]] = dict.fromkeys((*PIPELINE, *ROLLED, *INDEX), Verdict.UNKNOWN)
"""What is left where GitHub, or which release runs, cannot be asked."""

Records = list[dict[str, Any]]


def order(world: World, path: str, body: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
    """Give the stand-in an order and return its answer.

    Raises:
        SandboxError: It refuses, or does not answer.
    """
    return standins.order(world, github.NAME, path, body, deadline)


def records(world: World, collection: str, deadline: Deadline, **wanted: Any) -> Records:  # noqa: ANN401 — JSON
    """Return the records with these values.

    Raises:
        SandboxError: There is none.
    """
    every = require(world.port(f"{github.NAME}.control"), f"/records/{collection}", deadline)["records"]
    found = [one for one in every if all(one.get(name) == value for name, value in wanted.items())]
    if not found:
        msg = f"github has no record of {collection} with {wanted}"
        raise SandboxError(msg)
    return found


def release_run(world: World, deadline: Deadline) -> int:
    """Return the id of the run that built the release that the sandbox runs."""
    wanted = {"workflow": "release", "branch": world.get("release.tag"), "sha": world.get("release.sha")}
    return int(records(world, "runs", deadline, **wanted)[-1]["id"])


def test_run(world: World, deadline: Deadline) -> int:
    """Return the id of the run that tested the commit of that release."""
    return int(records(world, "runs", deadline, workflow="ci", sha=world.get("release.sha"))[-1]["id"])


class RecordsFault(standins.RecordsFault):
    """GitHub knows something else than before. What it knew is what heals it."""

    component = github.NAME
    reach = DEPLOYMENT


class Edited(RecordsFault):
    """Records with other values than before."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Change them."""
        body = {"collection": self.collection, "wanted": self.wanted(world, deadline), "values": self.values(world)}
        return order(world, "/edit", body, deadline)

    @abstractmethod
    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return what tells the records."""

    @abstractmethod
    def values(self, world: World) -> dict[str, Any]:
        """Return what is set."""


class Removed(RecordsFault):
    """Records that are not there."""

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Take them away."""
        wanted = self.wanted(world, deadline)
        return order(world, "/remove", {"collection": self.collection, "wanted": wanted}, deadline)

    @abstractmethod
    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return what tells the records."""
