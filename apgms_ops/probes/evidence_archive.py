"""Whether the evidence of earlier runs is kept: in a bucket that keeps it, all of it, and for long enough."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.objectstore import NotThere, Version
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Archive, Environment, Evidence
from apgms_ops.errors import BadAnswer, Unobserved
from apgms_ops.evidence import archived, chain
from apgms_ops.evidence.site import Site
from apgms_ops.probes.evidence_archive_facts import ArchivedRun, EvidenceArchive, SealedRun
from apgms_ops.probes.probe import probe

if TYPE_CHECKING:
    from apgms_ops.clients.objectstore import ObjectStoreClient

_AT_ONCE: Final = 8
"""Requests at once."""
_MOST: Final = 20_000
"""Versions of an environment's runs that are read: years of them."""


@probe(deadline=60.0)
def evidence_archive(
    archive: "ObjectStoreClient", environment: Environment, site: Site, deadline: Deadline
) -> EvidenceArchive:
    """How the bucket is protected, every run in it with its lock, and the runs that this machine's chain holds."""
    section = environment.archive
    if not isinstance(section, Archive):
        msg = "[archive] is not declared"
        raise Unobserved(msg)
    evidence = environment.evidence
    prefix = archived.folder_of(section.prefix, environment.name)
    bucket = archive.bucket(deadline)
    versions: dict[str, list[Version]] = {}
    for version in archive.versions(prefix, deadline, most=_MOST):
        versions.setdefault(version.key, []).append(version)

    def read(key: str) -> ArchivedRun:
        return _run(archive, key, versions[key], deadline)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        runs = tuple(pool.map(read, sorted(versions)))
    return EvidenceArchive(
        at=datetime.now(UTC),
        place=f"s3://{section.bucket}/{prefix}",
        bucket=bucket,
        runs=runs,
        sealed=tuple(_sealed(environment, site)),
        every=evidence.every.value if isinstance(evidence, Evidence) and evidence.every else None,
    )


def _run(store: "ObjectStoreClient", key: str, versions: Sequence[Version], deadline: Deadline) -> ArchivedRun:
    name = archived.parse(key)
    newest = next((version for version in versions if version.latest), None)
    if newest is None:
        msg = f"{store.source}: a listing without the newest version of an object"
        raise BadAnswer(msg)
    stored = None
    if not newest.marker:
        try:
            stored = store.stored(key, deadline, version=newest.id)
        except NotThere as error:  # it was, a moment ago
            msg = f"{store.source}: an object went away while it was read"
            raise Unobserved(msg) from error
    return ArchivedRun(
        key=key,
        seq=None if name is None else name.seq,
        run=None if name is None else name.run,
        began=None if name is None else name.began,
        versions=len(versions),
        deleted=newest.marker,
        size=newest.size,
        mode=None if stored is None else stored.mode,
        until=None if stored is None else stored.until,
        attestation=None if stored is None else stored.metadata.get(archived.ATTESTATION),
    )


def _sealed(environment: Environment, site: Site) -> Iterator[SealedRun]:
    """Yield the lines of the chain; none on a machine that has sealed no run.

    Raises:
        EvidenceInvalid: The chain is damaged.
    """
    file = site.chain(environment)
    if file is None or not file.is_file():
        return
    for entry in chain.read(file):
        try:
            began = archived.began_at(entry.run)
        except ValueError:
            began = None
        yield SealedRun(entry.seq, entry.run, began, entry.attestation)
