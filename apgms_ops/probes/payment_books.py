"""Runbook, Service Overview, step 3: payments that wait to be reconciled, all of them seen in one moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.postgres import Kind, Statement
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, ReconciliationDelay
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings, timestamp
from apgms_ops.probes.database import require_current
from apgms_ops.probes.probe import probe

if TYPE_CHECKING:
    from apgms_ops.clients.postgres import PostgresClient

NAMED: Final = 20
"""Blocked periods that are named one by one."""
_SKEW: Final = timedelta(minutes=1)
"""By which the clock that wrote a row may be ahead of the database's."""

# A state that nobody declared is not done either: everything but ACK and FAILED is under way.
_PAYMENTS: Final = Statement(
    "payments that wait",
    "SELECT count(*), count(*) FILTER (WHERE waits), min(requested_at) FILTER (WHERE waits),"
    " count(*) FILTER (WHERE goes), min(requested_at) FILTER (WHERE goes), max(requested_at)"
    " FROM (SELECT requested_at, reconciled_at IS NULL AND state = 'ACK' AS waits,"
    " reconciled_at IS NULL AND state NOT IN ('ACK', 'FAILED') AS goes FROM payments) AS seen",
    {
        "payments": Kind.INTEGER,
        "waiting": Kind.INTEGER,
        "waiting_since": Kind.TIME,
        "going": Kind.INTEGER,
        "going_since": Kind.TIME,
        "newest": Kind.TIME,
    },
)
_PERIODS: Final = Statement(
    "the extent of the periods",
    "SELECT count(*), count(*) FILTER (WHERE state = 'BLOCKED_DISCREPANCY') FROM periods",
    {"periods": Kind.INTEGER, "blocked": Kind.INTEGER},
)
# The last digits tell one employer from another well enough, and the rest stays in the database.
_BLOCKED: Final = Statement(
    "blocked periods",
    "SELECT tax_type || ' ' || period || ' of …' || right(abn, 3) FROM periods"
    " WHERE state = 'BLOCKED_DISCREPANCY' ORDER BY period, tax_type, abn LIMIT %(most)s",
    {"which": Kind.TEXT},
    {"most": NAMED},
)


@dataclass(frozen=True, slots=True)
class PaymentBooks:
    """The payments and the periods of one service, in one snapshot."""

    service: str
    at: datetime
    """By the database's clock."""
    limit: timedelta
    source: str
    """Where the limit comes from."""
    expects_rows: bool
    payments: int
    newest: datetime | None
    """When the newest payment was asked for."""
    waiting: int
    """Payments that were acknowledged, and are not reconciled."""
    waiting_since: datetime | None
    """When the oldest of them was asked for."""
    going: int
    """Payments that are neither acknowledged nor failed."""
    going_since: datetime | None
    """When the oldest of them was asked for."""
    periods: int
    blocked: int
    blocked_named: tuple[str, ...]
    """The first ones; of a business number only the last digits."""

    def overdue(self) -> Findings:
        """Say whether a payment has waited to be reconciled for as long as the limit, or longer.

        No payment at all is a finding where the environment expects some; none that waits is a quiet night.
        """
        return Findings(
            [*self._missing(), *self._old("acknowledged and not reconciled", self.waiting, self.waiting_since)]
        )

    def stuck(self) -> Findings:
        """Say whether a payment was neither acknowledged nor failed within the limit.

        Raises:
            Unobserved: There is no payment where the environment expects some.
        """
        self._require(self.payments, "payment")
        return Findings(self._old("neither acknowledged nor failed", self.going, self.going_since))

    def blocked_periods(self) -> Findings:
        """Say which periods are blocked, because bank and ledger disagree.

        Raises:
            Unobserved: There is no period where the environment expects some.
        """
        self._require(self.periods, "period")
        if not self.blocked:
            return Findings()
        named = ", ".join(self.blocked_named)
        more = f" and {self.blocked - len(self.blocked_named)} more" if self.blocked > len(self.blocked_named) else ""
        count = f"{self.blocked} periods are" if self.blocked > 1 else "1 period is"
        return Findings((f"{count} blocked, because bank and ledger disagree: {named}{more}",))

    def _old(self, what: str, count: int, since: datetime | None) -> list[str]:
        if since is None or self.at - since < self.limit:
            return []
        age = _age(self.at - since)
        return [
            (
                f"{self.service}: the oldest payment that is {what} was asked for {age} ago, "
                f"at {timestamp(since)[:19]}Z "
                f"({count} are); it must be less than {format_duration(self.limit)} ({self.source})"
            )
        ]

    def _missing(self) -> list[str]:
        if not self.payments:
            return [f"{self.service}: there is no payment at all, and there must be some"] if self.expects_rows else []
        if self.newest is not None and self.newest > self.at + _SKEW:
            return [f"{self.service}: a payment is dated {timestamp(self.newest)[:19]}Z, which is yet to come"]
        return []

    def _require(self, count: int, what: str) -> None:
        if not count and self.expects_rows:
            msg = f"{self.service}: there is no {what} at all, and there must be some"
            raise Unobserved(msg)


def _age(age: timedelta) -> str:
    """Return an age to the second, without its fraction."""
    return str(timedelta(seconds=int(age.total_seconds())))


def reconciliation_of(environment: Environment) -> tuple[str, ReconciliationDelay]:
    """Return the service that promises reconciliation, and what it promises.

    Raises:
        Unobserved: There is none.
    """
    for name, service in environment.services.items():
        if service.reconciliation is not None:
            return name, service.reconciliation
    msg = f"environment {environment.name} has no service with a reconciliation objective"
    raise Unobserved(msg)


@probe(deadline=30.0)
def payment_books(postgres: "PostgresClient", environment: Environment, deadline: Deadline) -> PaymentBooks:
    """The payments that wait, and the periods that are blocked."""
    service, promised = reconciliation_of(environment)
    with postgres.snapshot(deadline) as snapshot:
        require_current(snapshot.server)
        payments = snapshot.row(_PAYMENTS, deadline)
        periods = snapshot.row(_PERIODS, deadline)
        named = tuple(row.text("which") for row in snapshot.rows(_BLOCKED, deadline))
        return PaymentBooks(
            service=service,
            at=snapshot.server.now,
            limit=promised.limit,
            source=promised.source,
            expects_rows=promised.expects_rows,
            payments=payments.integer("payments"),
            newest=payments.time_or_none("newest"),
            waiting=payments.integer("waiting"),
            waiting_since=payments.time_or_none("waiting_since"),
            going=payments.integer("going"),
            going_since=payments.time_or_none("going_since"),
            periods=periods.integer("periods"),
            blocked=periods.integer("blocked"),
            blocked_named=named,
        )
