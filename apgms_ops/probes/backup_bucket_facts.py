"""What is known of the bucket of the backups, and what is wrong with it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apgms_ops.clients.objectstore import Ageing, Bucket, Copying
from apgms_ops.environment.model import Backups, Environment
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.rehearsals import declared
from apgms_ops.redact import printable

_SLOW: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""Storage classes from which an object is had back hours after it is asked for: no restore waits for that."""
_AT_HAND: Final = frozenset(
    {"STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "REDUCED_REDUNDANCY"}
)
"""Those from which it is had at once."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A bucket that is copied to."""

    bucket: str
    region: str | None
    """None: there is no such bucket, or S3 does not tell us where it is."""
    missing: bool
    """Whether there is none."""
    untold: str | None
    """Why its region is not known; None where it is, and where there is no such bucket."""


@dataclass(frozen=True, slots=True)
class BackupBucket:
    """How the bucket is set up."""

    at: datetime
    """When it was read."""
    bucket: Bucket
    public_by_policy: bool
    """Whether its policy lets anybody in."""
    replication: tuple[Copying, ...] | None
    """None: it was never set up."""
    destinations: tuple[Destination, ...]
    """Each bucket that a rule of the replication names, once."""
    lifecycle: tuple[Ageing, ...] | None
    """None: there are no rules."""

    @property
    def _name(self) -> str:
        return f"s3://{self.bucket.name}"

    def offshore(self, environment: Environment) -> Findings:
        """Say where the bucket is, if that is not where it should be."""
        backups, region = declared(environment), printable(self.bucket.region, limit=40)
        found = []
        if self.bucket.region != backups.region:
            found.append(f"{self._name} is in {region}, and not in {backups.region}, as [backups] says")
        if self.bucket.region not in backups.onshore:
            found.append(f"{self._name} is in {region}: onshore are {', '.join(backups.onshore)}")
        return Findings(found)

    def copied_offshore(self, environment: Environment) -> Findings:
        """Say which copies lie where none may lie, those of a rule that is disabled now included.

        Raises:
            Unobserved: Where a copy lies cannot be found out, and none is known to lie in a wrong place.
        """
        backups = declared(environment)
        there = [one for one in self.destinations if not one.missing]
        found = Findings(
            f"{self._name} is copied to s3://{printable(one.bucket, limit=80)} in {printable(one.region, limit=40)}: "
            f"onshore are {', '.join(backups.onshore)}"
            for one in there
            if one.region is not None and one.region not in backups.onshore
        )
        if not found:
            _require_told(there)
        return found

    def uncopied(self, environment: Environment) -> Findings:
        """Say which backups are not copied to another region, where the environment asks for that.

        Raises:
            Unobserved: In which region a copy lies cannot be found out, and nothing else is wrong.
        """
        backups = declared(environment)
        if not backups.replicated:
            return Findings()
        if not self.replication:
            return Findings([f"{self._name} is not replicated, and [backups] says that it is"])
        found, untold = [], []
        for prefix in (backups.database.prefix, backups.kafka.prefix):
            about = [rule for rule in self.replication if f"{prefix}/".startswith(rule.prefix) and not rule.narrowed]
            named = {rule.bucket for rule in about if rule.enabled}
            there = [one for one in self.destinations if one.bucket in named]
            if any(one.region not in {None, self.bucket.region} for one in there):
                continue
            if any(one.untold is not None for one in there):
                untold += there
            elif there:
                found += [f"{self._name}/{prefix}/ is copied {self._nowhere_else(one)}" for one in there]
            else:
                why = "the rule for it is disabled" if about else "no rule is about all of it"
                found.append(f"{self._name}/{prefix}/ is not copied: {why}")
        if not found:
            _require_told(untold)
        return Findings(found)

    def _nowhere_else(self, one: Destination) -> str:
        name = f"to s3://{printable(one.bucket, limit=80)}"
        if one.missing:
            return f"{name}, and there is no such bucket"
        return f"{name}, which is in {printable(self.bucket.region, limit=40)} as well: one region holds both"

    def unencrypted(self) -> Findings:
        """Say whether what is put there is left unencrypted."""
        return Findings([f"{self._name} is not encrypted by default"] if self.bucket.encryption is None else [])

    def public(self) -> Findings:
        """Say in which ways the public is let in, or could be."""
        found = []
        if self.bucket.public:
            found.append(f"{self._name}: public access is not blocked altogether ({', '.join(self.bucket.public)})")
        if self.public_by_policy:
            found.append(f"{self._name}: its policy lets anybody in")
        return Findings(found)

    def unversioned(self) -> Findings:
        """Say whether what is written over or deleted is gone."""
        gone = f"{self._name}: versioning is off or suspended: what is written over or deleted is gone"
        return Findings([] if self.bucket.versioned else [gone])

    def aged_away(self, environment: Environment) -> Findings:
        """Say by which rules backups go away, or out of reach of a restore, without anybody asking what they are.

        Snapshots may be removed by a rule: each stands for itself. Of the database's backups, one needs another.
        """
        return Findings(self._aged_away(declared(environment)))

    def _aged_away(self, backups: Backups) -> Iterator[str]:
        for rule in self.lifecycle or ():
            if not rule.enabled:
                continue
            name = f'{self._name}: rule "{printable(rule.id, limit=80)}" of its lifecycle'
            database, kafka = (
                _meets(rule.prefix, prefix) for prefix in (backups.database.prefix, backups.kafka.prefix)
            )
            if rule.removes and database:
                yield f"{name} removes files of {backups.database.prefix}/ by their age, whatever backup needs them"
            slow = [storage for storage in rule.moves if storage not in _AT_HAND]
            if slow and (database or kafka):
                where = ", ".join(printable(storage, limit=40) for storage in slow)
                known = "from where none is had at once" if _SLOW.issuperset(slow) else "which may not be had at once"
                yield f"{name} moves files to {where}, {known}"


def _meets(about: str, prefix: str) -> bool:
    """Whether some names begin both with what a rule is about and with a prefix of ours."""
    return about.startswith(f"{prefix}/") or f"{prefix}/".startswith(about)


def _require_told(destinations: Iterable[Destination]) -> None:
    for one in destinations:
        if one.untold is not None:
            msg = f"where s3://{printable(one.bucket, limit=80)} is, which is copied to, is not known: {one.untold}"
            raise Unobserved(msg)
