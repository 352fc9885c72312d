"""The member of `payments-executor`: has payments made by the bank, and writes down what became of them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from apgms_ops.sandbox.service_process import ledger_store, payments_outbox
from apgms_ops.sandbox.service_process.consumer import Received
from apgms_ops.sandbox.service_process.database import Database
from apgms_ops.sandbox.service_process.ledger import Account
from apgms_ops.sandbox.service_process.parking import Parking
from apgms_ops.sandbox.service_process.payments_outbox import Cause, Outbox
from apgms_ops.sandbox.service_process.peer import Peer
from apgms_ops.sandbox.service_process.switches import Switches
from apgms_ops.sandbox.service_process.tenants import SMOKE
from apgms_ops.sandbox.service_process.unavailable import Unavailable

RESULT: Final = "payments.result"
START: Final = "reconciliation.start"
_PAYMENT: Final = (
    "SELECT p.id, p.state, l.abn, l.tax_type, l.period, -l.amount_cents, p.reconciled_at IS NOT NULL"
    " FROM payments p JOIN ledger l ON l.id = p.ledger_id WHERE p.id = %s"
)
_SENT: Final = "UPDATE payments SET state = 'SENT' WHERE id = %s AND state = 'PREPARED'"
_ENDED: Final = "UPDATE payments SET state = %s WHERE id = %s AND state IN ('PREPARED', 'SENT') RETURNING id"
_PAID: Final = "UPDATE periods SET state = 'PAID' WHERE abn = %s AND tax_type = %s AND period = %s AND state = 'CLOSED'"
_REFUSALS: Final = (404, 409, 422)
_ACCEPTED: Final = 202
_OK: Final = 200
_POLL: Final = 0.05
_ACKNOWLEDGED: Final = 3.0
"""Seconds that the bank has to acknowledge."""
_LONGEST: Final = 60.0
"""Seconds after which the rest of a batch waits for the next one, so that the member is not taken for dead."""
_BANK: Final = "bank"


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as the tables have it."""

    id: str
    state: str
    account: Account
    period: str
    cents: int
    reconciled: bool

    @property
    def facts(self) -> dict[str, object]:
        """What events tell of it."""
        account = self.account
        return {
            "paymentId": self.id,
            "abn": account.abn,
            "taxType": account.tax_type,
            "period": self.period,
            "amountCents": self.cents,
        }


def find(database: Database, envelope: dict[str, Any] | None) -> Payment | None:
    """Return the payment that an event is about; None if it is about none.

    Raises:
        Unavailable: The database is away.
    """
    payload = (envelope or {}).get("payload")
    identity = payload.get("paymentId") if isinstance(payload, dict) else None
    if not isinstance(identity, str) or "\0" in identity:
        return None
    with database.transaction() as connection:
        found: tuple[Any, ...] | None = connection.execute(_PAYMENT, (identity,)).fetchone()
    if found is None:
        return None
    identity, state, abn, tax_type, period, cents, reconciled = found
    return Payment(identity, state, Account(abn, tax_type), period, cents, reconciled)


def cause_of(envelope: dict[str, Any] | None) -> Cause:
    """Return on whose behalf an event is worked on."""
    known = envelope or {}
    payload = known.get("payload")
    actor = payload.get("actorId") if isinstance(payload, dict) else None
    return Cause(str(known.get("orgId", "org-platform")), str(actor or "payments"), str(known.get("traceId", "none")))


class Executor:
    """Makes payments, each once, however often its event comes."""

    def __init__(self, database: Database, bank: Peer, outbox: Outbox, parking: Parking, switches: Switches) -> None:
        """Take what it works with."""
        self._database = database
        self._bank = bank
        self._outbox = outbox
        self._parking = parking
        self._switches = switches

    def work(self, received: Sequence[Received]) -> None:
        """Make the payments that these events ask for.

        Raises:
            Unavailable: Database, bank or broker is away: the same events come again, and go on where they were.
        """
        until = time.monotonic() + _LONGEST
        sent: list[tuple[Payment, Cause]] = []
        for event in received:
            envelope = event.envelope()
            payment = find(self._database, envelope)
            if payment is None:
                self._parking.park(event, "there is no such payment")
            elif payment.state in {"PREPARED", "SENT"}:
                cause = cause_of(envelope)
                if self._switches.on("leave_prepared") and cause.org_id == SMOKE:
                    continue  # and nobody will come back to it
                if self._send(payment, cause):
                    sent.append((payment, cause))
            if time.monotonic() >= until:
                raise Unavailable(_BANK, "slow: the rest of the batch waits")
        for payment, cause in sent:
            self._end(payment, self._acknowledged(payment, cause), cause)

    def _send(self, payment: Payment, cause: Cause) -> bool:
        """Ask the bank, and return whether it took the transfer; what it refuses has failed."""
        with self._database.transaction() as connection:
            connection.execute(_SENT, (payment.id,))
        account = payment.account
        body = {
            "transferId": payment.id,
            "abn": account.abn,
            "taxType": account.tax_type,
            "period": payment.period,
            "amountCents": payment.cents,
        }
        headers = {"X-Correlation-Id": cause.correlation_id, "Idempotency-Key": payment.id}
        answer = self._bank.ask("POST", "/transfers", body, headers)
        if answer.status in _REFUSALS:
            self._end(payment, "FAILED", cause)
            return False
        if answer.status != _ACCEPTED:
            raise Unavailable(_BANK, f"status {answer.status}")
        return True

    def _acknowledged(self, payment: Payment, cause: Cause) -> str:
        """Wait until the bank has settled a transfer, and return the payment's last state."""
        until = time.monotonic() + _ACKNOWLEDGED
        while True:
            answer = self._bank.ask(
                "GET", f"/transfers/{payment.id}", headers={"X-Correlation-Id": cause.correlation_id}
            )
            told = answer.json() if answer.status == _OK else {}
            if told.get("state") == "SETTLED":
                return "ACK"
            if time.monotonic() >= until:
                raise Unavailable(_BANK, f"no acknowledgement, status {answer.status}")
            time.sleep(_POLL)

    def _end(self, payment: Payment, state: str, cause: Cause) -> None:
        """Write down how a payment ended, with everything that follows from it, once."""
        account = payment.account
        with self._database.transaction() as connection:
            ledger_store.lock(connection)
            if connection.execute(_ENDED, (state, payment.id)).fetchone() is None:
                return
            facts = {**payment.facts, "state": state}
            if state == "FAILED":
                ledger_store.append(connection, account, payment.period, payment.cents)  # the money is back
            else:
                if ledger_store.due(connection, account, payment.period) <= 0:
                    connection.execute(_PAID, (account.abn, account.tax_type, payment.period))
                payments_outbox.put(connection, START, "ReconciliationStarted", cause, facts)
            payments_outbox.put(connection, RESULT, "PaymentCompleted", cause, facts)
            payments_outbox.put_audit(connection, "payment.execute", cause, facts)
        self._outbox.nudge()
