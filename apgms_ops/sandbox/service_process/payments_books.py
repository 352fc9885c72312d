"""What the payments service does with its tables: one transaction each, under the ledger's lock where money moves."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from apgms_ops.sandbox.service_process import chain, employers, ledger_store, payments_outbox
from apgms_ops.sandbox.service_process.database import Connection, Database
from apgms_ops.sandbox.service_process.ledger import Account
from apgms_ops.sandbox.service_process.message import Refused
from apgms_ops.sandbox.service_process.payments_outbox import Cause
from apgms_ops.sandbox.service_process.switches import Switches

_ANSWERED: Final = "SELECT request, status, answer FROM idempotency WHERE org_id = %s AND key = %s"
_ANSWER: Final = "INSERT INTO idempotency (org_id, key, request, status, answer) VALUES (%s, %s, %s, %s, %s)"
_OPEN: Final = "INSERT INTO periods (abn, tax_type, period, state) VALUES (%s, %s, %s, 'OPEN') ON CONFLICT DO NOTHING"
_CLOSE: Final = (
    "INSERT INTO periods (abn, tax_type, period, state) VALUES (%s, %s, %s, 'CLOSED')"
    " ON CONFLICT (abn, tax_type, period) DO UPDATE"
    " SET state = CASE WHEN periods.state = 'OPEN' THEN 'CLOSED' ELSE periods.state END RETURNING state"
)
_STATE: Final = "SELECT state FROM periods WHERE abn = %s AND tax_type = %s AND period = %s"
_PAY: Final = (
    "INSERT INTO payments (id, ledger_id, state, requested_at, idempotency_key)"
    " VALUES (%s, %s, 'PREPARED', clock_timestamp(), %s)"
)
_PAYMENT: Final = (
    "SELECT p.id, l.abn, l.tax_type, l.period, -l.amount_cents, p.state, p.requested_at, p.reconciled_at, p.ledger_id"
    " FROM payments p JOIN ledger l ON l.id = p.ledger_id JOIN employers e ON e.abn = l.abn WHERE p.id = %s"
)
EXECUTE: Final = "payments.execute"
_BANK: Final = "synthetic"
"""Which bank makes the payments: one that moves nothing."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: so many cents of one employer's tax in one period."""

    account: Account
    period: str
    cents: int

    @property
    def place(self) -> tuple[str, str, str]:
        """The key of its period."""
        return self.account.abn, self.account.tax_type, self.period

    def facts(self) -> dict[str, object]:
        """Return it for an event."""
        return {
            "abn": self.account.abn,
            "taxType": self.account.tax_type,
            "period": self.period,
            "amountCents": self.cents,
        }


@dataclass(frozen=True, slots=True)
class Once:
    """An operation that is done once under its key, and answered the same ever after."""

    cause: Cause
    key: str
    operation: str
    order: Order

    @property
    def request(self) -> str:
        """What tells whether a second request is the same."""
        return chain.canonical({"operation": self.operation, **self.order.facts()})


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer."""

    status: int
    body: dict[str, Any]
    first: bool
    """Whether it was worked out just now; then its audit event is in the outbox."""


class Books:
    """Deposits, payments and periods."""

    def __init__(self, database: Database, replica: Callable[[], Database], switches: Switches) -> None:
        """Use a database and, where it is wrong on purpose, its replica."""
        self._database = database
        self._replica = replica
        self._switches = switches

    def deposit(self, once: Once, add: Callable[[int, int], int]) -> Answered:
        """Add a deposit to the ledger.

        Args:
            once: What, and under which key.
            add: How the balance is worked out.

        Raises:
            Refused: The employer is not registered, or the key was used for something else.
            Unavailable: The database is away; whether the deposit was made, the same request tells later.
        """

        def work(connection: Connection) -> tuple[int, dict[str, Any]]:
            order = once.order
            connection.execute(_OPEN, order.place)
            row = ledger_store.append(connection, order.account, order.period, order.cents, add)
            return 201, {
                "ledgerId": row.id,
                "balanceBeforeCents": row.balance_before_cents,
                "balanceAfterCents": row.balance_after_cents,
            }

        return self._once(once, work, once.order.cents)

    def pay(self, once: Once) -> Answered:
        """Take the money for a payment out of the ledger, and order it.

        Raises:
            Refused: The employer is not registered, its period not closed or the money not there, or the key was used
                for something else.
            Unavailable: The database is away.
        """

        def work(connection: Connection) -> tuple[int, dict[str, Any]]:
            order = once.order
            found = connection.execute(_STATE, order.place).fetchone()
            state = found[0] if found else "OPEN"
            if state == "OPEN" and not self._switches.on("pay_open_periods"):
                raise Refused(409, "period_open", "the period is not closed")
            if state == "BLOCKED_DISCREPANCY":
                raise Refused(409, "period_blocked", "bank and ledger disagree about the period")
            if ledger_store.balance(connection, order.account) < order.cents:
                raise Refused(409, "insufficient_funds", "the balance is less than the amount")
            row = ledger_store.append(connection, order.account, order.period, -order.cents)
            payment = str(uuid.uuid4())
            connection.execute(_PAY, (payment, row.id, once.key))
            event = {"paymentId": payment, **order.facts()}
            payments_outbox.put(connection, EXECUTE, "PaymentRequested", once.cause, event)
            return 202, {"paymentId": payment, "state": "PREPARED"}

        return self._once(once, work, -once.order.cents)

    def close(self, account: Account, period: str, cause: Cause) -> dict[str, Any]:
        """Close a period, if it is open, and return its state and what is left to pay.

        Raises:
            Refused: The employer is not registered.
            Unavailable: The database is away.
        """
        with self._database.transaction() as connection:
            ledger_store.lock(connection)
            employers.require(connection, account.abn)
            (state,) = connection.execute(_CLOSE, (account.abn, account.tax_type, period)).fetchone() or (None,)
            due = ledger_store.due(connection, account, period)
            facts = {"abn": account.abn, "taxType": account.tax_type, "period": period, "status": 200}
            payments_outbox.put_audit(connection, "period.close", cause, facts)
        return {"state": state, "dueCents": max(0, due)}

    def payment(self, identity: str) -> dict[str, object] | None:
        """Return a payment; None where there is none, or its employer is not registered any more.

        Raises:
            Unavailable: The database is away.
        """
        names = (
            "paymentId",
            "abn",
            "taxType",
            "period",
            "amountCents",
            "state",
            "requestedAt",
            "reconciledAt",
            "ledgerId",
        )
        with self._database.transaction() as connection:
            row = connection.execute(_PAYMENT, (identity,)).fetchone()
        if row is None:
            return None
        values = [chain.instant(value) if isinstance(value, datetime) else value for value in row]
        bank = "live" if self._switches.on("live_bank") else _BANK
        return {**dict(zip(names, values, strict=True)), "bank": bank}

    def ledger(self, account: Account, most: int) -> list[dict[str, object]]:
        """Return an account's last rows, oldest first.

        Raises:
            Refused: The employer is not registered.
            Unavailable: The database is away.
        """
        with self._database.transaction() as connection:
            employers.require(connection, account.abn)
            if not self._switches.on("read_replica"):
                return ledger_store.last(connection, account, most)
        with self._replica().transaction() as connection:
            return ledger_store.last(connection, account, most)

    def _once(self, once: Once, work: Callable[[Connection], tuple[int, Mapping[str, Any]]], moved: int) -> Answered:
        with self._database.transaction() as connection:
            ledger_store.lock(connection)
            known = connection.execute(_ANSWERED, (once.cause.org_id, once.key)).fetchone()
            if known is not None:
                request, status, text = known
                if request != once.request and not self._switches.on("accept_conflicts"):
                    raise Refused(409, "idempotency_conflict", "the key was used for another request")
                if self._switches.on("repeat_rows"):
                    ledger_store.append(connection, once.order.account, once.order.period, moved)
                return Answered(int(str(status)), json.loads(str(text)), first=False)
            employers.require(connection, once.order.account.abn)
            status, body = work(connection)
            answer = (once.cause.org_id, once.key, once.request, status, json.dumps(body))
            connection.execute(_ANSWER, answer)
            facts = {**once.order.facts(), "status": status}
            if not (once.operation == "deposit.create" and self._switches.on("unaudited_deposits")):
                payments_outbox.put_audit(connection, once.operation, once.cause, facts)
        return Answered(status, dict(body), first=True)
