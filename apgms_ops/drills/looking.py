"""What a drill reads of the primary before anything is done, and of what was restored in the end."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.postgres.statement import Kind, Statement, literal
from apgms_ops.deadline import Deadline
from apgms_ops.environment.backups import Heartbeat
from apgms_ops.errors import Unobserved, WrongTarget
from apgms_ops.probes.audit_chain import BrokenRow, Link, broken_rows, hash_of, head_of, require_payload
from apgms_ops.probes.database import require_current

if TYPE_CHECKING:
    from apgms_ops.clients.postgres import PostgresClient
    from apgms_ops.clients.postgres.client import Snapshot

_SEGMENT: Final = re.compile(r"[0-9A-F]{24}")
# Of a server that replays, no segment is being written. What is not logged is empty after any restore.
_WRITING: Final = Statement(
    "the segment that is being written",
    "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_walfile_name(pg_current_wal_insert_lsn()) END",
    {"segment": Kind.TEXT},
)
_TABLES: Final = Statement(
    "the platform's tables",
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'"
    " AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"
    " AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1",
    {"name": Kind.TEXT},
)
_CHECKSUMS: Final = Statement(
    "failures of checksums",
    "SELECT current_setting('data_checksums') = 'on', coalesce(sum(checksum_failures), 0)::bigint"
    " FROM pg_stat_database",
    {"on": Kind.BOOLEAN, "failures": Kind.INTEGER},
)


@dataclass(frozen=True, slots=True)
class Noted:
    """The primary, before anything is done."""

    at: datetime
    """By its clock."""
    system_id: str
    heartbeat: datetime
    """The newest one."""
    head: Link | None
    """Of the audit log."""
    segment: str | None
    """Of the write-ahead log: once it is archived, all of this is; None: a replica was read, which writes none."""
    filled: frozenset[str]
    """The tables that have rows."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored."""

    system_id: str
    heartbeat: datetime | None
    """The newest one."""
    rows: int
    """Of the audit log."""
    broken: tuple[BrokenRow, ...]
    """The first ones."""
    broken_count: int
    head: Link | None
    noted_hash: str | None
    """Its hash of the row that was the primary's head; None where it has no such row."""
    counts: Mapping[str, int]
    """Table → rows."""
    checksums: bool
    """Whether its pages have them."""
    checksum_failures: int
    """Since it was started."""


def note(postgres: "PostgresClient", heartbeat: Heartbeat, pinned: str | None, deadline: Deadline) -> Noted:
    """Note what a restore must bring back.

    Args:
        postgres: The primary.
        heartbeat: Where heartbeats are.
        pinned: The system identifier that the environment pins.
        deadline: For all of it.

    Raises:
        WrongTarget: It is another database.
        Unobserved: It could not be read, or nobody has ever written a heartbeat.
    """
    with postgres.snapshot(deadline) as snapshot:
        require_pinned(snapshot.server.system_id, pinned)
        require_current(snapshot.server)
        newest = _newest(snapshot, heartbeat, deadline)
        if newest is None:
            msg = f"{heartbeat.table} is empty: without a heartbeat nobody can tell what a restore loses"
            raise Unobserved(msg)
        segment = snapshot.row(_WRITING, deadline).text_or_none("segment")
        return Noted(
            at=snapshot.server.now,
            system_id=snapshot.server.system_id,
            heartbeat=newest,
            head=head_of(snapshot, deadline),
            segment=segment if segment is not None and _SEGMENT.fullmatch(segment) else None,
            filled=_filled(snapshot, deadline),
        )


def require_pinned(system_id: str, pinned: str | None) -> None:
    """See that it is the database that the environment pins.

    Raises:
        WrongTarget: It is another one.
    """
    if pinned is not None and system_id != pinned:
        msg = f"the database that answers is {system_id}, not the pinned {pinned}"
        raise WrongTarget(msg)


def look(restored: "PostgresClient", heartbeat: Heartbeat, noted: Noted, deadline: Deadline) -> Restored:
    """Look into what was restored; the audit log's chain is recomputed from its first row to its head.

    Raises:
        Unobserved: It could not be read.
    """
    with restored.snapshot(deadline) as snapshot:
        counts = _counts(snapshot, deadline)
        require_payload(snapshot, deadline)
        broken, count = broken_rows(snapshot, 0, deadline)
        checksums = snapshot.row(_CHECKSUMS, deadline)
        return Restored(
            system_id=snapshot.server.system_id,
            heartbeat=_newest(snapshot, heartbeat, deadline),
            rows=counts.get("public.audit_log", 0),
            broken=broken,
            broken_count=count,
            head=head_of(snapshot, deadline),
            noted_hash=None if noted.head is None else hash_of(snapshot, noted.head.seq, deadline),
            counts=counts,
            checksums=checksums.truth("on"),
            checksum_failures=checksums.integer("failures"),
        )


def hash_there(postgres: "PostgresClient", seq: int, deadline: Deadline) -> str | None:
    """Return the primary's hash of a row of the audit log; None where it has no such row.

    Raises:
        Unobserved: It could not be read.
    """
    with postgres.snapshot(deadline) as snapshot:
        return hash_of(snapshot, seq, deadline)


def _newest(snapshot: "Snapshot", heartbeat: Heartbeat, deadline: Deadline) -> datetime | None:
    # The environment's model takes nothing but plain names for either.
    select = f"SELECT max({heartbeat.column}) FROM {heartbeat.table}"  # noqa: S608 — see above
    return snapshot.row(Statement("the newest heartbeat", select, {"at": Kind.TIME}), deadline).time_or_none("at")


def _tables(snapshot: "Snapshot", deadline: Deadline) -> tuple[str, ...]:
    return tuple(row.text("name") for row in snapshot.rows(_TABLES, deadline))


def _filled(snapshot: "Snapshot", deadline: Deadline) -> frozenset[str]:
    tables = _tables(snapshot, deadline)
    if not tables:
        return frozenset()
    # Names as `format` quotes them.
    select = " UNION ALL ".join(f"SELECT {literal(name)}, EXISTS (SELECT 1 FROM {name})" for name in tables)  # noqa: S608
    kinds = {"name": Kind.TEXT, "filled": Kind.BOOLEAN}
    rows = snapshot.rows(Statement("which tables have rows", select, kinds), deadline)
    return frozenset(row.text("name") for row in rows if row.truth("filled"))


def _counts(snapshot: "Snapshot", deadline: Deadline) -> Mapping[str, int]:
    tables = _tables(snapshot, deadline)
    if not tables:
        return {}
    select = " UNION ALL ".join(f"SELECT {literal(name)}, count(*) FROM {name}" for name in tables)  # noqa: S608
    kinds = {"name": Kind.TEXT, "rows": Kind.INTEGER}
    rows = snapshot.rows(Statement("rows of the tables", select, kinds), deadline)
    return {row.text("name"): row.integer("rows") for row in rows}
