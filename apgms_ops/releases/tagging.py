"""Tags a release: what must be so before, the steps, and nothing half-done."""

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Github
from apgms_ops.errors import ConfigurationError, Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.release import Release, short
from apgms_ops.probes.release_commit import read_commit
from apgms_ops.probes.release_tag import VERSION
from apgms_ops.releases.checkout import Checkout

if TYPE_CHECKING:
    from apgms_ops.clients.github import GithubClient

_UNDOING = 10.0
"""Seconds for taking a tag back that could not be pushed."""


@dataclass(frozen=True, slots=True)
class Tagging:
    """A tag that may be made: everything that must be so before it was looked at."""

    version: str
    sha: str
    message: str
    remote: str

    @property
    def steps(self) -> tuple[str, ...]:
        """What is run, as one would type it."""
        return (
            f'git tag --annotate --message "{self.message}" {self.version} {self.sha}',
            f"git push {self.remote} refs/tags/{self.version}",
        )


def prepare(
    checkout: Checkout, github: "GithubClient", rules: Github, version: str, deadline: Deadline
) -> Tagging | Findings:
    """Return the tag that may be made, or what speaks against it.

    Args:
        checkout: The clone that the tag is made in.
        github: The repository that it is pushed to.
        rules: What is required of a release.
        version: vMAJOR.MINOR.PATCH.
        deadline: For all of it.

    Raises:
        ConfigurationError: The version is none.
        Unobserved: Something that must be so could not be found out.
    """
    if not VERSION.fullmatch(version):
        msg = f"expected a version such as v1.4.3, not {version!r}"
        raise ConfigurationError(msg)
    sha = checkout.head(deadline)
    found = list(_unfit(checkout, rules, deadline))
    newest = github.branch(rules.branch, deadline)
    if sha != newest:
        found.append(f"{short(sha)} is checked out; {rules.branch} on GitHub is at {short(newest)}")
    at_remote = checkout.remote_ref(f"refs/heads/{rules.branch}", deadline)
    if at_remote != newest:
        where = f"at {short(at_remote)}" if at_remote else "not there"
        found.append(f"{rules.branch} at the remote {checkout.remote} is {where}: is that the same repository?")
    if checkout.has_tag(version, deadline):
        found.append(f"the clone has a tag {version} already")
    if github.tag_ref(version, deadline, proof=rules.branch) is not None:
        found.append(f"there is a tag {version} on GitHub already; a release's tag is never moved")
    if found:
        return Findings(found)
    # Last, for only now it is known that this is the commit.
    commit = read_commit(github, rules, Release(version, None, "the command"), sha, deadline)
    found += (*commit.not_green(), *commit.untested())
    return Findings(found) if found else Tagging(version, sha, f"Release {version}", checkout.remote)


def carry_out(tagging: Tagging, checkout: Checkout, github: "GithubClient", rules: Github, deadline: Deadline) -> None:
    """Make the tag and push it; see that it is there. A tag that could not be pushed is taken back.

    Raises:
        Unobserved: It could not be made or pushed, or is not there as it should be.
    """
    checkout.tag(tagging.version, tagging.message, tagging.sha, deadline)
    try:
        checkout.push_tag(tagging.version, deadline)
    except BaseException:
        with contextlib.suppress(Unobserved):  # what could not be pushed is the news
            checkout.delete_tag(tagging.version, Deadline(_UNDOING))
        raise
    ref = github.tag_ref(tagging.version, deadline, proof=rules.branch)
    target = None if ref is None else github.tag_object(ref.sha, deadline).target
    if target != tagging.sha:
        msg = f"{tagging.version} was pushed, and GitHub says that it stands for {target or 'nothing'}"
        raise Unobserved(msg)


def _unfit(checkout: Checkout, rules: Github, deadline: Deadline) -> Findings:
    found: list[str] = []
    branch = checkout.branch(deadline)
    if branch != rules.branch:
        found.append(f"{branch or 'no branch'} is checked out, not {rules.branch}")
    changes = checkout.changes(deadline)
    if changes:
        more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
        found.append(f"the work tree is not clean: {changes[0].strip()}{more}")
    return Findings(found)
