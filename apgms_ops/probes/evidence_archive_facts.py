"""What is known of the archive of an environment's evidence, and what is wrong with it. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apgms_ops.clients.objectstore import COMPLIANCE, Bucket
from apgms_ops.environment.model import Archive, Environment
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.evidence.archived import gaps
from apgms_ops.observation import Findings
from apgms_ops.redact import printable

_NAMED: Final = 5
"""Runs of a kind that are named; of more there is a count."""
_LEEWAY: Final = timedelta(minutes=10)
"""By which clocks differ, and which a run takes from its beginning to its seal."""


@dataclass(frozen=True, slots=True)
class ArchivedRun:
    """One object of the archive."""

    key: str
    """Its name."""
    seq: int | None
    """The place in the chain that the name says; None where it says none."""
    run: str | None
    """The run that the name says; None where it is not the name of a run."""
    began: datetime | None
    """When that began."""
    versions: int
    """How many there are: a name is taken once."""
    deleted: bool
    """Whether its newest version is a delete marker."""
    size: int
    """Bytes of its newest version."""
    mode: str | None
    """Of its lock; None: it is not locked."""
    until: datetime | None
    """First moment at which its lock ends."""
    attestation: str | None
    """SHA-256 of the run's seal, as was written beside it."""


@dataclass(frozen=True, slots=True)
class SealedRun:
    """One line of the chain on the machine that ran the checks."""

    seq: int
    run: str
    began: datetime | None
    attestation: str


@dataclass(frozen=True, slots=True)
class EvidenceArchive:
    """Everything that is there, and everything that should be."""

    at: datetime
    """When it was read."""
    place: str
    bucket: Bucket
    runs: tuple[ArchivedRun, ...]
    sealed: tuple[SealedRun, ...]
    """In the chain's order; empty on a machine that has sealed none."""
    every: timedelta | None
    """How often a run is to happen; None where nobody says."""

    def unprotected(self, environment: Environment) -> Findings:
        """Say in which way the bucket does not protect what is in it."""
        return Findings(self._unprotected(_declared(environment)))

    def _unprotected(self, archive: Archive) -> Iterator[str]:
        bucket, wanted = self.bucket, archive.retention
        name = f"s3://{bucket.name}"
        if bucket.region != archive.region:
            yield f"{name} is in {bucket.region}, and not in {archive.region}"
        if not bucket.versioned:
            yield f"{name}: versioning is off or suspended: what is written over is gone"
        if not bucket.locking:
            yield f"{name} has no Object Lock: what is in it can be deleted"
        elif bucket.default_retention is None:
            yield f"{name}: what is put there without a lock of its own gets none"
        else:
            if bucket.default_mode != COMPLIANCE:
                mode = bucket.default_mode
                yield f"{name}: locks are {mode} unless asked otherwise, which privileged users can take away"
            if bucket.default_retention < wanted.value:
                yield (
                    f"{name}: locks last {format_duration(bucket.default_retention)} unless asked otherwise, and "
                    f"{format_duration(wanted.value)} is wanted ({wanted.source})"
                )
        if bucket.encryption is None:
            yield f"{name} is not encrypted by default"
        if bucket.public:
            yield f"{name}: public access is not blocked altogether ({', '.join(bucket.public)})"

    def missing(self, environment: Environment) -> Findings:
        """Say which runs should be there and are not, or are not what was sealed."""
        return Findings(self._missing(_declared(environment)))

    def _missing(self, archive: Archive) -> Iterator[str]:
        here = {run.run: run for run in self.runs if run.run is not None and not run.deleted and run.size}
        due = [run for run in self.sealed if self._due(run, archive)]
        lost = [run for run in due if run.run not in here]
        limit = f"{format_duration(archive.within.value)} after it was sealed ({archive.within.source})"
        yield from _some(
            [f"{printable(run.run, limit=80)} (place {run.seq})" for run in lost],
            f"not in {self.place}, {limit}; `apgms-ops evidence push` stores",
        )
        for one in self.sealed:
            there = here.get(one.run)
            if there is not None and (there.attestation, there.seq) != (one.attestation, one.seq):
                yield f"{printable(one.run, limit=80)}: what is stored is not what was sealed here"
        places = [run.seq for run in here.values() if run.seq is not None]
        yield from _some(
            [str(first) if first == last else f"{first} to {last}" for first, last in gaps(places)],
            f"of the chain not in {self.place}, though later ones are: places",
        )
        last = max((run.seq for run in self.sealed), default=None)
        if last is not None and places and max(places) > last:
            yield (
                f"{self.place} holds place {max(places)} of the chain, which ends here with {last}: runs were removed "
                "from its end here, or another machine seals with a chain of its own"
            )
        twice = sorted({place for place in places if places.count(place) > 1}) if len(places) > len(set(places)) else []
        yield from _some([str(place) for place in twice], "taken by two runs: two chains are stored as one: places")
        yield from self._overdue(archive)

    def _due(self, run: SealedRun, archive: Archive) -> bool:
        if run.began is None:  # nobody knows when: it is always due
            return True
        if archive.since is not None and run.began < archive.since:
            return False
        return run.began + archive.within.value + _LEEWAY < self.at

    def _overdue(self, archive: Archive) -> Iterator[str]:
        """Say whether runs have stopped to come, which a machine without a chain of its own cannot tell by that."""
        if self.every is None:
            return
        allowed = self.every + archive.within.value + _LEEWAY
        began = [run.began for run in self.runs if run.began is not None and not run.deleted and run.began <= self.at]
        newest = max(began, default=archive.since)
        if newest is None:
            yield f"there is no run in {self.place}, and one every {format_duration(self.every)} is wanted"
        elif newest + allowed < self.at:
            what = "the newest run" if began else "there is no run, and archiving began"
            yield f"{self.place}: {what} is of {newest.isoformat(timespec='seconds')}: no run was stored since"

    def losable(self, environment: Environment) -> Findings:
        """Say which stored runs could be lost before their time, or have been."""
        return Findings(self._losable(_declared(environment)))

    def _losable(self, archive: Archive) -> Iterator[str]:
        kept = [run for run in self.runs if run.began is None or run.began + archive.retention.value > self.at]
        strange = [printable(run.key, limit=120) for run in self.runs if run.run is None]
        yield from _some(strange, "in the archive, and not the name of a run:")
        yield from _some(_names(run for run in kept if run.deleted), "deleted:")
        yield from _some(_names(run for run in kept if not run.deleted and not run.size), "empty:")
        yield from _some(_names(run for run in kept if run.versions > 1 + run.deleted), "written over:")
        there = [run for run in kept if not run.deleted]
        yield from _some(_names(run for run in there if run.until is None), "not locked:")
        loose = [run for run in there if run.until is not None and run.mode != COMPLIANCE]
        yield from _some(_names(loose), f"locked in a mode that privileged users can take away, and not {COMPLIANCE}:")
        short = [run for run in there if run.began and run.until and run.until < run.began + archive.retention.value]
        wanted = f"{format_duration(archive.retention.value)} ({archive.retention.source})"
        yield from _some(
            [f"{name} (until {run.until:%Y-%m-%d})" for name, run in zip(_names(short), short, strict=True)],
            f"locked for less than {wanted}:",
        )


def _declared(environment: Environment) -> Archive:
    if not isinstance(environment.archive, Archive):
        msg = f"environment {environment.name} has no section [archive]"
        raise Unobserved(msg)
    return environment.archive


def _names(runs: Iterable[ArchivedRun]) -> list[str]:
    return [printable(run.run or run.key, limit=120) for run in runs]


def _some(names: Sequence[str], what: str) -> Iterator[str]:
    """Yield one sentence about them, where there are any."""
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"{len(names)} {what} {', '.join(names[:_NAMED])}{more}"
