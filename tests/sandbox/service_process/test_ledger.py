"""The ledger's arithmetic and its rows' hashes."""

import hashlib
from datetime import UTC, datetime

from apgms_ops.sandbox.service_process import ledger
from apgms_ops.sandbox.service_process.ledger import Account, Row


def test_cents_add_up_as_integers() -> None:
    """No cent is lost where floating point numbers would lose one."""
    assert ledger.added(9_007_199_254_740_992, 1) == 9_007_199_254_740_993
    assert ledger.added(100, -100) == 0


def test_a_concatenated_balance_is_not_the_sum() -> None:
    """The fault is the one of a program that joins texts."""
    assert ledger.concatenated(100, 25) == 10025


def test_a_row_is_hashed_with_all_that_it_says() -> None:
    """The digest is that of the previous hash and of the row's own columns, sorted."""
    row = Row(Account("53004085616", "GST"), "2026-Q4", -12, 34, datetime(2026, 1, 2, tzinfo=UTC), "0" * 64)
    text = (
        '{"abn":"53004085616","amount_cents":-12,"balance_after_cents":34,'
        '"created_at":"2026-01-02T00:00:00.000000Z","period":"2026-Q4","tax_type":"GST"}'
    )
    assert row.hash == hashlib.sha256(("0" * 64 + text).encode()).hexdigest()
