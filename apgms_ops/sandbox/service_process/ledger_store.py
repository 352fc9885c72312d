"""The ledger's table: rows are added at the end of the one chain, by one writer at a time, inside a transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from apgms_ops.sandbox.service_process import chain
from apgms_ops.sandbox.service_process.database import Connection
from apgms_ops.sandbox.service_process.ledger import Account, Row, added

# A transaction's lock: whoever has it sees the last row of everything, and nobody adds one before the commit.
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('ledger'))"
_HEAD: Final = "SELECT hash FROM ledger ORDER BY id DESC LIMIT 1"
_BALANCE: Final = "SELECT balance_after_cents FROM ledger WHERE abn = %s AND tax_type = %s ORDER BY id DESC LIMIT 1"
_ADD: Final = (
    "INSERT INTO ledger (abn, tax_type, period, amount_cents, balance_after_cents, prev_hash, hash, created_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"
)
_DUE: Final = (
    "SELECT coalesce(sum(amount_cents), 0)::bigint FROM ledger WHERE abn = %s AND tax_type = %s AND period = %s"
)
_LAST: Final = (
    "SELECT id, period, amount_cents, balance_after_cents, prev_hash, hash, created_at FROM ledger"
    " WHERE abn = %s AND tax_type = %s ORDER BY id DESC LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Added:
    """A row that was added."""

    id: int
    balance_before_cents: int
    balance_after_cents: int


def lock(connection: Connection) -> None:
    """Be the only one who changes ledger, payments and what was answered, until the transaction ends."""
    connection.execute(_LOCK)


def balance(connection: Connection, account: Account) -> int:
    """Return the balance after the account's last row, 0 where it has none."""
    row = connection.execute(_BALANCE, (account.abn, account.tax_type)).fetchone()
    return 0 if row is None else _integer(row[0])


def due(connection: Connection, account: Account, period: str) -> int:
    """Return what a period's deposits exceed its payments by."""
    row = connection.execute(_DUE, (account.abn, account.tax_type, period)).fetchone()
    return 0 if row is None else _integer(row[0])


def append(
    connection: Connection,
    account: Account,
    period: str,
    cents: int,
    add: Callable[[int, int], int] = added,
) -> Added:
    """Add a row under the lock.

    Args:
        connection: In a transaction that holds the lock.
        account: Whose balance moves.
        period: What for.
        cents: More than 0 for a deposit, less for a payment.
        add: How the balance is worked out.
    """
    before = balance(connection, account)
    head = connection.execute(_HEAD).fetchone()
    previous = chain.GENESIS if head is None else str(head[0])
    row = Row(account, period, cents, add(before, cents), datetime.now(UTC), previous)
    found = connection.execute(
        _ADD,
        (
            account.abn,
            account.tax_type,
            row.period,
            row.amount_cents,
            row.balance_after_cents,
            row.prev_hash,
            row.hash,
            row.created_at,
        ),
    ).fetchone()
    if found is None:
        msg = "the ledger took a row and gave it no id"
        raise RuntimeError(msg)
    return Added(_integer(found[0]), before, row.balance_after_cents)


def last(connection: Connection, account: Account, most: int) -> list[dict[str, object]]:
    """Return the account's last rows, oldest first."""
    names = ("id", "period", "amountCents", "balanceAfterCents", "prevHash", "hash", "createdAt")
    found: list[tuple[Any, ...]] = connection.execute(_LAST, (account.abn, account.tax_type, most)).fetchall()
    return [{**dict(zip(names, row, strict=True)), "createdAt": chain.instant(row[-1])} for row in reversed(found)]


def _integer(value: object) -> int:
    if not isinstance(value, int):
        msg = f"the database gave {type(value).__name__} for cents"
        raise TypeError(msg)
    return value
