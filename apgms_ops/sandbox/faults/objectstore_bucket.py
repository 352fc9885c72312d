"""A bucket that does not protect what is in it: each of its protections taken away."""

from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.objectstore_tools import COMPLIANCE, PROTECTED, order
from apgms_ops.sandbox.objectstore import NAME
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict


class _Unprotected(Fault):
    """One protection is gone."""

    component = NAME
    reach = COMPLIANCE
    expected: ClassVar[Mapping[str, Verdict]] = {PROTECTED: Verdict.FAIL}
    what: ClassVar[str]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Take it away."""
        order(world, "/unprotect", {"what": self.what}, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Give it back."""
        order(world, "/protect", {}, deadline)


class VersioningSuspended(_Unprotected):
    """What is written over is gone."""

    id = "objectstore-versioning-suspended"
    title = "Versioning of the evidence's bucket is suspended."
    what = "versioning"


class NoLock(_Unprotected):
    """A bucket that was made anew, without Object Lock."""

    id = "objectstore-without-object-lock"
    title = "The evidence's bucket has no Object Lock."
    references = ("E1.13",)
    what = "lock"


class ShortRetention(_Unprotected):
    """Artifacts that are there today, and gone before the audit."""

    id = "objectstore-short-retention"
    title = "What is put into the evidence's bucket is kept for 30 days."
    references = ("E1.13",)
    what = "default-retention"


class Governance(_Unprotected):
    """A lock that whoever has the permission takes away."""

    id = "objectstore-governance-mode"
    title = "Locks in the evidence's bucket can be taken away by privileged users."
    what = "default-mode"


class NotEncrypted(_Unprotected):
    """Nobody set it."""

    id = "objectstore-not-encrypted"
    title = "The evidence's bucket is not encrypted by default."
    what = "encryption"


class Public(_Unprotected):
    """The block of public access was removed."""

    id = "objectstore-public"
    title = "Public access to the evidence's bucket is not blocked."
    what = "public-access-block"


FAULTS: tuple[type[Fault], ...] = (VersioningSuspended, NoLock, ShortRetention, Governance, NotEncrypted, Public)
