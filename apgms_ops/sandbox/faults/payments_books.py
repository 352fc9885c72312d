"""Money that does not add up, and payments that hang between two states."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.faults import payments_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.payments_reconciliation import replay
from apgms_ops.sandbox.faults.switching import switch
from apgms_ops.sandbox.services import Payments
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_BLOCKED: Final = "SELECT count(*) FROM periods WHERE state = 'BLOCKED_DISCREPANCY'"
_IN_DISPUTE: Final = (
    "SELECT p.id FROM payments p JOIN ledger l ON l.id = p.ledger_id"
    " JOIN periods b ON (b.abn, b.tax_type, b.period) = (l.abn, l.tax_type, l.period)"
    " WHERE b.state = 'BLOCKED_DISCREPANCY' AND p.state = 'ACK' AND p.reconciled_at IS NULL"
)
_WRONG: Final = (
    "SELECT count(*) FROM (SELECT amount_cents, balance_after_cents, coalesce(lag(balance_after_cents)"
    " OVER (PARTITION BY abn, tax_type ORDER BY id), 0) AS before FROM ledger) AS rows"
    " WHERE balance_after_cents - before <> amount_cents"
)


class PeriodBlocked(Fault):
    """One cent, and the period is closed to everything."""

    id = "payments-period-blocked"
    title = "The bank settled a payment with a cent less: its period is blocked."
    component = Payments.name
    references = ("S3.6",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.BLOCKED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let the bank settle the next payment short."""
        switch(world, "bank", deadline, settle_short=1)
        tools.wait_one(world, deadline, "a period being blocked", _BLOCKED)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let the bank correct it, and reconcile again."""
        switch(world, "bank", deadline, settle_short=0)
        with tools.tables(world, deadline) as connection:
            disputed = [row[0] for row in connection.execute(_IN_DISPUTE).fetchall()]
        for payment in disputed:
            require(world.port("outside.bank"), f"/transfers/{payment}/correction", deadline, {})
        replay(world, deadline)
        tools.wait_one(world, deadline, "no period being blocked", f"SELECT ({_BLOCKED}) = 0")
        tools.wait_young(world, deadline)


class StringBalance(Fault):
    """1000 and 200 make 1000200."""

    id = "payments-string-balance"
    title = "A deposit was added to its balance as text is."
    component = Payments.name
    references = ("S3.7",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.ADDS_UP: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let it happen to the next two: of an account that stands at 0, text and number make the same."""
        switch(world, tools.PLACE, deadline, string_balance=2)
        tools.wait_one(world, deadline, "a balance that does not add up", _WRONG)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Write the ledger as it had to be."""
        switch(world, tools.PLACE, deadline, string_balance=0)
        tools.rewrite(world, deadline)


class ChainCut(Fault):
    """Every balance is right, and a row is not where it was."""

    id = "payments-ledger-chain-cut"
    title = "A row of the ledger names another row before it than there is."
    component = Payments.name
    expected: ClassVar[Mapping[str, Verdict]] = {tools.CHAIN: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Cut the chain in its middle."""
        cut = (
            "UPDATE ledger SET prev_hash = repeat('f', 64) WHERE id ="
            " (SELECT id FROM ledger ORDER BY id OFFSET (SELECT count(*) / 2 FROM ledger) LIMIT 1) RETURNING id"
        )
        return {"row": tools.one(world, deadline, cut)}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Write the ledger as it had to be."""
        tools.rewrite(world, deadline)


class Stuck(Fault):
    """The bank's answer was lost on the way."""

    id = "payments-stuck"
    title = "A payment was sent to the bank two hours ago, and nobody knows what became of it."
    component = Payments.name
    expected: ClassVar[Mapping[str, Verdict]] = {tools.MADE: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Take a payment back to the state before the answer."""
        change = "state = 'SENT', reconciled_at = NULL, requested_at = now() - interval '2 hours'"
        memo = tools.alter(world, deadline, change)
        tools.wait_told(world, deadline, "> 3600")
        return memo

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Take the answer into account."""
        tools.restore(world, memo, deadline)


FAULTS: tuple[type[Fault], ...] = (PeriodBlocked, StringBalance, ChainCut, Stuck)
