"""A tag that is not what a release's tag is: gone, moved, lightweight, misnamed, or on another branch."""

import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import github, source_history
from apgms_ops.sandbox.faults.deployment_tools import IMAGES, VERSIONS
from apgms_ops.sandbox.faults.fault import DEPLOYMENT, Fault
from apgms_ops.sandbox.faults.github_tools import (
    ARTIFACTS,
    BUILD,
    BUILT,
    COMMIT,
    JOBS,
    ON_MAIN,
    ROLLED,
    SAFE,
    UNMOVED,
    WELL_MADE,
    records,
    release_run,
)
from apgms_ops.sandbox.faults.github_tools import order as give_order
from apgms_ops.sandbox.source import git, repository
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_NO_RUN: Mapping[str, Verdict] = {
    BUILT: Verdict.FAIL,
    JOBS: Verdict.UNKNOWN,
    ARTIFACTS: Verdict.UNKNOWN,
    SAFE: Verdict.UNKNOWN,
    IMAGES: Verdict.UNKNOWN,
}
"""What is left where no run is for the tag's commit."""
_PERSON: Final = "Robin Platform <robin@platform.example>"
_SHORT: Final = "v1.5"
_LONG_AGO: Final = 2 * 60 * 60
"""Seconds, beyond any settling time: a run that was to begin has begun."""


class _Tag(Fault):
    """The ref of the release's tag was changed, not pushed: as with a token of Actions, nothing is started by it."""

    component = github.NAME
    reach = DEPLOYMENT

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Change it."""
        ref = f"refs/tags/{world.get('release.tag')}"
        before = git(world, ["rev-parse", ref], deadline)
        self.change(world, ref, deadline)
        return {"ref": ref, "before": before}

    @abstractmethod
    def change(self, world: World, ref: str, deadline: Deadline) -> None:
        """Change the ref."""

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Let it point to the tag that it pointed to."""
        git(world, ["update-ref", memo["ref"], memo["before"]], deadline)


class Gone(_Tag):
    """Tagged, and never pushed; or deleted since."""

    id = "github-tag-not-on-the-remote"
    title = "There is no tag of the release on the remote."
    expected: ClassVar[Mapping[str, Verdict]] = {
        WELL_MADE: Verdict.FAIL,
        **dict.fromkeys((ON_MAIN, UNMOVED, *COMMIT, *BUILD, *ROLLED), Verdict.UNKNOWN),
    }

    def change(self, world: World, ref: str, deadline: Deadline) -> None:
        """Delete it."""
        git(world, ["update-ref", "-d", ref], deadline)


class Lightweight(_Tag):
    """`git tag v1.4.2` without `-a`."""

    id = "github-tag-lightweight"
    title = "The release's tag is a lightweight one."
    expected: ClassVar[Mapping[str, Verdict]] = {WELL_MADE: Verdict.FAIL}

    def change(self, world: World, ref: str, deadline: Deadline) -> None:
        """Let the ref point to the commit itself."""
        git(world, ["update-ref", ref, world.get("release.sha")], deadline)


class Moved(_Tag):
    """The tag of a release that is built already is put onto a later commit, which is tested as well."""

    id = "github-tag-moved"
    title = "The release's tag was moved to a later commit after the release was built."
    references = ("P2.3",)
    expected: ClassVar[Mapping[str, Verdict]] = {
        UNMOVED: Verdict.FAIL,
        VERSIONS: Verdict.FAIL,
        **_NO_RUN,
    }

    def change(self, world: World, ref: str, deadline: Deadline) -> None:
        """Tag the newest commit of main with the same name."""
        tag(world, ref.removeprefix("refs/tags/"), source_history.MAIN, deadline)


class OffMain(Fault):
    """A release from a branch of its own: its commit was linted, tested and built, and never came to main."""

    id = "github-tag-not-on-main"
    title = "The release's tag stands for a commit that never came to main."
    component = github.NAME
    reach = DEPLOYMENT
    references = ("P2.2",)
    expected: ClassVar[Mapping[str, Verdict]] = {ON_MAIN: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Take the release's commit, and what came after it, back from main."""
        ref = f"refs/heads/{source_history.MAIN}"
        before = git(world, ["rev-parse", ref], deadline)
        git(world, ["update-ref", ref, f"{world.get('release.sha')}~1"], deadline)
        return {"ref": ref, "before": before}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Put main back."""
        git(world, ["update-ref", memo["ref"], memo["before"]], deadline)


class Short(Fault):
    """`git tag -a v1.5`, pushed: release.yaml starts at `v*.*.*`, so nothing starts, and nobody is told."""

    id = "github-tag-misses-the-glob"
    title = (
        f"A release was tagged {_SHORT} and pushed: release.yaml's glob `v*.*.*` does not match it, and nothing ran."
    )
    component = github.NAME
    reach = DEPLOYMENT
    references = ("P2.5",)
    asked_for = _SHORT
    # The commit is tested and on main. What runs is the release before: there was none to deploy.
    expected: ClassVar[Mapping[str, Verdict]] = {
        WELL_MADE: Verdict.FAIL,
        UNMOVED: Verdict.UNKNOWN,
        VERSIONS: Verdict.FAIL,
        **_NO_RUN,
    }

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Tag the newest commit of main, and push that as a person does."""
        commit = git(world, ["rev-parse", f"refs/heads/{source_history.MAIN}"], deadline)
        head = f"object {commit}\ntype commit\ntag {_SHORT}\ntagger {_PERSON} {int(time.time()) - _LONG_AGO} +0000\n"
        annotation = git(world, ["mktag"], deadline, given=f"{head}\nRelease {_SHORT}\n")
        ref = f"refs/tags/{_SHORT}"
        # Pushed, not set: a push is what starts a workflow, if its glob matches.
        git(world, ["push", "--quiet", str(repository(world)), f"{annotation}:{ref}"], deadline)
        return {"ref": ref}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Delete the tag."""
        git(world, ["update-ref", "-d", memo["ref"]], deadline)


class RunOfAnotherTag(Fault):
    """The newest run of the workflow is green, and it built the release before."""

    id = "github-run-of-the-previous-tag"
    title = "The only green run of the release workflow belongs to the previous tag."
    component = github.NAME
    reach = DEPLOYMENT
    references = ("P3.1",)
    # Nobody can tell whether a tag was moved since a run that there is not.
    expected: ClassVar[Mapping[str, Verdict]] = {UNMOVED: Verdict.UNKNOWN, **_NO_RUN}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let the run be the previous release's."""
        run = release_run(world, deadline)
        before = records(world, "runs", deadline, id=run)
        values = {"branch": world.get("release.previous.tag"), "sha": world.get("release.previous.sha")}
        give_order(world, "/edit", {"collection": "runs", "wanted": {"id": run}, "values": values}, deadline)
        return {"records": before}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Give the run back to its tag."""
        give_order(world, "/put", {"collection": "runs", "records": memo["records"]}, deadline)


def tag(world: World, name: str, target: str, deadline: Deadline) -> None:
    """Tag a commit, annotated, in the place of whatever had that name."""
    who, email = _PERSON.rstrip(">").split(" <")
    person = ["-c", f"user.name={who}", "-c", f"user.email={email}"]
    git(world, [*person, "tag", "--annotate", "--force", "--message", f"Release {name}", name, target], deadline)


FAULTS: tuple[type[Fault], ...] = (Gone, Lightweight, Moved, OffMain, Short, RunOfAnotherTag)
