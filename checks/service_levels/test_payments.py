"""Service Overview, step 3: payments are made, reconciled in time and add up, and what tells of it can be believed."""

import pytest

from apgms_ops.probes.ledger_books import LedgerBooks
from apgms_ops.probes.payment_books import PaymentBooks
from apgms_ops.probes.reconciliation_facts import ReconciliationGauge

pytestmark = [pytest.mark.runbook("service-overview", 3), pytest.mark.control("security-monitoring")]


def test_payments_are_reconciled_in_time(payment_books: PaymentBooks) -> None:
    """No acknowledged payment has waited to be reconciled for as long as the limit; and there are payments at all."""
    assert not payment_books.overdue()


def test_payments_are_made_in_time(payment_books: PaymentBooks) -> None:
    """No payment was asked for as long ago as the limit and is neither acknowledged nor failed."""
    assert not payment_books.stuck()


def test_no_period_is_blocked(payment_books: PaymentBooks) -> None:
    """Bank and ledger agree about every period."""
    assert not payment_books.blocked_periods()


def test_the_reconciliation_gauge_is_true(reconciliation_gauge: ReconciliationGauge) -> None:
    """The exported age of the oldest unreconciled payment is fresh, moves, and is the one that the table knows of."""
    assert not reconciliation_gauge.untrue()


def test_no_reconciliation_is_parked(reconciliation_gauge: ReconciliationGauge) -> None:
    """No item of the reconciliation lies among the dead letters, where nothing tries it again."""
    assert not reconciliation_gauge.dead_letters()


def test_balances_add_up(ledger_books: LedgerBooks) -> None:
    """Every balance in the ledger is the one before it and the movement, to the cent."""
    assert not ledger_books.unbalanced()


def test_the_ledger_is_one_chain(ledger_books: LedgerBooks) -> None:
    """Every row of the ledger follows the one before it by its hash."""
    assert not ledger_books.unlinked()
