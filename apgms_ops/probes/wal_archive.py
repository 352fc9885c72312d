"""Backups, step 1: whether the write-ahead log is in the bucket without a gap, and whether the primary goes on so."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.postgres import Kind, Statement
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import BadAnswer, Unobserved
from apgms_ops.probes.probe import probe
from apgms_ops.probes.rehearsals import declared
from apgms_ops.probes.wal_facts import Archiver, Kept, Timeline, WalArchive
from apgms_ops.probes.wal_segments import Segment, runs

if TYPE_CHECKING:
    from apgms_ops.clients.objectstore import ObjectStoreClient
    from apgms_ops.clients.pgbackrest import PgbackrestClient
    from apgms_ops.clients.postgres import PostgresClient

_MOST: Final = 1_000_000
"""Objects that are read: two months of a segment every five seconds."""
_STORED: Final = re.compile(r"([0-9A-F]{24})-[0-9a-f]{40}(?:\.(?:gz|bz2|lz4|zst))?")
_ARCHIVER: Final = Statement(
    "the archiver",
    "SELECT current_setting('archive_mode'),"
    " (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'),"
    " pg_walfile_name(pg_current_wal_lsn()), last_archived_wal, last_archived_time, last_failed_wal, last_failed_time,"
    " (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'),"
    " (SELECT coalesce(sum(size), 0)::bigint FROM pg_ls_waldir())"
    " FROM pg_stat_archiver",
    {
        "mode": Kind.TEXT,
        "segment_size": Kind.INTEGER,
        "current": Kind.TEXT,
        "archived": Kind.TEXT,
        "archived_at": Kind.TIME,
        "failed": Kind.TEXT,
        "failed_at": Kind.TIME,
        "waiting": Kind.INTEGER,
        "held": Kind.INTEGER,
    },
)


@probe(deadline=60.0)
def wal_archive(
    pgbackrest: "PgbackrestClient",
    primary: "PostgresClient",
    backups: "ObjectStoreClient",
    environment: Environment,
    deadline: Deadline,
) -> WalArchive:
    """Every segment that lies in the bucket, from the oldest backup on, and what the primary says of its archiver."""
    section = declared(environment).database
    stanza = pgbackrest.info(deadline)
    with primary.snapshot(deadline) as snapshot:
        row = snapshot.row(_ARCHIVER, deadline)
        server = snapshot.server
    if server.in_recovery:
        msg = f"{primary.source} leads to a replica, whose archiver says nothing of the primary's"
        raise Unobserved(msg)
    archiver = Archiver(
        at=server.now,
        mode=row.text("mode"),
        current=row.text("current"),
        archived=row.text_or_none("archived"),
        archived_at=row.time_or_none("archived_at"),
        failed=row.text_or_none("failed"),
        failed_at=row.time_or_none("failed_at"),
        waiting=row.integer("waiting"),
        held=row.integer("held"),
    )
    segment_size = row.integer("segment_size")
    archives = [one for one in stanza.archives if one.repository == section.repository]
    newest = max(archives, key=lambda one: (one.database, one.newest or ""), default=None)
    if newest is None:
        said = "; ".join(one.status.message for one in stanza.repositories) or stanza.status.message
        msg = f"stanza {stanza.name}: pgbackrest info names no archive of the write-ahead log; it says: {said}"
        raise Unobserved(msg)
    prefix = f"{section.prefix}/archive/{section.stanza}/{newest.id}/"
    kept: dict[int, set[int]] = {}
    empty: list[str] = []
    last: Kept | None = None
    # Not their versions: what was expired is kept as such, many times as much as what is there.
    for listed in backups.objects(prefix, deadline, most=_MOST):
        found = _STORED.fullmatch(listed.key.rpartition("/")[2])
        if found is None:
            continue
        segment = Segment.parse(found[1], segment_size)
        if not listed.size:
            empty.append(found[1])
            continue
        kept.setdefault(segment.timeline, set()).add(segment.number)
        if last is None or (segment.number, segment.timeline) >= (last.number, last.timeline):
            last = Kept(found[1], segment.timeline, segment.number, listed.modified)
    ours = [
        backup
        for backup in stanza.backups
        if (backup.repository, backup.database) == (newest.repository, newest.database)
    ]
    needed = [
        Segment.parse(name, segment_size).number
        for backup in ours
        for name in (backup.first_segment, backup.last_segment)
        if name is not None
    ]
    if not needed:
        msg = f"stanza {stanza.name}: no backup says from which segment on it needs the write-ahead log"
        raise Unobserved(msg)
    if Segment.parse(archiver.current, segment_size).name != archiver.current:
        msg = f"the primary names a segment that is none: {archiver.current}"
        raise BadAnswer(msg)
    return WalArchive(
        at=datetime.now(UTC),
        segment_size=segment_size,
        place=f"{backups.source}/{prefix}",
        needed_from=min(needed),
        needed_to=max(needed),
        timelines=tuple(Timeline(timeline, runs(numbers)) for timeline, numbers in sorted(kept.items())),
        empty=tuple(empty),
        last=last,
        archiver=archiver,
    )
