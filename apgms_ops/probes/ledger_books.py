"""Runbook, Service Overview, step 3: whether the ledger adds up, and whether its rows follow one another."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.postgres import Kind, Statement
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.database import require_current
from apgms_ops.probes.payment_books import reconciliation_of
from apgms_ops.probes.probe import probe

if TYPE_CHECKING:
    from apgms_ops.clients.postgres import PostgresClient
    from apgms_ops.clients.postgres.client import Snapshot

NAMED: Final = 20
"""Wrong rows that are named one by one."""

_EXTENT: Final = Statement("the extent of the ledger", "SELECT count(*) FROM ledger", {"rows": Kind.INTEGER})
# Added up as numeric: a balance that went wrong may be so large that a sum of bigint ends in an error.
_SUMS: Final = Statement(
    "balances that do not add up",
    "SELECT id, tax_type || ' of …' || right(abn, 3) || ': a balance of ' || coalesce(before, 0)"
    " || ' and a movement of ' || amount_cents || ' make '"
    " || coalesce(before, 0)::numeric + amount_cents || ', not ' || balance_after_cents || ' cents'"
    " FROM (SELECT id, abn, tax_type, amount_cents, balance_after_cents,"
    " lag(balance_after_cents) OVER (PARTITION BY abn, tax_type ORDER BY id) AS before FROM ledger) AS moved"
    " WHERE balance_after_cents IS DISTINCT FROM coalesce(before, 0)::numeric + amount_cents ORDER BY id",
    {"id": Kind.INTEGER, "what": Kind.TEXT},
)
# The text that a row's hash is of, as RFC 8785 writes it: its own columns but the id, times in UTC.
_HASHED: Final = (
    "prev_hash || '{\"abn\":' || to_json(abn) || ',\"amount_cents\":' || amount_cents || ',\"balance_after_cents\":'"
    ' || balance_after_cents || \',"created_at":"\''
    " || to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    ' || \'","period":\' || to_json(period)'
    " || ',\"tax_type\":' || to_json(tax_type) || '}'"
)
_LINKS: Final = Statement(
    "rows of the ledger that do not follow",
    "SELECT id, CASE WHEN hash IS NULL THEN 'has no hash' WHEN prev_hash IS NULL THEN 'names no row before it'"  # noqa: S608
    " WHEN prev_hash = coalesce(before_hash, repeat('0', 64)) THEN 'was altered: its hash is not that of its content'"
    " WHEN before IS NULL THEN 'is the first, and follows another' ELSE 'does not follow row ' || before END"
    " FROM (SELECT id, prev_hash, hash, lag(id) OVER chain AS before, lag(hash) OVER chain AS before_hash,"
    f" encode(sha256(convert_to({_HASHED}, 'UTF8')), 'hex') AS computed"
    " FROM ledger WINDOW chain AS (ORDER BY id)) AS linked"
    " WHERE hash IS NULL OR computed IS DISTINCT FROM hash OR prev_hash IS DISTINCT FROM"
    " CASE WHEN before IS NULL THEN repeat('0', 64) ELSE before_hash END ORDER BY id",
    {"id": Kind.INTEGER, "what": Kind.TEXT},
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Rows of the ledger that are wrong in one way."""

    count: int
    named: tuple[str, ...]
    """The first ones."""

    def findings(self) -> Findings:
        """Say which."""
        left = self.count - len(self.named)
        return Findings([*self.named, *([f"and {left} more rows"] if left else [])])


@dataclass(frozen=True, slots=True)
class LedgerBooks:
    """The whole ledger, in one snapshot."""

    at: datetime
    """By the database's clock."""
    rows: int
    sums: Wrong
    links: Wrong

    def unbalanced(self) -> Findings:
        """Say which balances are not the one before and the movement.

        Raises:
            Unobserved: There is no row.
        """
        self._require_rows()
        return self.sums.findings()

    def unlinked(self) -> Findings:
        """Say which rows do not follow the one before them.

        Raises:
            Unobserved: There is no row.
        """
        self._require_rows()
        return self.links.findings()

    def _require_rows(self) -> None:
        if not self.rows:
            msg = "the ledger is empty"
            raise Unobserved(msg)


@probe(deadline=60.0)
def ledger_books(postgres: "PostgresClient", environment: Environment, deadline: Deadline) -> LedgerBooks:
    """The ledger's balances and links, worked out inside the database."""
    reconciliation_of(environment)
    with postgres.snapshot(deadline) as snapshot:
        require_current(snapshot.server)
        return LedgerBooks(
            at=snapshot.server.now,
            rows=snapshot.row(_EXTENT, deadline).integer("rows"),
            sums=_wrong(snapshot, _SUMS, deadline),
            links=_wrong(snapshot, _LINKS, deadline),
        )


def _wrong(snapshot: "Snapshot", statement: Statement, deadline: Deadline) -> Wrong:
    count = 0
    named: list[str] = []
    for identity, what in snapshot.stream(statement, deadline):
        count += 1
        if len(named) < NAMED:
            named.append(f"ledger row {identity} {what}")
    return Wrong(count, tuple(named))
