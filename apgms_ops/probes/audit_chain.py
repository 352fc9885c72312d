"""Runbook, Service Overview, step 2: the audit log's chain, recomputed where it lies, and held to its anchor."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from apgms_ops.clients.postgres.statement import Kind, Statement
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.environment.types import Limit, format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.evidence.earlier import EarlierRuns
from apgms_ops.observation import Findings, timestamp
from apgms_ops.probes.database import persistence_of, require_current
from apgms_ops.probes.probe import probe

if TYPE_CHECKING:
    from apgms_ops.clients.postgres import PostgresClient
    from apgms_ops.clients.postgres.client import Snapshot

NAMED: Final = 20
"""Broken rows that are named one by one."""
WHOLE: Final = 2_000_000
"""Rows up to which the whole log is recomputed; of a longer one, what follows the anchor."""
GENESIS: Final = "0" * 64
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_DAY: Final = timedelta(days=1)

# The text that a row's hash is of, as RFC 8785 writes it. `to_json` of a text escapes what RFC 8785 escapes, the same
# way; the payload's column keeps the canonical text that was hashed. Nothing of it leaves the database.
_HASHED: Final = (
    'prev_hash || \'{"action":\' || to_json(action) || \',"actor_id":\' || to_json(actor_id) || \',"at":"\''
    ' || to_char(at AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\') || \'","event_id":\' || to_json(event_id)'
    " || ',\"org_id\":' || to_json(org_id) || ',\"payload\":' || payload::text || '}'"
)
_BROKEN: Final = f"""
WITH linked AS (
  SELECT seq, prev_hash, hash,
    lag(seq) OVER chain AS before_seq, lag(hash) OVER chain AS before_hash, lag(prev_hash) OVER chain AS before_prev,
    encode(sha256(convert_to({_HASHED}, 'UTF8')), 'hex') AS computed
  FROM audit_log WHERE seq >= %(first)s
  WINDOW chain AS (ORDER BY seq)
)
SELECT seq, CASE
    WHEN hash IS NULL THEN 'has no hash'
    WHEN prev_hash IS NULL THEN 'names no row before it'
    WHEN before_seq IS NULL AND %(genesis)s AND prev_hash <> repeat('0', 64) THEN 'is the first, and follows another'
    WHEN before_seq IS NOT NULL AND prev_hash = before_prev THEN 'forks: it follows the same row as ' || before_seq
    WHEN before_seq IS NOT NULL AND prev_hash IS DISTINCT FROM before_hash THEN 'does not follow row ' || before_seq
    WHEN computed <> hash THEN 'was altered: its hash is not that of its content'
  END
FROM linked
WHERE hash IS NULL OR prev_hash IS NULL OR computed <> hash
  OR (before_seq IS NULL AND %(genesis)s AND prev_hash <> repeat('0', 64))
  OR (before_seq IS NOT NULL AND prev_hash IS DISTINCT FROM before_hash)
ORDER BY seq
"""  # noqa: S608 — a constant of ours


@dataclass(frozen=True, slots=True)
class Link:
    """A row of the log, by its place in the chain."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that does not fit into the chain."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Anchored:
    """A row that was verified before, and what is there now."""

    link: Link
    where_from: str
    """The run that verified it, or the environment file."""
    now: str | None
    """Its hash now; None where the row is gone, or has none."""


@dataclass(frozen=True, slots=True)
class AuditChain:
    """The audit log, all of it in one snapshot."""

    service: str
    system_id: str
    at: datetime
    """By the database's clock."""
    rows: int
    first_seq: int
    """The row from which on the chain was recomputed."""
    broken: tuple[BrokenRow, ...]
    """The first ones."""
    broken_count: int
    head: Link | None
    """The last row; None where there is none, or where it has no hash."""
    anchor: Anchored | None
    """None in the first run of an environment."""
    oldest: datetime | None
    since: datetime | None
    """When logging began, where the environment says so."""

    def breaks(self) -> Findings:
        """Say which rows do not fit into the chain.

        Raises:
            Unobserved: There is no row.
        """
        self._require_rows()
        found = [f"row {row.seq} {row.what}" for row in self.broken]
        if self.broken_count > len(self.broken):
            found.append(f"and {self.broken_count - len(self.broken)} more rows")
        return Findings(found)

    def unanchored(self) -> Findings:
        """Say whether the row that was verified last is gone, or is another one: the log was cut off or rewritten.

        Raises:
            Unobserved: There is no row, and none was verified before.
        """
        if self.anchor is None:
            self._require_rows()
            return Findings()
        link, now = self.anchor.link, self.anchor.now
        if now == link.hash:
            return Findings()
        there = "is not there" if now is None else f"has the hash {now[:16]}…"
        head = f"the log ends at row {self.head.seq}" if self.head else "the log has no head"
        return Findings(
            (
                (
                    f"row {link.seq} {there}; {self.anchor.where_from} verified it as {link.hash[:16]}…, and {head}: "
                    "the log was cut off or rewritten"
                ),
            )
        )

    def forgotten(self, retention: Limit[timedelta]) -> Findings:
        """Say whether rows are gone that must still be kept.

        Raises:
            Unobserved: There is no row.
        """
        self._require_rows()
        if self.oldest is None:
            return Findings()
        due = self.at - retention.value
        if self.since is not None and self.since > due:
            due = self.since
        # A quiet night at the beginning of the log is no loss.
        if self.oldest <= due + _DAY:
            return Findings()
        return Findings(
            (
                (
                    f"the oldest audit row is of {timestamp(self.oldest)[:16]}Z; kept must be everything since "
                    f"{timestamp(due)[:16]}Z ({format_duration(retention.value)}, {retention.source}). "
                    "If logging began later, say so: `since` of the persistence objective"
                ),
            )
        )

    def _require_rows(self) -> None:
        if not self.rows:
            msg = "the audit log is empty"
            raise Unobserved(msg)


@probe(deadline=90.0)
def audit_chain(
    postgres: "PostgresClient", environment: Environment, earlier: EarlierRuns, deadline: Deadline
) -> AuditChain:
    """The audit log's rows, links and hashes, the row that was verified last, and the oldest one."""
    service, promised = persistence_of(environment)
    with postgres.snapshot(deadline) as snapshot:
        require_current(snapshot.server)
        require_payload(snapshot, deadline)
        known = _last_verified(earlier, snapshot.server.system_id)
        if known is None and promised.anchor is not None:
            known = Link(promised.anchor.seq, promised.anchor.hash), f"environment {environment.name}"
        extent = snapshot.row(_EXTENT, deadline)
        rows = extent.integer("rows")
        first = known[0].seq if known and rows > WHOLE else 0
        broken, count = broken_rows(snapshot, first, deadline)
        return AuditChain(
            service=service,
            system_id=snapshot.server.system_id,
            at=snapshot.server.now,
            rows=rows,
            first_seq=first,
            broken=broken,
            broken_count=count,
            head=head_of(snapshot, deadline),
            anchor=None if known is None else Anchored(*known, hash_of(snapshot, known[0].seq, deadline)),
            oldest=extent.time_or_none("oldest"),
            since=promised.since,
        )


_EXTENT: Final = Statement(
    "the extent of the audit log",
    "SELECT count(*), min(at) FROM audit_log",
    {"rows": Kind.INTEGER, "oldest": Kind.TIME},
)


def require_payload(snapshot: "Snapshot", deadline: Deadline) -> None:
    """Require that the database keeps the text that was hashed.

    Raises:
        Unobserved: It keeps something else, such as jsonb, which has another text for the same value.
    """
    statement = Statement(
        "the payload's type",
        "SELECT format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = 'audit_log'::regclass AND attname = 'payload' AND NOT attisdropped",
        {"type": Kind.TEXT},
    )
    kind = snapshot.row(statement, deadline).text("type")
    if kind not in {"json", "text"}:
        msg = f"audit_log.payload is {kind}, which does not keep the text that was hashed: no hash can be recomputed"
        raise Unobserved(msg)


def broken_rows(snapshot: "Snapshot", first: int, deadline: Deadline) -> tuple[tuple[BrokenRow, ...], int]:
    """Recompute the chain; return the first rows that do not fit into it, and how many there are.

    Args:
        snapshot: The database.
        first: The row to begin with; 0: the first of all, which follows none.
        deadline: For all of it.

    Raises:
        Unobserved: It could not be recomputed to its head.
    """
    statement = Statement(
        "rows that do not fit into the chain",
        _BROKEN,
        {"seq": Kind.INTEGER, "what": Kind.TEXT},
        {"first": first, "genesis": first == 0},
    )
    named: list[BrokenRow] = []
    count = 0
    for seq, what in snapshot.stream(statement, deadline):
        count += 1
        if len(named) < NAMED:
            named.append(BrokenRow(int(str(seq)), str(what)))
    return tuple(named), count


def head_of(snapshot: "Snapshot", deadline: Deadline) -> Link | None:
    """Return the last row of the log; None where there is none, or where it has no hash."""
    statement = Statement(
        "the head of the chain",
        "SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1",
        {"seq": Kind.INTEGER, "hash": Kind.TEXT},
    )
    for row in snapshot.rows(statement, deadline):
        if row.values["hash"] is not None:
            return Link(row.integer("seq"), row.text("hash"))
    return None


def hash_of(snapshot: "Snapshot", seq: int, deadline: Deadline) -> str | None:
    """Return a row's hash; None where there is no such row, or where it has none."""
    statement = Statement(
        "the anchored row", "SELECT hash FROM audit_log WHERE seq = %(seq)s", {"hash": Kind.TEXT}, {"seq": seq}
    )
    for row in snapshot.rows(statement, deadline):
        if row.values["hash"] is not None:
            return row.text("hash")
    return None


def _last_verified(earlier: EarlierRuns, system_id: str) -> tuple[Link, str] | None:
    """Return the head that the newest run verified whose checks of this log all PASSED, and that run.

    A head above a row that is a finding by itself, such as one that nobody emitted, is not one to hold the log to.
    """
    for run, observation in earlier.passed("audit_chain", "audit_persistence"):
        facts: Any = observation.facts
        if not isinstance(facts, dict) or facts.get("system_id") != system_id:
            continue
        head = facts.get("head")
        if isinstance(head, dict) and isinstance(head.get("seq"), int) and _HASH.fullmatch(str(head.get("hash"))):
            return Link(head["seq"], str(head["hash"])), f"run {run}"
    return None
