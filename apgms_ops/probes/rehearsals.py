"""Which restores were rehearsed, and what came of the last of each kind."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Backups, Environment
from apgms_ops.environment.types import Duration, Limit, format_duration
from apgms_ops.errors import ConfigurationError, EvidenceInvalid, Unobserved
from apgms_ops.evidence import trust
from apgms_ops.evidence.rehearsal import LARGEST, Rehearsal, ended_at, folder_of, read
from apgms_ops.evidence.site import Site
from apgms_ops.observation import Findings
from apgms_ops.probes.probe import probe
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from apgms_ops.clients.objectstore import ObjectStoreClient, Version

_MOST: Final = 20_000
"""Records that are read: decades of them."""
_LEEWAY: Final = timedelta(minutes=5)
"""By which clocks may differ."""


@dataclass(frozen=True, slots=True)
class Rehearsals:
    """The newest record of each kind of rehearsal, as it verified."""

    at: datetime
    place: str
    """Where they are kept."""
    newest: tuple[Rehearsal, ...]
    """One of each kind that there is."""
    invalid: tuple[str, ...]
    """The newest of a kind that does not verify: its name, and why."""
    deleted: tuple[str, ...]
    """Records that somebody has deleted: their names."""

    def of(self, kind: str) -> Rehearsal | None:
        """Return the newest of a kind."""
        return next((one for one in self.newest if one.kind == kind), None)

    def overdue(self, kind: str, within: Limit[Duration], target: str | None = None) -> Findings:
        """Say what is wrong with the newest rehearsal of a kind: there is none, it failed, or it is too long ago.

        Args:
            kind: Which.
            within: How long ago it may be.
            target: What it must have been of; None: whatever it was.
        """
        return Findings(self._overdue(kind, within, target))

    def _overdue(self, kind: str, within: Limit[Duration], target: str | None) -> Iterator[str]:
        yield from (f"a record that does not verify: {why}" for why in self.invalid if f"/{kind}/" in why)
        yield from (f"a record was deleted: {name}" for name in self.deleted if f"/{kind}/" in name)
        found = self.of(kind)
        limit = f"{format_duration(within.value)} ({within.source})"
        if found is None:
            yield f"{kind} was never done: {self.place} holds no record of it; wanted is one within {limit}"
            return
        what = f"{kind} of {found.target}, done at {found.ended:%Y-%m-%d %H:%M:%S} UTC"
        if target is not None and found.target != target:
            yield f"{what}: that is not {target}"
        if found.problems:
            more = f" and {len(found.problems) - 1} more" if len(found.problems) > 1 else ""
            yield f"{what}, failed: {found.problems[0]}{more}"
        if found.ended > self.at + _LEEWAY:
            yield f"{what}: that is in the future"
        elif self.at - found.ended > within.value:
            yield f"{what}: longer ago than {limit}"


@probe(deadline=30.0)
def rehearsals(archive: "ObjectStoreClient", environment: Environment, site: Site, deadline: Deadline) -> Rehearsals:
    """The newest record of each kind in the archive, verified by the keys that the environment believes."""
    try:
        believed = trust.of_environment(environment, site.environments[0] if site.environments else Path())
    except ConfigurationError as error:
        raise Unobserved(str(error)) from error
    prefix = folder_of(environment.name)
    newest: dict[str, tuple[datetime, Version]] = {}
    deleted: list[str] = []
    for version in archive.versions(prefix, deadline, most=_MOST):
        ended = ended_at(version.key)
        if not version.latest:
            continue
        if version.marker:
            deleted.append(printable(version.key, limit=200))
        elif ended is not None:
            kind = version.key.split("/")[2]
            if kind not in newest or ended > newest[kind][0]:
                newest[kind] = (ended, version)
    found: list[Rehearsal] = []
    invalid: list[str] = []
    for _, version in newest.values():
        try:
            found.append(read(_content(archive, version, deadline), version.key, believed))
        except EvidenceInvalid as error:
            invalid.append(printable(str(error), limit=300))
    return Rehearsals(
        at=datetime.now(UTC),
        place=f"{archive.source}/{prefix}",
        newest=tuple(found),
        invalid=tuple(invalid),
        deleted=tuple(deleted),
    )


def _content(archive: "ObjectStoreClient", version: "Version", deadline: Deadline) -> bytes:
    if version.size > LARGEST:
        msg = f"{version.key}: larger than {LARGEST} bytes"
        raise EvidenceInvalid(msg)
    with tempfile.TemporaryDirectory(prefix="apgms-ops-") as made:
        file = Path(made) / "record.json"
        archive.fetch(version.key, file, deadline, version=version.id)
        return file.read_bytes()


def declared(environment: Environment) -> Backups:
    """Return what the environment says of its backups.

    Raises:
        Unobserved: It says nothing.
    """
    if not isinstance(environment.backups, Backups):
        msg = f"environment {environment.name} has no section [backups]"
        raise Unobserved(msg)
    return environment.backups
