"""Runbook, Deployment Procedure, step 2: whether the tag is one, on main, and where the release was built from."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.github.facts import Ancestry, Ref, TagKind, TagObject
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, Github
from apgms_ops.errors import AccessDenied, Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.probe import probe
from apgms_ops.probes.release import Release, rules_of, running_release, short

if TYPE_CHECKING:
    from apgms_ops.clients.github import GithubClient
    from apgms_ops.estate import Estate

VERSION: Final = re.compile(r"v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
"""vMAJOR.MINOR.PATCH."""
_COMMIT: Final = "commit"


@dataclass(frozen=True, slots=True)
class TagRun:
    """A run of the release workflow for this tag."""

    id: int
    sha: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseTag:
    """The tag of the release, as it is on the remote."""

    release: Release
    branch: str
    """The branch that releases are on."""
    ref: Ref | None
    """None: there is no such tag."""
    annotation: TagObject | None
    """None: the tag is lightweight."""
    ancestry: Ancestry | None
    """How the branch stands to the tag's commit; None where there is no commit."""
    runs: tuple[TagRun, ...]
    runs_unread: str | None
    """Why the runs could not be read."""

    @property
    def commit(self) -> str | None:
        """The commit that the tag stands for; None where there is none."""
        if self.annotation is not None:
            return self.annotation.target if self.annotation.target_kind == _COMMIT else None
        return self.ref.sha if self.ref is not None and self.ref.kind is TagKind.LIGHTWEIGHT else None

    def ill_made(self) -> Findings:
        """Say what keeps it from being an annotated tag vMAJOR.MINOR.PATCH on the remote."""
        tag = self.release.tag
        found = [] if VERSION.fullmatch(tag) else [f"{tag} is not of the form vMAJOR.MINOR.PATCH"]
        if self.ref is None:
            found.append(f"there is no tag {tag} on the remote")
        elif self.annotation is None:
            found.append(f"{tag} is a lightweight tag: nobody is named who made it, nor when")
        else:
            if self.annotation.name != tag:
                found.append(f"what {tag} points to is the annotation of {self.annotation.name}")
            if self.annotation.target_kind != _COMMIT:
                found.append(f"{tag} stands for a {self.annotation.target_kind}, not for a commit")
        return Findings(found)

    def off_branch(self) -> Findings:
        """Say whether its commit is not on the branch.

        Raises:
            Unobserved: There is no commit to look for.
        """
        commit = self._require_commit()
        if self.ancestry in (Ancestry.AHEAD, Ancestry.IDENTICAL):
            return Findings()
        how = "has diverged from it" if self.ancestry is Ancestry.DIVERGED else "is behind it"
        return Findings((f"{self.release.tag} stands for {short(commit)}, which is not on {self.branch}: that {how}",))

    def moved(self) -> Findings:
        """Say what was built, or runs, from another commit than the tag stands for now.

        Raises:
            Unobserved: There is no commit, or no run that it could have been moved since.
        """
        commit = self._require_commit()
        found = [
            f"{self.release.tag} stands for {short(commit)}; its run {run.id} of {run.created_at:%Y-%m-%d %H:%M} UTC "
            f"was for {short(run.sha)}: the tag was moved"
            for run in self.runs
            if run.sha != commit
        ]
        sha = self.release.sha
        if sha is not None and sha != commit:
            found.append(
                f"{self.release.tag} stands for {short(commit)}; what runs says it was built from {short(sha)}"
            )
        if not found and self.runs_unread is not None:
            raise Unobserved(self.runs_unread)
        if not found and not self.runs:
            msg = f"there is no run for {self.release.tag}, so that nobody can tell whether it was moved since"
            raise Unobserved(msg)
        return Findings(found)

    def _require_commit(self) -> str:
        if self.commit is None:
            msg = f"there is no tag {self.release.tag} on the remote that stands for a commit"
            raise Unobserved(msg)
        return self.commit


@probe(deadline=40.0)
def release_tag(
    github: "GithubClient", estate: "Estate", environment: Environment, release: str | None, deadline: Deadline
) -> ReleaseTag:
    """The tag of the release: what it is, what it stands for, whether that is on main, and what ran for it."""
    return read_tag(github, rules_of(environment), running_release(estate, release, deadline), deadline)


def read_tag(github: "GithubClient", rules: Github, found: Release, deadline: Deadline) -> ReleaseTag:
    """Read a release's tag."""
    ref = github.tag_ref(found.tag, deadline, proof=rules.branch)
    annotation = github.tag_object(ref.sha, deadline) if ref is not None and ref.kind is TagKind.ANNOTATED else None
    runs, unread = _runs(github, rules.workflow, found.tag, deadline)
    tag = ReleaseTag(found, rules.branch, ref, annotation, None, runs, unread)
    if tag.commit is None:
        return tag
    # The branch may move while it is looked at: its commit is fixed first.
    ancestry = github.ancestry(tag.commit, github.branch(rules.branch, deadline), deadline)
    return ReleaseTag(found, rules.branch, ref, annotation, ancestry, runs, unread)


def _runs(github: "GithubClient", workflow: str, tag: str, deadline: Deadline) -> tuple[tuple[TagRun, ...], str | None]:
    try:
        runs = github.runs(workflow, deadline, branch=tag)
    except AccessDenied as error:
        # What can be said of the tag itself does not hang on it.
        return (), str(error)
    return tuple(TagRun(run.id, run.head_sha, run.created_at) for run in runs), None
