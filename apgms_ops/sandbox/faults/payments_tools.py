"""What the faults of the payments are made with: the tables as their owner writes them, and what is scraped of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, LiteralString

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.faults.kafka_tools import wait
from apgms_ops.sandbox.postgres.component import owner_dsn
from apgms_ops.sandbox.prometheus import NAME, query
from apgms_ops.sandbox.service_process import chain, ledger
from apgms_ops.sandbox.world import World

if TYPE_CHECKING:
    from psycopg import Connection

CHECKS: Final = "checks/service_levels/test_payments.py::"
RECONCILED: Final = f"{CHECKS}test_payments_are_reconciled_in_time"
MADE: Final = f"{CHECKS}test_payments_are_made_in_time"
BLOCKED: Final = f"{CHECKS}test_no_period_is_blocked"
TRUE: Final = f"{CHECKS}test_the_reconciliation_gauge_is_true"
PARKED: Final = f"{CHECKS}test_no_reconciliation_is_parked"
ADDS_UP: Final = f"{CHECKS}test_balances_add_up"
CHAIN: Final = f"{CHECKS}test_the_ledger_is_one_chain"

PLACE: Final = "payments.1"
"""Where the service takes switches."""
AGE: Final = "apgms_reconciliation_oldest_unreconciled_seconds"
_YOUNG: Final = 30.0
"""Seconds below which every payment's age stays in good times."""


@contextmanager
def tables(world: World, deadline: Deadline) -> Iterator["Connection[tuple[Any, ...]]"]:
    """Open one transaction as the tables' owner, with the lock of who writes the ledger."""
    import psycopg  # noqa: PLC0415 — heavy

    wait_at_most = max(2, round(deadline.require("connecting to postgres")))
    with psycopg.connect(owner_dsn(world), connect_timeout=wait_at_most) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('ledger'))")
        yield connection


def one(world: World, deadline: Deadline, statement: LiteralString, *values: object) -> Any:  # noqa: ANN401 — a value of SQL
    """Return the first value of a statement's first row; None where there is no row."""
    with tables(world, deadline) as connection:
        row = connection.execute(statement, values).fetchone()
    return row[0] if row else None


def wait_one(world: World, deadline: Deadline, what: str, statement: LiteralString, *values: object) -> Any:  # noqa: ANN401
    """Wait until a statement has a first value that is neither NULL nor false, and return it."""
    found: list[object] = []

    def there() -> bool:
        found[:] = [one(world, deadline, statement, *values)]
        return bool(found[0])

    wait(there, deadline, what)
    return found[0]


def told(world: World, deadline: Deadline, expression: str = AGE) -> float | None:
    """Return what Prometheus says of the gauge now."""
    return query(world.port(NAME), expression, deadline)


def wait_told(world: World, deadline: Deadline, comparison: str, metric: str = AGE) -> None:
    """Wait until Prometheus has scraped a gauge that compares so: `> 3600`."""
    wait(
        lambda: told(world, deadline, f'max({metric}{{job="payments"}}) {comparison.replace(" ", " bool ", 1)}') == 1.0,
        deadline,
        f"{metric} being {comparison}",
    )


def wait_young(world: World, deadline: Deadline) -> None:
    """Wait until nothing old waits any more, and Prometheus knows."""
    wait_told(world, deadline, f"< {_YOUNG:g}")


def alter(world: World, deadline: Deadline, change: LiteralString, *values: object) -> dict[str, Any]:
    """Change the payment that was reconciled last, and return what it was before.

    Args:
        world: Whose.
        deadline: For all of it.
        change: What follows SET.
        values: For the places in it.

    Raises:
        SandboxError: No payment is reconciled yet.
    """
    newest = (
        "SELECT id, state, requested_at, reconciled_at FROM payments WHERE reconciled_at IS NOT NULL"
        " ORDER BY reconciled_at DESC LIMIT 1"
    )
    with tables(world, deadline) as connection:
        found = connection.execute(newest).fetchone()
        if found is None:
            msg = "no payment is reconciled yet that could be changed"
            raise SandboxError(msg)
        connection.execute(f"UPDATE payments SET {change} WHERE id = %s", (*values, found[0]))  # noqa: S608 — ours
    return {"id": found[0], "state": found[1], "requested": found[2].isoformat(), "reconciled": found[3].isoformat()}


def restore(world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
    """Make a payment again what `alter` found, and wait until its age is no longer told."""
    statement = "UPDATE payments SET state = %s, requested_at = %s, reconciled_at = %s WHERE id = %s"
    if memo.get("id"):
        times = datetime.fromisoformat(memo["requested"]), datetime.fromisoformat(memo["reconciled"])
        with tables(world, deadline) as connection:
            connection.execute(statement, (memo["state"], *times, memo["id"]))
    wait_young(world, deadline)


def rewrite(world: World, deadline: Deadline) -> None:
    """Work every balance and every hash of the ledger out anew, and write those that are others."""
    read = (
        "SELECT id, abn, tax_type, period, amount_cents, balance_after_cents, prev_hash, hash, created_at"
        " FROM ledger ORDER BY id"
    )
    write = "UPDATE ledger SET balance_after_cents = %s, prev_hash = %s, hash = %s WHERE id = %s"
    balances: dict[ledger.Account, int] = {}
    previous = chain.GENESIS
    with tables(world, deadline) as connection:
        for identity, abn, tax_type, period, cents, *was, created_at in connection.execute(read).fetchall():
            account = ledger.Account(abn, tax_type)
            balances[account] = balances.get(account, 0) + cents
            row = ledger.Row(account, period, cents, balances[account], created_at, previous)
            if was != [row.balance_after_cents, previous, row.hash]:
                connection.execute(write, (row.balance_after_cents, previous, row.hash, identity))
            previous = row.hash
