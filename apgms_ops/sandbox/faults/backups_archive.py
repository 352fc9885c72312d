"""A write-ahead log that is not archived, or not without a gap; files that are not what was put away."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import backups_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.pgbackrest import NAME, STANZA, programs
from apgms_ops.sandbox.pgbackrest.archiving import await_archived, await_failing, set_command, switch
from apgms_ops.sandbox.pgbackrest.programs import PREFIX
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_BACKUPS: Final = f"{PREFIX}/backup/{STANZA}/"
_MORE: Final = 6
"""Segments that are begun while nothing is archived: more than may wait."""


class _Object(Fault):
    """An object of the repository is not as it was put there."""

    component = NAME
    reach = tools.FOLDER
    how: ClassVar[str]

    def key(self, world: World, deadline: Deadline) -> str:
        """Return what its name begins with."""
        raise NotImplementedError

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Change it behind S3's back."""
        tools.order(world, self.how, deadline, key=self.key(world, deadline))
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Give it back as it was."""
        tools.order(world, "/mend", deadline)


class _Segment(_Object):
    """One segment, with others behind it."""

    expected: ClassVar[Mapping[str, Verdict]] = {tools.GAP: Verdict.FAIL}

    def key(self, world: World, deadline: Deadline) -> str:
        """Return the one that was just archived, with another behind it."""
        segment = await_archived(world, deadline)
        await_archived(world, deadline)
        return tools.segment_key(segment)


class Gap(_Segment):
    """No restore comes past it; `info` names the bounds alone, and `verify` reads what is there."""

    id = "pgbackrest-wal-gap"
    title = "A segment of the write-ahead log is missing from the archive."
    references = ("B1.1",)
    how = "/hide"


class EmptySegment(_Segment):
    """An upload that was broken off by something that does not tell."""

    id = "pgbackrest-wal-segment-empty"
    title = "A segment of the write-ahead log in the archive has no content."
    how = "/empty"


class NoManifest(_Object):
    """Without the list of its files none of them is found."""

    id = "pgbackrest-manifest-missing"
    title = "The newest backup's list of its files is gone."
    expected: ClassVar[Mapping[str, Verdict]] = {tools.LACKS: Verdict.FAIL}
    how = "/hide"

    def key(self, world: World, deadline: Deadline) -> str:
        """Return the newest backup's."""
        return f"{_BACKUPS}{tools.newest_label(world, deadline)}/backup.manifest"


class BitRot(_Object):
    """Every byte is there, and one is another; found by who reads them all."""

    id = "pgbackrest-bit-rot"
    title = "A file of a backup has rotted, and the weekly verification has found it."
    expected: ClassVar[Mapping[str, Verdict]] = {tools.VERIFIED: Verdict.FAIL}
    how = "/damage"

    def key(self, world: World, deadline: Deadline) -> str:
        """Return a bundle of the newest backup's."""
        return f"{_BACKUPS}{tools.newest_label(world, deadline)}/bundle/1"

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Damage it, and have everything verified."""
        memo = super().break_(world, deadline)
        tools.verify(world, deadline, sound=False)
        return memo

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Give it back, and have everything verified."""
        super().heal(world, memo, deadline)
        tools.verify(world, deadline, sound=True)


class NeverVerified(Fault):
    """A job that was never set up."""

    id = "pgbackrest-never-verified"
    title = "Nobody has ever verified the files of the repository."
    component = NAME
    reach = tools.FOLDER
    expected: ClassVar[Mapping[str, Verdict]] = {tools.VERIFIED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Forget the records."""
        tools.forget_verifications(world, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Have everything verified."""
        tools.verify(world, deadline, sound=True)


class _Command(Fault):
    """The primary archives by another command."""

    component = NAME
    reach = tools.FOLDER
    expected: ClassVar[Mapping[str, Verdict]] = {tools.ARCHIVED: Verdict.FAIL}

    def command(self, world: World) -> str:
        """Return it."""
        raise NotImplementedError

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Change it, and have some segments begun."""
        before = set_command(world, self.command(world), deadline)
        for _ in range(_MORE):
            switch(world, deadline)
        self.settle(world, deadline)
        return {"before": before}

    def settle(self, world: World, deadline: Deadline) -> None:
        """Wait until it shows."""
        raise NotImplementedError

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Change it back."""
        set_command(world, memo["before"], deadline)
        await_archived(world, deadline)


class Failing(_Command):
    """Backups go on; what is written between them is not kept, and the disk fills."""

    id = "pgbackrest-archive-failing"
    title = "The archiver fails, and pg_wal grows."
    references = ("B1.12",)

    def command(self, world: World) -> str:  # noqa: ARG002 — the same everywhere
        """Return what fails."""
        return "/bin/false"

    def settle(self, world: World, deadline: Deadline) -> None:
        """Wait until it has failed."""
        await_failing(world, deadline)


class Swallowed(_Command):
    """A command that ends well, and puts nothing into the repository."""

    id = "pgbackrest-archive-swallowed"
    title = "The archiver puts segments elsewhere, and says that all is well."

    def command(self, world: World) -> str:
        """Return what puts them aside."""
        return f'cp "%p" "{_aside(world)}/%f"'

    def settle(self, world: World, deadline: Deadline) -> None:
        """Wait until it has."""
        await_archived(world, deadline)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Put them into the repository, and change it back."""
        for segment in sorted(_aside(world).iterdir()):
            programs.run(world, "archive-push", str(segment), deadline=deadline)
            segment.unlink()
        super().heal(world, memo, deadline)


def _aside(world: World) -> Path:
    folder = world.folder(NAME) / "aside"
    folder.mkdir(exist_ok=True)
    return folder


FAULTS: tuple[type[Fault], ...] = (Gap, EmptySegment, NoManifest, BitRot, NeverVerified, Failing, Swallowed)
