"""A repository whose backups are not what they are taken for: its list of them is changed, by pgBackRest itself."""

import signal
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import backups_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.pgbackrest import NAME, repository
from apgms_ops.sandbox.pgbackrest.archiving import await_archived, await_failing
from apgms_ops.sandbox.pgbackrest.repository import Sections
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_HOUR = 3600
_DAY = 24 * _HOUR


class _Edited(Fault):
    """The list of backups says something else."""

    component = NAME
    reach = tools.FOLDER
    files: ClassVar[tuple[str, ...]] = (repository.BACKUPS,)

    def change(self, sections: Sections) -> None:
        """Change one of the lists in place."""
        raise NotImplementedError

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Change the lists; nobody takes a backup meanwhile, which would be a fresh one."""
        world.signal(NAME, signal.SIGSTOP)
        return {file: repository.edit(world, file, self.change, deadline) for file in self.files}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Give them back, and let backups go on."""
        for file, text in memo.items():
            repository.put(world, file, text, deadline)
        world.signal(NAME, signal.SIGCONT)


def _of_another_cluster(sections: Sections) -> None:
    sections["db"]["db-system-id"] += 1
    for entry in sections["db:history"].values():
        # The archive's list calls the system identifier so.
        entry["db-system-id" if "db-system-id" in entry else "db-id"] += 1


def _shift(entry: dict[str, Any], seconds: int) -> None:
    for key in ("backup-timestamp-start", "backup-timestamp-stop"):
        entry[key] += seconds


class Old(_Edited):
    """The job that takes them fails, and nobody hears of it."""

    id = "pgbackrest-newest-backup-old"
    title = "The newest backup is 26 hours old."
    references = ("B1.2",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.NEWEST: Verdict.FAIL}

    def change(self, sections: Sections) -> None:
        """Make every backup older."""
        repository.each_backup(lambda entry: _shift(entry, -26 * _HOUR))(sections)


class Future(_Edited):
    """A clock that was wrong: it would be fresh for months."""

    id = "pgbackrest-backup-of-the-future"
    title = "The newest backup is dated two hours from now."
    references = ("B1.13",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.NEWEST: Verdict.FAIL}

    def change(self, sections: Sections) -> None:
        """Date the newest."""
        entry = repository.newest_backup(sections)
        _shift(entry, int(time.time()) + 2 * _HOUR - entry["backup-timestamp-stop"])


class FullOld(_Edited):
    """Incremental ones go on, each of them made of the same old one."""

    id = "pgbackrest-full-backup-old"
    title = "The newest full backup is nine days old."
    expected: ClassVar[Mapping[str, Verdict]] = {tools.FULL: Verdict.FAIL}

    def change(self, sections: Sections) -> None:
        """Make the full one older."""
        current = sections["backup:current"]
        for entry in current.values():
            if entry["backup-type"] == "full":
                _shift(entry, -9 * _DAY)


class FullExpired(_Edited):
    """Expired by another retention than the one that took them."""

    id = "pgbackrest-full-backup-expired"
    title = "The full backup is gone that the others are made of."
    references = ("B1.3",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.LACKS: Verdict.FAIL, tools.FULL: Verdict.FAIL}

    def change(self, sections: Sections) -> None:
        """Forget it."""
        repository.without_the_full_one(sections)


class BadPages(_Edited):
    """The backup ended well, with a warning."""

    id = "pgbackrest-bad-pages"
    title = "Pages failed their checksums as the newest backup was taken."
    expected: ClassVar[Mapping[str, Verdict]] = {tools.PAGES: Verdict.FAIL}

    def change(self, sections: Sections) -> None:
        """Have it say so."""
        repository.newest_backup(sections)["backup-error"] = True


class PagesUnknown(_Edited):
    """A cluster without checksums, or a backup taken without looking at them."""

    id = "pgbackrest-pages-not-checked"
    title = "Nobody looked at the page checksums as the newest backup was taken."
    expected: ClassVar[Mapping[str, Verdict]] = {tools.PAGES: Verdict.UNKNOWN}

    def change(self, sections: Sections) -> None:
        """Have it say nothing."""
        del repository.newest_backup(sections)["backup-error"]


class OtherCluster(_Edited):
    """The database was made anew, and the stanza was not."""

    id = "pgbackrest-other-cluster"
    title = "The backups are those of another database cluster."
    references = ("B1.4",)
    # What the running one writes is refused as well.
    expected: ClassVar[Mapping[str, Verdict]] = {tools.CLUSTER: Verdict.FAIL, tools.ARCHIVED: Verdict.FAIL}
    files = (repository.BACKUPS, repository.ARCHIVE)

    def change(self, sections: Sections) -> None:
        """Name another."""
        _of_another_cluster(sections)

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Change both lists, and wait until the archiver has noticed."""
        memo = super().break_(world, deadline)
        await_failing(world, deadline)
        return memo

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Give them back, and wait until the archiver has noticed."""
        super().heal(world, memo, deadline)
        await_archived(world, deadline)


class Mismatch(_Edited):
    """One of its two lists was written by another cluster."""

    id = "pgbackrest-database-mismatch"
    title = "The repository's lists of backups and of the archive are of different clusters."
    # It is not even looked into.
    expected: ClassVar[Mapping[str, Verdict]] = dict.fromkeys(tools.DATABASE, Verdict.UNKNOWN)

    def change(self, sections: Sections) -> None:
        """Name another."""
        _of_another_cluster(sections)


FAULTS: tuple[type[Fault], ...] = (
    Old,
    Future,
    FullOld,
    FullExpired,
    BadPages,
    PagesUnknown,
    OtherCluster,
    Mismatch,
)
