"""The member of `reconciliation-worker`: compares what the bank moved with what the ledger says."""

from collections.abc import Sequence
from typing import Any, Final

from apgms_ops.sandbox.service_process import ledger_store, payments_outbox
from apgms_ops.sandbox.service_process.consumer import Received
from apgms_ops.sandbox.service_process.database import Database
from apgms_ops.sandbox.service_process.executor import START, Payment, cause_of, find
from apgms_ops.sandbox.service_process.parking import Parking
from apgms_ops.sandbox.service_process.payments_outbox import Cause, Outbox
from apgms_ops.sandbox.service_process.peer import Peer
from apgms_ops.sandbox.service_process.switches import Switches
from apgms_ops.sandbox.service_process.unavailable import Unavailable

COMPLETED: Final = "reconciliation.completed"
_DONE: Final = (
    "UPDATE payments SET reconciled_at = clock_timestamp() WHERE id = %s AND reconciled_at IS NULL RETURNING id"
)
_BLOCK: Final = (
    "UPDATE periods SET state = 'BLOCKED_DISCREPANCY'"
    " WHERE abn = %s AND tax_type = %s AND period = %s AND state <> 'BLOCKED_DISCREPANCY' RETURNING state"
)
# What was in dispute is reconciled: the period is what its payments make it, unless another of them is in dispute.
_UNBLOCK: Final = (
    "UPDATE periods SET state = %s WHERE abn = %s AND tax_type = %s AND period = %s AND state = 'BLOCKED_DISCREPANCY'"
    " AND NOT EXISTS (SELECT 1 FROM payments p JOIN ledger l ON l.id = p.ledger_id WHERE l.abn = periods.abn"
    " AND l.tax_type = periods.tax_type AND l.period = periods.period AND p.state = 'ACK' AND p.reconciled_at IS NULL)"
)
_WAITING: Final = (
    "SELECT p.id, p.state, l.abn, l.tax_type, l.period, -l.amount_cents FROM payments p JOIN ledger l"
    " ON l.id = p.ledger_id WHERE p.reconciled_at IS NULL AND p.state <> 'FAILED' AND p.state = 'ACK'"
    " ORDER BY p.requested_at LIMIT 5000"
)
_REPLAYED: Final = Cause("org-platform", "payments", "reconciliation-replay")
_OK: Final = 200
_NOTHING: Final = 404


class Reconciliation:
    """Reconciles payments, each once, however often its event comes."""

    def __init__(self, database: Database, bank: Peer, outbox: Outbox, parking: Parking, switches: Switches) -> None:
        """Take what it works with."""
        self._database = database
        self._bank = bank
        self._outbox = outbox
        self._parking = parking
        self._switches = switches

    def work(self, received: Sequence[Received]) -> None:
        """Reconcile the payments that these events are about.

        Raises:
            Unavailable: Database, bank or broker is away: the same events come again.
        """
        for event in received:
            if self._switches.on("fail_reconciliation"):
                self._parking.park(event, "reconciliation failed")
                continue
            envelope = event.envelope()
            payment = find(self._database, envelope)
            if payment is None:
                self._parking.park(event, "there is no such payment")
            elif not payment.reconciled:
                self._settle(payment, agrees=self._agrees(payment), cause=cause_of(envelope))

    def replay(self) -> int:
        """Start again what was acknowledged and not reconciled, and return how many.

        Raises:
            Unavailable: The database is away.
        """
        with self._database.transaction() as connection:
            found: list[tuple[Any, ...]] = connection.execute(_WAITING).fetchall()
            for identity, state, abn, tax_type, period, cents in found:
                facts = {"paymentId": identity, "abn": abn, "taxType": tax_type, "period": period}
                facts |= {"amountCents": cents, "state": state}
                payments_outbox.put(connection, START, "ReconciliationStarted", _REPLAYED, facts)
        return len(found)

    def _agrees(self, payment: Payment) -> bool:
        account = payment.account
        path = f"/statements/{account.abn}/{account.tax_type}/{payment.period}?transferId={payment.id}"
        answer = self._bank.ask("GET", path)
        if answer.status == _NOTHING:
            return False  # acknowledged, and not on the statement
        told = answer.json()
        if answer.status != _OK or not isinstance(told, dict):
            raise Unavailable("bank", f"status {answer.status}")  # noqa: EM101 — the name of the peer
        return [entry["amountCents"] for entry in told["entries"]] == [payment.cents]

    def _settle(self, payment: Payment, *, agrees: bool, cause: Cause) -> None:
        account = payment.account
        place = (account.abn, account.tax_type, payment.period)
        with self._database.transaction() as connection:
            ledger_store.lock(connection)
            if agrees:
                changed = connection.execute(_DONE, (payment.id,)).fetchone()
                paid = ledger_store.due(connection, account, payment.period) <= 0
                connection.execute(_UNBLOCK, ("PAID" if paid else "CLOSED", *place))
            else:
                changed = connection.execute(_BLOCK, place).fetchone()
            if changed is None:
                return
            facts = {**payment.facts, "result": "MATCHED" if agrees else "DISCREPANCY"}
            payments_outbox.put(connection, COMPLETED, "ReconciliationCompleted", cause, facts)
            payments_outbox.put_audit(connection, "payment.reconcile", cause, facts)
        self._outbox.nudge()
