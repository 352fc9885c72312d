"""Restores of the database that were not rehearsed, or of which what is kept cannot be relied on."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.faults import backups_records
from apgms_ops.sandbox.faults.backups_tools import FOLDER, RESTORED
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.objectstore import NAME as OBJECTSTORE
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

COMPONENT: Final = "backups-drills"
KIND: Final = "restore-database"
_RECORDS: Final = f"drills/sandbox/{KIND}/"
_LONG: Final = 800
"""Days."""


class _Recorded(Fault):
    """A record is put there, as the newest."""

    component = COMPONENT
    reach = FOLDER
    expected: ClassVar[Mapping[str, Verdict]] = {RESTORED: Verdict.FAIL}
    ago: ClassVar[timedelta] = timedelta()
    """How long ago it says that the drill was over."""
    problems: ClassVar[tuple[str, ...]] = ()
    alone: ClassVar[bool] = False
    """Whether all others are gone meanwhile."""
    deleted: ClassVar[bool] = False
    """Whether a delete marker lies over it."""

    def content(self, world: World, ended: datetime) -> str:
        """Return the record, signed as it would be."""
        key = Path(world.get("evidence.key_file"))
        return backups_records.signed(backups_records.record(KIND, ended, self.problems), key)

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Put it there."""
        ended = datetime.now(UTC) - self.ago
        key = backups_records.key_of(KIND, ended)
        if self.alone:
            _order(world, "/hide", {"prefix": _RECORDS}, deadline)
        kept = {"mode": "COMPLIANCE", "days": _LONG, "deleted": self.deleted}
        _order(world, "/put", {"key": key, "text": self.content(world, ended), **kept}, deadline)
        return {"key": key}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Take it away, and give the others back."""
        _order(world, "/forget", {"prefix": memo["key"]}, deadline)
        _order(world, "/mend", {}, deadline)


class NeverRestored(Fault):
    """Backups are taken every hour, and nobody knows whether they are good for anything."""

    id = "backups-restore-never-rehearsed"
    title = "No restore of the database was ever rehearsed."
    component = COMPONENT
    references = ("B1.10",)
    reach = FOLDER
    expected: ClassVar[Mapping[str, Verdict]] = {RESTORED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Have every record gone."""
        _order(world, "/hide", {"prefix": _RECORDS}, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Give them back."""
        _order(world, "/mend", {}, deadline)


class LongAgo(_Recorded):
    """Somebody did it once."""

    id = "backups-restore-rehearsed-long-ago"
    title = "The last restore of the database was rehearsed nine days ago."
    references = ("B1.10",)
    ago = timedelta(days=9)
    alone = True


class Failed(_Recorded):
    """It is known, and nobody looked."""

    id = "backups-restore-rehearsal-failed"
    title = "The last rehearsed restore of the database did not bring everything back."
    problems = ("newest heartbeat: no row came back that was committed after the backup",)


class NotFoundOut(_Recorded):
    """What could not be found out is no restore that was rehearsed."""

    id = "backups-restore-rehearsal-broken-off"
    title = "The last rehearsed restore of the database was broken off."
    problems = ("could not be found out: pgbackrest did not end within 14400 s",)


class OfTheFuture(_Recorded):
    """A clock that was wrong, or a hand that was quick: it would be fresh for months."""

    id = "backups-restore-rehearsal-of-the-future"
    title = "The last rehearsed restore of the database is dated two hours from now."
    ago = timedelta(hours=-2)


class Forged(_Recorded):
    """Written by somebody who may write into the archive, and has a key of their own."""

    id = "backups-restore-rehearsal-forged"
    title = "The record of the last rehearsed restore is signed by a key that nobody believes."

    def content(self, world: World, ended: datetime) -> str:  # noqa: ARG002 — any key would do but that one
        """Return it, signed by another key."""
        return backups_records.signed(backups_records.record(KIND, ended), None)


class NotSigned(_Recorded):
    """Copied by hand."""

    id = "backups-restore-rehearsal-not-signed"
    title = "The record of the last rehearsed restore is not signed."

    def content(self, world: World, ended: datetime) -> str:  # noqa: ARG002 — nobody signs it
        """Return it bare."""
        return backups_records.canonical(backups_records.record(KIND, ended))


class Deleted(_Recorded):
    """A delete marker: the one that failed is not seen any more, and the one before it passed."""

    id = "backups-restore-rehearsal-deleted"
    title = "The record of the last rehearsed restore was deleted, by a marker over it."
    deleted = True


def _order(world: World, path: str, body: Mapping[str, Any], deadline: Deadline) -> None:
    require(world.port(f"{OBJECTSTORE}.control"), path, deadline, dict(body))


FAULTS: tuple[type[Fault], ...] = (
    NeverRestored,
    LongAgo,
    Failed,
    NotFoundOut,
    OfTheFuture,
    Forged,
    NotSigned,
    Deleted,
)
