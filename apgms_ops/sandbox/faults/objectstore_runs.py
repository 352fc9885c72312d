"""Runs in the archive that are not kept as they should be. Their names are those of runs of long ago."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.objectstore_tools import ARCHIVED, COMPLIANCE, LOSABLE, order
from apgms_ops.sandbox.objectstore import NAME
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_FOLDER: Final = "runs/sandbox/"
_DAY: Final = "20261101T0"
"""So that what a fault puts there can be told from what was pushed."""
_LONG: Final = 800
"""Days."""


def _run(place: int, **different: object) -> dict[str, Any]:
    """Return the order that puts a run of a chain there, as `evidence push` would have, but for what is different."""
    return _order(f"{900_000 + place:08d}", place, different)


def _unchained(number: int, **different: object) -> dict[str, Any]:
    """Return the order that puts a run there that says itself that it is in no chain: no other misses it."""
    return _order("unchained", number, different)


def _order(where: str, number: int, different: Mapping[str, object]) -> dict[str, Any]:
    name = f"{_FOLDER}{where}-{_DAY}{number}0000.000Z-sandbox-{number:06x}.zip"
    return {"key": name, "text": "a run", "mode": "COMPLIANCE", "days": _LONG, "deleted": False, **different}


class _Runs(Fault):
    """Some are put there."""

    component = NAME
    reach = COMPLIANCE
    expected: ClassVar[Mapping[str, Verdict]] = {LOSABLE: Verdict.FAIL}
    orders: ClassVar[Sequence[Mapping[str, Any]]]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Put them there."""
        for one in self.orders:
            order(world, "/put", one, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Take them away, which S3 would let nobody do."""
        for one in self.orders:
            order(world, "/forget", {"prefix": one["key"]}, deadline)


class NotLocked(_Runs):
    """Copied by hand."""

    id = "objectstore-run-not-locked"
    title = "An archived run is not locked."
    orders = (_unchained(1, mode=None, days=0),)


class LockedShortly(_Runs):
    """Stored while the retention was still the old one."""

    id = "objectstore-run-locked-for-30-days"
    title = "An archived run is locked for 30 days."
    references = ("E1.13",)
    orders = (_unchained(1, days=30),)


class LockedLoosely(_Runs):
    """By a lock that can be taken away."""

    id = "objectstore-run-in-governance-mode"
    title = "The lock of an archived run can be taken away."
    orders = (_unchained(1, mode="GOVERNANCE"),)


class Empty(_Runs):
    """An upload of which nothing came."""

    id = "objectstore-run-empty"
    title = "An archived run has no content."
    orders = (_unchained(1, text=""),)


class Overwritten(_Runs):
    """Versions keep what was there, and whoever asks gets the other."""

    id = "objectstore-run-written-over"
    title = "An archived run was written over."
    orders = (_unchained(1), _unchained(1, text="another"))


class Deleted(_Runs):
    """A delete marker: the run is there, and nobody who asks is told so."""

    id = "objectstore-run-deleted"
    title = "An archived run was deleted, by a marker over it."
    orders = (_unchained(1, deleted=True),)


class Missing(_Runs):
    """The runs before and after it were stored."""

    id = "objectstore-run-missing"
    title = "A run of the chain was never archived, though later ones were."
    expected: ClassVar[Mapping[str, Verdict]] = {ARCHIVED: Verdict.FAIL}
    orders = (_run(1), _run(3))


class TwoChains(_Runs):
    """A second machine began a chain of its own."""

    id = "objectstore-two-chains"
    title = "Two archived runs take the same place in the chain."
    expected: ClassVar[Mapping[str, Verdict]] = {ARCHIVED: Verdict.FAIL}
    orders = (_run(1), _run(1, key=f"{_run(1)['key'].removesuffix('1.zip')}f.zip"))


class Stranger(_Runs):
    """Something else was put there."""

    id = "objectstore-stranger"
    title = "Something in the archive is not a run."
    orders = (_run(1, key=f"{_FOLDER}notes.txt"),)


FAULTS: tuple[type[Fault], ...] = (
    NotLocked,
    LockedShortly,
    LockedLoosely,
    Empty,
    Overwritten,
    Deleted,
    Missing,
    TwoChains,
    Stranger,
)
