"""An evidence index that is not what it is taken for: each is a commit on main, which healing takes back."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import github
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.github_tools import CURRENT, GOOD, LINKED, UNEDITED
from apgms_ops.sandbox.faults.objectstore_tools import COMPLIANCE
from apgms_ops.sandbox.source import bare, git
from apgms_ops.sandbox.source_commits import commit
from apgms_ops.sandbox.source_index import INDEX, SBOM, SCAN, SIDECAR, artifacts, refreshed
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_UNHELD: Final = dict.fromkeys((UNEDITED, LINKED, GOOD), Verdict.UNKNOWN)
"""What is left where there is nothing to hold the rows to."""


class _Committed(Fault):
    """Somebody committed it."""

    component = github.NAME
    reach = COMPLIANCE

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Commit it."""
        return {"before": commit(bare(world), self.files(world, deadline), self.title, deadline)}

    @abstractmethod
    def files(self, world: World, deadline: Deadline) -> Mapping[str, str | None]:
        """Return what is committed; None takes a file away."""

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Take the commit back."""
        git(world, ["update-ref", "refs/heads/main", memo["before"]], deadline)


def _read(world: World, path: str, deadline: Deadline) -> str:
    return git(world, ["show", f"main:{path}"], deadline)


class _Refreshed(_Committed):
    """The index was refreshed, with something else."""

    def files(self, world: World, deadline: Deadline) -> Mapping[str, str | None]:
        """Return the artifacts, and the index that the command makes of them."""
        tag, sha = self.release(world)
        made = self.made(artifacts(world.get("release.sha"), datetime.now(UTC)), world)
        return refreshed(bare(world), made, (tag, sha), deadline, strict=False)

    def release(self, world: World) -> tuple[str, str]:
        """Return the release that it is refreshed for."""
        return world.get("release.tag"), world.get("release.sha")

    def made(self, files: dict[str, str], world: World) -> dict[str, str]:  # noqa: ARG002 — some look
        """Return the artifacts."""
        return files


class NotRefreshed(_Refreshed):
    """A release was made, and the step left out."""

    id = "github-index-of-the-release-before"
    title = "The evidence index is of the release before."
    expected: ClassVar[Mapping[str, Verdict]] = {CURRENT: Verdict.FAIL}

    def release(self, world: World) -> tuple[str, str]:
        """Return the one before."""
        return world.get("release.previous.tag"), world.get("release.previous.sha")

    def made(self, files: dict[str, str], world: World) -> dict[str, str]:  # noqa: ARG002 — made anew
        """Return its artifacts."""
        return artifacts(world.get("release.previous.sha"), datetime.now(UTC))


class OtherCommit(_Refreshed):
    """The artifact of another run lay in the folder."""

    id = "github-index-artifact-of-another-commit"
    title = "The bill of materials that the evidence index has is of another commit."
    references = ("E1.3", "E1.12")
    # It is not linked: the row is pending.
    expected: ClassVar[Mapping[str, Verdict]] = {LINKED: Verdict.FAIL, GOOD: Verdict.FAIL}

    def made(self, files: dict[str, str], world: World) -> dict[str, str]:
        """Return one of the release before among them."""
        return files | {SBOM: artifacts(world.get("release.previous.sha"), datetime.now(UTC))[SBOM]}


class Pending(_Refreshed):
    """The scanner left nothing."""

    id = "github-index-pending"
    title = "A row of the evidence index is pending."
    references = ("E1.12",)
    expected: ClassVar[Mapping[str, Verdict]] = {LINKED: Verdict.FAIL, GOOD: Verdict.FAIL}

    def made(self, files: dict[str, str], world: World) -> dict[str, str]:  # noqa: ARG002 — one fewer
        """Return all but the scan."""
        return {name: text for name, text in files.items() if name != SCAN}


class Critical(_Refreshed):
    """A link to a report that says so is no evidence of the opposite."""

    id = "github-index-critical-finding"
    title = "The scan that the evidence index links has a critical finding that nobody accepted."
    references = ("E1.8",)
    expected: ClassVar[Mapping[str, Verdict]] = {GOOD: Verdict.FAIL}

    def made(self, files: dict[str, str], world: World) -> dict[str, str]:
        """Return a worse scan."""
        return files | {SCAN: artifacts(world.get("release.sha"), datetime.now(UTC), "CRITICAL")[SCAN]}


class Edited(_Committed):
    """By hand, in the pull request."""

    id = "github-index-edited"
    title = "The table of the evidence index was edited by hand."
    expected: ClassVar[Mapping[str, Verdict]] = {UNEDITED: Verdict.FAIL}

    def files(self, world: World, deadline: Deadline) -> Mapping[str, str | None]:
        """Return the document with a row more."""
        text = _read(world, INDEX, deadline)
        row = "| Penetration Test | [report](report.pdf) | report.pdf | today | | | ok |\n"
        return {INDEX: text.replace("<!-- evidence-end -->", f"{row}<!-- evidence-end -->") + "\n"}


class LinkedFileChanged(_Committed):
    """What is linked is not what was looked at."""

    id = "github-index-file-changed"
    title = "A file that the evidence index links was changed since."
    references = ("E1.2",)
    expected: ClassVar[Mapping[str, Verdict]] = {LINKED: Verdict.FAIL}

    def files(self, world: World, deadline: Deadline) -> Mapping[str, str | None]:
        """Return another scan."""
        body = json.loads(_read(world, SCAN, deadline))
        return {SCAN: json.dumps(body | {"Results": []})}


class LinkedFileGone(_Committed):
    """Cleaned up."""

    id = "github-index-link-broken"
    title = "A link of the evidence index leads nowhere."
    references = ("E1.11",)
    expected: ClassVar[Mapping[str, Verdict]] = {LINKED: Verdict.FAIL}

    def files(self, world: World, deadline: Deadline) -> Mapping[str, str | None]:  # noqa: ARG002 — it is known
        """Take a file away."""
        return {SBOM: None}


class NoHistory(_Committed):
    """Made by the old script."""

    id = "github-index-without-history"
    title = "The evidence index has no history: it was made by hand, or by the old script."
    expected: ClassVar[Mapping[str, Verdict]] = {CURRENT: Verdict.FAIL, **_UNHELD}

    def files(self, world: World, deadline: Deadline) -> Mapping[str, str | None]:  # noqa: ARG002 — it is known
        """Take it away."""
        return {SIDECAR: None}


class Gone(_Committed):
    """Moved to the wiki."""

    id = "github-index-gone"
    title = "There is no evidence index."
    expected: ClassVar[Mapping[str, Verdict]] = {CURRENT: Verdict.FAIL, **_UNHELD}

    def files(self, world: World, deadline: Deadline) -> Mapping[str, str | None]:  # noqa: ARG002 — it is known
        """Take it away."""
        return {INDEX: None}


FAULTS: tuple[type[Fault], ...] = (
    NotRefreshed,
    OtherCommit,
    Pending,
    Critical,
    Edited,
    LinkedFileChanged,
    LinkedFileGone,
    NoHistory,
    Gone,
)
