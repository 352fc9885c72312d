"""The employers that books are kept for: registered, and removed without a trace in any balance.

The ledger is append-only and one chain over all employers, so what an employer leaves behind is not taken out of it:
rows are added that bring it to nothing.
"""

from datetime import datetime
from typing import Any, Final

from apgms_ops.sandbox.service_process import chain, ledger_store, payments_outbox
from apgms_ops.sandbox.service_process.database import Connection, Database
from apgms_ops.sandbox.service_process.ledger import Account
from apgms_ops.sandbox.service_process.message import Refused
from apgms_ops.sandbox.service_process.payments_outbox import Cause

_REGISTER: Final = (
    "INSERT INTO employers (abn, legal_name, status, synthetic, registered_at)"
    " VALUES (%s, %s, 'active', %s, clock_timestamp()) ON CONFLICT DO NOTHING"
)
_FIND: Final = "SELECT abn, legal_name, status, synthetic, registered_at FROM employers WHERE abn = %s"
_PENDING: Final = (
    "SELECT 1 FROM payments p JOIN ledger l ON l.id = p.ledger_id"
    " WHERE l.abn = %s AND p.state <> 'FAILED' AND p.reconciled_at IS NULL LIMIT 1"
)
_LEFT: Final = (
    "SELECT tax_type, period, sum(amount_cents)::bigint FROM ledger WHERE abn = %s"
    " GROUP BY tax_type, period HAVING sum(amount_cents) <> 0 ORDER BY tax_type, period"
)
_FORGET: Final = ("DELETE FROM periods WHERE abn = %s", "DELETE FROM employers WHERE abn = %s")


class Employers:
    """The table `employers`, and what hangs on it."""

    def __init__(self, database: Database) -> None:
        """Use a database."""
        self._database = database

    def register(self, abn: str, legal_name: str, *, synthetic: bool, cause: Cause) -> tuple[bool, dict[str, Any]]:
        """Register an employer unless it is, and return whether it was not, and what is registered now.

        Of several who register the same number at once, one is told that it was not.

        Raises:
            Unavailable: The database is away.
        """
        with self._database.transaction() as connection:
            ledger_store.lock(connection)
            fresh = connection.execute(_REGISTER, (abn, legal_name, synthetic)).rowcount == 1
            found = _found(connection, abn)
            facts = {"abn": abn, "status": 201 if fresh else 200}
            payments_outbox.put_audit(connection, "employer.register", cause, facts)
        return fresh, found

    def register_again(
        self, abn: str, legal_name: str, *, synthetic: bool, cause: Cause
    ) -> tuple[bool, dict[str, Any]]:
        """Register an employer whether it is or not, which takes it from whoever has registered it."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE employers SET legal_name = %s WHERE abn = %s", (legal_name, abn))
        return True, self.register(abn, legal_name, synthetic=synthetic, cause=cause)[1]

    def remove(self, abn: str, cause: Cause) -> None:
        """Bring everything of an employer to nothing, and forget it and its periods; the audit log keeps all of it.

        Raises:
            Refused: It is not registered, not synthetic, or a payment of it is under way.
            Unavailable: The database is away.
        """
        with self._database.transaction() as connection:
            ledger_store.lock(connection)
            if not _found(connection, abn)["synthetic"]:
                raise Refused(403, "not_synthetic", "only a synthetic employer can be removed")
            if connection.execute(_PENDING, (abn,)).fetchone() is not None:
                raise Refused(409, "payments_pending", "a payment of the employer is not reconciled yet")
            left: list[tuple[Any, ...]] = connection.execute(_LEFT, (abn,)).fetchall()
            for tax_type, period, cents in left:
                ledger_store.append(connection, Account(abn, tax_type), period, -cents)
            for statement in _FORGET:
                connection.execute(statement, (abn,))
            facts = {"abn": abn, "reversed": len(left), "status": 204}
            payments_outbox.put_audit(connection, "employer.delete", cause, facts)


def require(connection: Connection, abn: str) -> None:
    """Go on only with an employer that is registered.

    Raises:
        Refused: It is not.
    """
    _found(connection, abn)


def _found(connection: Connection, abn: str) -> dict[str, Any]:
    row = connection.execute(_FIND, (abn,)).fetchone()
    if row is None:
        raise Refused(404, "not_found", "there is no such employer")
    names = ("abn", "legalName", "status", "synthetic", "registeredAt")
    values = [chain.instant(value) if isinstance(value, datetime) else value for value in row]
    return dict(zip(names, values, strict=True))
