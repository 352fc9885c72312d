"""A release run that looks green and is not, or that left less behind than a release is made of."""

import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import github
from apgms_ops.sandbox.faults.deployment_tools import IMAGES
from apgms_ops.sandbox.faults.fault import DEPLOYMENT, Fault
from apgms_ops.sandbox.faults.github_tools import (
    ARTIFACTS,
    BUILD,
    BUILT,
    JOBS,
    ROLLED,
    SAFE,
    UNMOVED,
    Edited,
    Removed,
    order,
    records,
    release_run,
)
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_LONG: Final = 1e9
"""Seconds: it does not end while anybody looks."""
_AHEAD: Final = 600.0
"""Seconds."""


class _Job(Edited):
    """A job of the release run came to something else."""

    collection = "jobs"
    expected: ClassVar[Mapping[str, Verdict]] = {JOBS: Verdict.FAIL}
    job: ClassVar[str] = "scan"
    conclusion: ClassVar[str]

    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return the job."""
        return {"run": release_run(world, deadline), "name": self.job}

    def values(self, world: World) -> dict[str, Any]:  # noqa: ARG002 — the same anywhere
        """Return what it came to."""
        return {"conclusion": self.conclusion}


class JobSkipped(_Job):
    """An `if:` that no longer holds: the run is green all the same."""

    id = "github-required-job-skipped"
    title = "A required job of the release run was skipped by its `if:`, and the run ended in success."
    references = ("P3.2",)
    conclusion = "skipped"


class JobFailed(_Job):
    """`continue-on-error` makes a green run of a red job."""

    id = "github-required-job-failed"
    title = "A required job of the release run failed, and the run ended in success."
    conclusion = "failure"


class JobMissing(Removed):
    """The job is no longer in the workflow."""

    id = "github-required-job-missing"
    title = "A required job is not part of the release run."
    collection = "jobs"
    expected: ClassVar[Mapping[str, Verdict]] = {JOBS: Verdict.FAIL}

    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return the job."""
        return {"run": release_run(world, deadline), "name": "publish"}


class GreenRerun(Fault):
    """A job that failed, and succeeded when it was run again: GitHub shows the last attempt alone."""

    id = "github-green-rerun"
    title = "A required job failed at first, and the run is green because it was run again."
    component = github.NAME
    reach = DEPLOYMENT
    expected: ClassVar[Mapping[str, Verdict]] = {JOBS: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let what is there be the second attempt, and the first one red."""
        run = release_run(world, deadline)
        runs = records(world, "runs", deadline, id=run)
        jobs = records(world, "jobs", deadline, run=run)
        order(world, "/edit", {"collection": "runs", "wanted": {"id": run}, "values": {"attempt": 2}}, deadline)
        order(world, "/edit", {"collection": "jobs", "wanted": {"run": run}, "values": {"attempt": 2}}, deadline)
        ended = {"images": "failure", "publish": "skipped"}
        first = [
            {**job, "id": 900_000 + job["id"], "attempt": 1, "conclusion": ended.get(job["name"], "success")}
            for job in jobs
        ]
        order(world, "/put", {"collection": "jobs", "records": first}, deadline)
        return {"runs": runs, "jobs": jobs, "first": [job["id"] for job in first]}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Let the run have succeeded at once."""
        known = {job["id"] for job in records(world, "jobs", deadline)}
        for job in known & set(memo["first"]):
            order(world, "/remove", {"collection": "jobs", "wanted": {"id": job}}, deadline)
        for collection in ("runs", "jobs"):
            order(world, "/put", {"collection": collection, "records": memo[collection]}, deadline)


class _Run(Fault):
    """The release run, and what belongs to it, are changed together."""

    component = github.NAME
    reach = DEPLOYMENT
    values: ClassVar[Mapping[str, Any]]
    jobs: ClassVar[Mapping[str, Any]]
    without_artifacts: ClassVar[bool] = False

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Change run and jobs; take the artifacts away where it has left none."""
        run = release_run(world, deadline)
        memo = {"runs": records(world, "runs", deadline, id=run), "jobs": records(world, "jobs", deadline, run=run)}
        order(world, "/edit", {"collection": "runs", "wanted": {"id": run}, "values": self.at(world)}, deadline)
        for name, values in self.jobs.items():
            order(
                world, "/edit", {"collection": "jobs", "wanted": {"run": run, "name": name}, "values": values}, deadline
            )
        if self.without_artifacts:
            gone = order(world, "/remove", {"collection": "artifacts", "wanted": {"run": run}}, deadline)
            memo["artifacts"] = gone["records"]
        return memo

    def at(self, world: World) -> Mapping[str, Any]:  # noqa: ARG002 — some need it
        """Return what is set of the run."""
        return self.values

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Put everything back."""
        for collection, before in memo.items():
            order(world, "/put", {"collection": collection, "records": before}, deadline)


class RunFailed(_Run):
    """The run ended in failure, and somebody deployed all the same what it had built by then."""

    id = "github-release-run-failed"
    title = "The release run failed at its last job."
    expected: ClassVar[Mapping[str, Verdict]] = {BUILT: Verdict.FAIL, JOBS: Verdict.FAIL}
    values: ClassVar[Mapping[str, Any]] = {"conclusion": "failure"}
    jobs: ClassVar[Mapping[str, Any]] = {"publish": {"conclusion": "failure"}}


class RunStuck(_Run):
    """A runner that never comes: the run was started hours ago."""

    id = "github-release-run-stuck"
    title = "The release run has not ended, long after it was started."
    expected: ClassVar[Mapping[str, Verdict]] = {BUILT: Verdict.FAIL, JOBS: Verdict.UNKNOWN}
    values: ClassVar[Mapping[str, Any]] = {"takes": _LONG}
    jobs: ClassVar[Mapping[str, Any]] = {"publish": {"takes": _LONG}}


class RunWaits(_Run):
    """Deployed before its run has ended."""

    id = "github-release-run-in-progress"
    title = "The release run was started a moment ago, and has left nothing behind yet."
    expected: ClassVar[Mapping[str, Verdict]] = dict.fromkeys((*BUILD, IMAGES), Verdict.UNKNOWN)
    values: ClassVar[Mapping[str, Any]] = {"takes": _LONG}
    jobs: ClassVar[Mapping[str, Any]] = {name: {"takes": _LONG} for name in ("images", "sbom", "scan", "publish")}
    without_artifacts = True

    def at(self, world: World) -> Mapping[str, Any]:
        """Let it begin a little later than now: within the settling time, whenever it is looked at."""
        return {**super().at(world), "at": time.time() + _AHEAD}


class _Artifact(Edited):
    """An artifact of the release run is not what it was."""

    collection = "artifacts"
    artifact: ClassVar[str] = "scan"

    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return the artifact."""
        return {"run": release_run(world, deadline), "name": self.artifact}


class ArtifactsExpired(Edited):
    """Ninety days are over: all are listed, and none can be had."""

    id = "github-artifacts-expired"
    title = "The artifacts of the release run have expired."
    collection = "artifacts"
    references = ("P3.4",)
    expected: ClassVar[Mapping[str, Verdict]] = {
        ARTIFACTS: Verdict.FAIL,
        SAFE: Verdict.UNKNOWN,
        IMAGES: Verdict.UNKNOWN,
    }

    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return all of them."""
        return {"run": release_run(world, deadline)}

    def values(self, world: World) -> dict[str, Any]:  # noqa: ARG002 — the same anywhere
        """Let them expire."""
        return {"expired": True}


class ArtifactMissing(Removed):
    """The upload was left out."""

    id = "github-sbom-missing"
    title = "The release run left no bill of materials."
    collection = "artifacts"
    expected: ClassVar[Mapping[str, Verdict]] = {ARTIFACTS: Verdict.FAIL}

    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Return the artifact."""
        return {"run": release_run(world, deadline), "name": "sbom"}


class ArtifactDamaged(_Artifact):
    """An upload that broke off in its middle."""

    id = "github-scan-damaged"
    title = "The scanner's reports are a zip file that ends in its middle."
    expected: ClassVar[Mapping[str, Verdict]] = {ARTIFACTS: Verdict.UNKNOWN, SAFE: Verdict.UNKNOWN}

    def values(self, world: World) -> dict[str, Any]:  # noqa: ARG002 — the same anywhere
        """Cut it."""
        return {"damaged": True}


class Vulnerable(Fault):
    """The scanner found it, said it in its report, and ended with 0."""

    id = "github-critical-vulnerability"
    title = "The scanner found a critical vulnerability in the image of payments, and its job ended in success."
    component = github.NAME
    reach = DEPLOYMENT
    expected: ClassVar[Mapping[str, Verdict]] = {SAFE: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let the reports be those of another image of payments."""
        wanted = {"run": release_run(world, deadline), "name": "scan"}
        (before,) = records(world, "artifacts", deadline, **wanted)
        report = before["files"]["payments.json"].replace('"Severity": "LOW"', '"Severity": "CRITICAL"')
        values = {"files": {**before["files"], "payments.json": report}}
        return order(world, "/edit", {"collection": "artifacts", "wanted": wanted, "values": values}, deadline)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Put the reports back."""
        order(world, "/put", {"collection": "artifacts", "records": memo["records"]}, deadline)


class WorkflowRenamed(Edited):
    """Whoever asks for release.yaml is told that there is none, or that he may not see it."""

    id = "github-workflow-renamed"
    title = "The release workflow is called release.yml, not release.yaml."
    collection = "workflows"
    references = ("P3.6",)
    expected: ClassVar[Mapping[str, Verdict]] = dict.fromkeys((*BUILD, UNMOVED, *ROLLED), Verdict.UNKNOWN)

    def wanted(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — the same anywhere
        """Return the workflow."""
        return {"name": "release"}

    def values(self, world: World) -> dict[str, Any]:  # noqa: ARG002 — the same anywhere
        """Rename its file."""
        return {"file": "release.yml"}


FAULTS: tuple[type[Fault], ...] = (
    JobSkipped,
    JobFailed,
    JobMissing,
    GreenRerun,
    RunFailed,
    RunStuck,
    RunWaits,
    ArtifactsExpired,
    ArtifactMissing,
    ArtifactDamaged,
    Vulnerable,
    WorkflowRenamed,
)
