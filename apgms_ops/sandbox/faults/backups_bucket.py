"""A bucket of the backups that does not keep them as it should: each of its protections taken away."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.objectstore_tools import (
    COPIED,
    COPIES_ONSHORE,
    ENCRYPTED,
    ENCRYPTS,
    NOT_AGED_AWAY,
    NOT_PUBLIC,
    ONSHORE,
    VERSIONED,
    order,
)
from apgms_ops.sandbox.objectstore import BACKUPS, COPIES
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

COMPONENT: Final = "backups-bucket"
_REACH: Final = "checks/backups/"
_OLD: Final = {"key": "pgbackrest/left-over", "text": "from before", "mode": None, "days": 0, "deleted": False}
_YEAR: Final = 365 * 86_400
"""Seconds."""


class _Unprotected(Fault):
    """One protection is gone."""

    component = COMPONENT
    reach = _REACH
    bucket: ClassVar[str] = BACKUPS
    what: ClassVar[str]

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Take it away."""
        order(world, "/unprotect", {"bucket": self.bucket, "what": self.what}, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Give it back."""
        order(world, "/protect", {"bucket": self.bucket}, deadline)


class Offshore(_Unprotected):
    """Somebody made it anew, and the console was set to another region."""

    id = "backups-bucket-offshore"
    title = "The backups' bucket is in us-west-2."
    expected: ClassVar[Mapping[str, Verdict]] = {ONSHORE: Verdict.FAIL}
    what = "region"


class CopiedOffshore(_Unprotected):
    """Redundancy is part of where the data is."""

    id = "backups-bucket-copied-offshore"
    title = "The bucket that the backups are copied to is in us-west-2."
    expected: ClassVar[Mapping[str, Verdict]] = {COPIES_ONSHORE: Verdict.FAIL}
    bucket = COPIES
    what = "region"


class CopiedToStrangers(_Unprotected):
    """A bucket of which nobody tells us where it is: no proof that it is onshore, nor that it is not."""

    id = "backups-bucket-copied-to-strangers"
    title = "The backups are copied to a bucket of somebody who does not tell us where it is."
    expected: ClassVar[Mapping[str, Verdict]] = {COPIES_ONSHORE: Verdict.UNKNOWN, COPIED: Verdict.UNKNOWN}
    what = "replication-known"


class NotCopied(_Unprotected):
    """One region holds all there is."""

    id = "backups-bucket-not-copied"
    title = "The backups are not copied to another region."
    expected: ClassVar[Mapping[str, Verdict]] = {COPIED: Verdict.FAIL}
    what = "replication"


class CopyingDisabled(_Unprotected):
    """There is a rule, and it does nothing."""

    id = "backups-bucket-copying-disabled"
    title = "The rule that copies the backups is disabled."
    expected: ClassVar[Mapping[str, Verdict]] = {COPIED: Verdict.FAIL}
    what = "replication-enabled"


class Unblocked(_Unprotected):
    """The block of public access was removed."""

    id = "backups-bucket-not-blocked"
    title = "Public access to the backups' bucket is not blocked."
    expected: ClassVar[Mapping[str, Verdict]] = {NOT_PUBLIC: Verdict.FAIL}
    what = "public-access-block"


class PublicByPolicy(_Unprotected):
    """A policy for everybody, held back by the block alone."""

    id = "backups-bucket-public-by-policy"
    title = "The policy of the backups' bucket lets anybody read."
    expected: ClassVar[Mapping[str, Verdict]] = {NOT_PUBLIC: Verdict.FAIL}
    what = "policy"


class NotEncrypting(_Unprotected):
    """Nobody set it; what is stored meanwhile is plain, which may be seen or not, for backups come when they come."""

    id = "backups-bucket-not-encrypting"
    title = "The backups' bucket does not encrypt by default."
    expected: ClassVar[Mapping[str, Verdict]] = {ENCRYPTS: Verdict.FAIL}
    may_notice: ClassVar[frozenset[str]] = frozenset({ENCRYPTED})
    what = "encryption"

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Set it, and encrypt what was stored meanwhile."""
        super().heal(world, memo, deadline)
        order(world, "/encrypt", {"bucket": BACKUPS}, deadline)


class VersioningSuspended(_Unprotected):
    """What is written over is gone."""

    id = "backups-bucket-versioning-suspended"
    title = "Versioning of the backups' bucket is suspended."
    expected: ClassVar[Mapping[str, Verdict]] = {VERSIONED: Verdict.FAIL}
    what = "versioning"


class AgedAway(_Unprotected):
    """Tidied up: the full backup that younger ones stand on goes first."""

    id = "backups-bucket-removes-by-age"
    title = "A rule of the backups' bucket removes everything after 30 days."
    expected: ClassVar[Mapping[str, Verdict]] = {NOT_AGED_AWAY: Verdict.FAIL}
    what = "kept"


class OutOfReach(_Unprotected):
    """Cheap to keep, and twelve hours until the first byte."""

    id = "backups-bucket-moves-to-glacier"
    title = "A rule of the backups' bucket moves everything to GLACIER after 30 days."
    expected: ClassVar[Mapping[str, Verdict]] = {NOT_AGED_AWAY: Verdict.FAIL}
    what = "at-hand"


class OldOnePlain(Fault):
    """A bucket that is encrypted later leaves what is in it as it was."""

    id = "backups-bucket-old-one-plain"
    title = "An object of a year ago is not encrypted, in a bucket that encrypts."
    component = COMPONENT
    reach = _REACH
    expected: ClassVar[Mapping[str, Verdict]] = {ENCRYPTED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Store one."""
        order(world, "/put", {"bucket": BACKUPS, **_OLD, "plain": True, "ago": _YEAR}, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Take it away."""
        order(world, "/forget", {"bucket": BACKUPS, "prefix": _OLD["key"]}, deadline)


FAULTS: tuple[type[Fault], ...] = (
    Offshore,
    CopiedOffshore,
    CopiedToStrangers,
    NotCopied,
    CopyingDisabled,
    Unblocked,
    PublicByPolicy,
    NotEncrypting,
    VersioningSuspended,
    AgedAway,
    OutOfReach,
    OldOnePlain,
)
