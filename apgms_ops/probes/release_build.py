"""Runbook, Deployment Procedure, step 3: reads the release run, its jobs, and what it left behind."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from apgms_ops.clients.github.facts import Artifact, Member, TagKind, WorkflowRun
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import BadAnswer, Incomplete, Unobserved
from apgms_ops.probes import image_reports
from apgms_ops.probes.probe import probe
from apgms_ops.probes.release import rules_of, running_release
from apgms_ops.probes.release_build_facts import ReleaseBuild

if TYPE_CHECKING:
    from apgms_ops.clients.github import GithubClient
    from apgms_ops.estate import Estate

T = TypeVar("T")


@probe(deadline=45.0)
def release_build(
    github: "GithubClient", estate: "Estate", environment: Environment, release: str | None, deadline: Deadline
) -> ReleaseBuild:
    """The release run of this very tag and commit: its jobs, its artifacts, and what those say of the images."""
    rules = rules_of(environment)
    found = running_release(estate, release, deadline)
    at = github.repository(deadline).server_time
    ref = github.tag_ref(found.tag, deadline, proof=rules.branch)
    if ref is None:
        msg = f"there is no tag {found.tag} on the remote that a run could be for"
        raise Unobserved(msg)
    tag = github.tag_object(ref.sha, deadline) if ref.kind is TagKind.ANNOTATED else None
    sha = ref.sha if tag is None else tag.target
    runs = github.runs(rules.workflow, deadline, branch=found.tag)
    own = [run for run in runs if run.head_sha == sha]
    run = max(own, key=lambda run: (run.created_at, run.id), default=None)
    reader = _Artifacts(github, run, deadline)
    names = rules.artifacts
    return ReleaseBuild(
        release=found,
        sha=sha,
        tagged_at=None if tag is None else tag.tagged_at,
        at=at,
        workflow=rules.workflow,
        services=tuple(environment.services),
        others=tuple(dict.fromkeys(other.head_sha for other in runs if other.head_sha != sha)),
        run=run,
        jobs=() if run is None else github.jobs(run.id, deadline),
        artifacts=reader.listed,
        digests=reader.read(names.images, image_reports.digests) or {},
        parts=reader.read(names.sbom, image_reports.parts) or {},
        scans=reader.read(names.scan, image_reports.scans) or (),
        unread=reader.unread,
    )


class _Artifacts:
    """The artifacts of a run, each read for itself: that one is damaged says nothing of the others."""

    def __init__(self, github: "GithubClient", run: WorkflowRun | None, deadline: Deadline) -> None:
        self._github = github
        self._deadline = deadline
        self.listed: tuple[Artifact, ...] = () if run is None else github.artifacts(run.id, deadline)
        self.unread: dict[str, str] = {}

    def read(self, name: str, parse: Callable[[Sequence[Member]], T]) -> T | None:
        """Return what the files of an artifact say; None where there is none, or where that is written in `unread`."""
        good = [artifact for artifact in self.listed if artifact.name == name and not artifact.expired]
        if not good:
            return None
        newest = max(good, key=lambda artifact: artifact.id)
        try:
            return parse(self._github.download(newest, self._deadline))
        except (BadAnswer, Incomplete) as error:
            self.unread[name] = str(error)
            return None
