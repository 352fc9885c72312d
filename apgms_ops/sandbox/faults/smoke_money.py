"""Payments and employers that are not what was answered."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import payments_tools
from apgms_ops.sandbox.faults import smoke_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_tools import wait
from apgms_ops.sandbox.postgres.component import REPLICA, await_replica, connection
from apgms_ops.sandbox.service_process.tenants import SMOKE
from apgms_ops.sandbox.services import Payments
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_PREPARED: Final = (
    "SELECT p.id, l.abn, l.tax_type, l.period, -l.amount_cents FROM payments p JOIN ledger l ON l.id = p.ledger_id"
    " JOIN employers e ON e.abn = l.abn WHERE e.synthetic AND p.state = 'PREPARED'"
)
_SHORT: Final = (
    "SELECT count(*) FROM (SELECT amount_cents, balance_after_cents, coalesce(lag(balance_after_cents)"
    " OVER (PARTITION BY abn, tax_type ORDER BY id), 0) AS before FROM ledger) AS rows"
    " WHERE balance_after_cents - before <> amount_cents"
)


class _Payments(tools.Leaving):
    component = Payments.name
    places = tools.PAYMENTS


class Prepared(_Payments):
    """202 is not a payment."""

    id = "smoke-payment-stays-prepared"
    title = "The payments of one tenant are taken, and never handed to the bank."
    references = ("P5.7",)
    switches: ClassVar = {"leave_prepared": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.ACKNOWLEDGED: Verdict.FAIL, tools.LEFT: Verdict.FAIL}
    may_notice: ClassVar[frozenset[str]] = frozenset({tools.WALK, tools.STEPS})

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Hand them to the bank after all, and remove what was left."""
        tools.back(world, memo, deadline)
        _order_again(world, deadline)
        tools.clear(world, deadline)


class EmployerKept(_Payments):
    """Gone, as far as whoever asked was told."""

    id = "smoke-employer-kept"
    title = "An employer is not removed, although that was answered."
    references = ("P5.10",)
    switches: ClassVar = {"keep_employers": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.LEFT: Verdict.FAIL}


class RegisteredAgain(_Payments):
    """Two walks that have one number, each to itself."""

    id = "smoke-employer-registered-twice"
    title = "An employer that is registered is registered anew, under another name."
    switches: ClassVar = {"register_again": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.EMPLOYER: Verdict.FAIL}
    may_notice: ClassVar[frozenset[str]] = tools.MONEY


class CentLost(_Payments):
    """Dollars, as floating-point numbers have them."""

    id = "smoke-deposit-loses-a-cent"
    title = "Every deposit adds a cent less to its balance than it says."
    reach = f"checks/ {tools.FOLDER}"
    switches: ClassVar = {"lose_cents": True}
    expected: ClassVar[Mapping[str, Verdict]] = {
        payments_tools.ADDS_UP: Verdict.FAIL,
        tools.DEPOSIT: Verdict.FAIL,
        tools.LEDGER: Verdict.UNKNOWN,
    }
    may_notice: ClassVar[frozenset[str]] = (
        tools.MONEY
    )  # the walk ends: the money for the payment is not there, for a cent

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Lose the first one."""
        memo = super().break_(world, deadline)
        payments_tools.wait_one(world, deadline, "a balance that does not add up", _SHORT)
        return memo

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Write the ledger as it had to be."""
        super().heal(world, memo, deadline)
        payments_tools.rewrite(world, deadline)


class OpenPeriodPaid(_Payments):
    """Paid before anybody has said that it was all."""

    id = "smoke-open-period-paid"
    title = "A payment is taken for a period that is open."
    switches: ClassVar = {"pay_open_periods": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.OPEN_PERIOD: Verdict.FAIL}
    may_notice: ClassVar[frozenset[str]] = tools.MONEY


class DueShort(_Payments):
    """Paid in full, and a cent is owed."""

    id = "smoke-due-a-cent-short"
    title = "The close of a period says a cent less than is due."
    switches: ClassVar = {"due_short": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.CLOSE: Verdict.FAIL}
    may_notice: ClassVar[frozenset[str]] = tools.MONEY


class LiveBank(_Payments):
    """Synthetic to the last step."""

    id = "smoke-bank-is-live"
    title = "Payments of the synthetic tenant go to a bank that moves money."
    switches: ClassVar = {"live_bank": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.PAYMENT: Verdict.FAIL}
    may_notice: ClassVar[frozenset[str]] = tools.MONEY


class ReplayPaid(_Payments):
    """The same answer, and the money twice."""

    id = "smoke-replay-moves-money"
    title = "A replayed request is answered as before, and moves the money again."
    switches: ClassVar = {"repeat_rows": True}
    # That of a deposit as well: what is deposited twice is in the ledger twice, and is due.
    expected: ClassVar[Mapping[str, Verdict]] = dict.fromkeys(
        (tools.DEPOSIT, tools.CLOSE, tools.REPLAY, tools.LEDGER), Verdict.FAIL
    )
    may_notice: ClassVar[frozenset[str]] = frozenset({tools.CONFLICT, tools.ACKNOWLEDGED})


class ConflictTaken(_Payments):
    """It was meant, and not done; the answer says that it was."""

    id = "smoke-conflict-accepted"
    title = "Another request under a key that was used is answered with the first one's answer."
    switches: ClassVar = {"accept_conflicts": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.CONFLICT: Verdict.FAIL}


class StaleReplica(_Payments):
    """What was written is there, and is not read."""

    id = "smoke-ledger-read-from-stale-replica"
    title = "The ledger is read from the replica, which stands still."
    switches: ClassVar = {"read_replica": True}
    expected: ClassVar[Mapping[str, Verdict]] = {tools.DEPOSIT: Verdict.FAIL}
    may_notice: ClassVar[frozenset[str]] = tools.MONEY

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let the replica stand still, and read from it."""
        with connection(world, deadline, process=REPLICA) as replica:
            replica.execute("SELECT pg_wal_replay_pause()")
            paused = "SELECT pg_get_wal_replay_pause_state() = 'paused'"
            wait(lambda: replica.execute(paused).fetchone() == (True,), deadline, "the replica standing still")
        return super().break_(world, deadline)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Read from the primary again, and let the replica catch up."""
        super().heal(world, memo, deadline)
        with connection(world, deadline, process=REPLICA) as replica:
            replica.execute("SELECT pg_wal_replay_resume()")
        await_replica(world, deadline)


def _order_again(world: World, deadline: Deadline) -> None:
    """Order anew what was ordered and passed over."""
    from apgms_ops.sandbox.service_process import payments_outbox  # noqa: PLC0415 — heavy
    from apgms_ops.sandbox.service_process.payments_books import EXECUTE  # noqa: PLC0415 — heavy

    cause = payments_outbox.Cause(SMOKE, "healer", "healed")
    with payments_tools.tables(world, deadline) as own:
        for identity, abn, tax_type, period, cents in own.execute(_PREPARED).fetchall():
            order = {"paymentId": identity, "abn": abn, "taxType": tax_type, "period": period, "amountCents": cents}
            payments_outbox.put(own, EXECUTE, "PaymentRequested", cause, order)


FAULTS: tuple[type[Fault], ...] = (
    Prepared,
    EmployerKept,
    RegisteredAgain,
    CentLost,
    OpenPeriodPaid,
    DueShort,
    LiveBank,
    ReplayPaid,
    ConflictTaken,
    StaleReplica,
)
