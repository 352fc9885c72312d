"""Payments that nobody reconciles, and a gauge that does not tell."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.faults import kafka_tools
from apgms_ops.sandbox.faults import payments_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_tools import wait
from apgms_ops.sandbox.faults.switching import switch
from apgms_ops.sandbox.services import Payments
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_FORGET: Final = "reconciled_at = NULL, requested_at = now() - interval '2 hours'"
_WAITS: Final = "SELECT id FROM payments WHERE state = 'ACK' AND reconciled_at IS NULL LIMIT 1"
_DLQ: Final = "reconciliation.start.dlq"
_DEPTH: Final = "apgms_reconciliation_dlq_depth"
_SAME: Final = 12.0
"""Seconds for which a gauge must tell the same age to count as frozen, and some more."""


class Forgotten(Fault):
    """Its event is gone: no queue holds it, and no lag shows it."""

    id = "payments-forgotten"
    title = "A payment of two hours ago was never reconciled: no message about it is left anywhere."
    component = Payments.name
    expected: ClassVar[Mapping[str, Verdict]] = {tools.RECONCILED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Forget one."""
        memo = tools.alter(world, deadline, _FORGET)
        tools.wait_told(world, deadline, "> 3600")
        return memo

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Remember it."""
        tools.restore(world, memo, deadline)


class Held(Fault):
    """The worker is a member of its group, and does nothing."""

    id = "payments-reconciliation-held"
    title = "The reconciliation worker stands still, and the oldest payment waits for two hours."
    component = Payments.name
    expected: ClassVar[Mapping[str, Verdict]] = {tools.RECONCILED: Verdict.FAIL}
    # Payments come every few seconds: the topic may not grow between the two readings.
    may_notice: ClassVar[frozenset[str]] = frozenset({kafka_tools.STALLED})

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Hold it, and make what waits old: nobody waits for two hours to see it."""
        switch(world, tools.PLACE, deadline, hold_reconciliation=True)
        identity = tools.wait_one(world, deadline, "a payment waiting to be reconciled", _WAITS)
        was = tools.one(world, deadline, "SELECT requested_at FROM payments WHERE id = %s", identity)
        age = "UPDATE payments SET requested_at = now() - interval '2 hours' WHERE id = %s RETURNING id"
        tools.one(world, deadline, age, identity)
        tools.wait_told(world, deadline, "> 3600")
        return {"id": identity, "requested": was.isoformat()}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Let it go on, and give the payment its own time again."""
        switch(world, tools.PLACE, deadline, hold_reconciliation=False)
        if memo.get("id"):
            done = "SELECT reconciled_at IS NOT NULL FROM payments WHERE id = %s"
            tools.wait_one(world, deadline, "the payment being reconciled", done, memo["id"])
            again = "UPDATE payments SET requested_at = %s WHERE id = %s RETURNING id"
            tools.one(world, deadline, again, datetime.fromisoformat(memo["requested"]), memo["id"])
        tools.wait_young(world, deadline)


class GaugeFrozen(Fault):
    """The number looks well, and has looked the same for a while."""

    id = "payments-gauge-frozen"
    title = "The collector fails: the exported age of the oldest payment is some seconds, and stays so."
    component = Payments.name
    references = ("S3.4",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.TRUE: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Freeze it while a payment waits."""
        switch(world, tools.PLACE, deadline, hold_reconciliation=True)
        tools.wait_told(world, deadline, "> 1")
        switch(world, tools.PLACE, deadline, freeze_collector=True, hold_reconciliation=False)
        deadline.pause(_SAME, "the same age being told again and again")
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let it go on."""
        switch(world, tools.PLACE, deadline, freeze_collector=False, hold_reconciliation=False)
        changed = f'changes({tools.AGE}{{job="payments"}}[3s]) > bool 0'
        quiet = f'max({tools.AGE}{{job="payments"}}) == bool 0'
        wait(
            lambda: 1.0 in (tools.told(world, deadline, changed), tools.told(world, deadline, quiet)),
            deadline,
            "the age moving again",
        )


class GaugeFrozenLow(Fault):
    """The number is good, and the truth is not."""

    id = "payments-gauge-frozen-low"
    title = "The collector fails while all is well; then a payment waits for two hours, and the gauge does not tell."
    component = Payments.name
    references = ("S3.4",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.TRUE: Verdict.FAIL, tools.RECONCILED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Freeze it first."""
        switch(world, tools.PLACE, deadline, freeze_collector=True)
        return tools.alter(world, deadline, _FORGET)

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Remember the payment, then look at the table again."""
        tools.restore(world, memo, deadline)
        GaugeFrozen().heal(world, {}, deadline)


class GaugeMilliseconds(Fault):
    """A thousand times as much as is true."""

    id = "payments-gauge-milliseconds"
    title = "The age of the oldest payment, ten minutes, is exported in milliseconds."
    component = Payments.name
    expected: ClassVar[Mapping[str, Verdict]] = {tools.TRUE: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Tell milliseconds of a payment that waits."""
        switch(world, tools.PLACE, deadline, gauge_seconds_as_ms=True)
        memo = tools.alter(world, deadline, "reconciled_at = NULL, requested_at = now() - interval '10 minutes'")
        tools.wait_told(world, deadline, "> 100000")
        return memo

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Tell seconds."""
        switch(world, tools.PLACE, deadline, gauge_seconds_as_ms=False)
        tools.restore(world, memo, deadline)


class Parked(Fault):
    """The worker keeps up: it puts everything aside."""

    id = "payments-reconciliation-parked"
    title = "What must be reconciled lies among the dead letters; the lag is nothing."
    component = Payments.name
    references = ("S3.5",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.PARKED: Verdict.FAIL, kafka_tools.DEAD_LETTERS: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let every reconciliation fail."""
        switch(world, tools.PLACE, deadline, fail_reconciliation=True)
        tools.wait_told(world, deadline, "> 0", _DEPTH)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Throw the dead letters away, and reconcile what they were about."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415 — heavy

        switch(world, tools.PLACE, deadline, fail_reconciliation=False)
        places = [TopicPartition(topic, p, end) for (topic, p), end in kafka_tools.ends(world, _DLQ, deadline).items()]
        kafka_tools.administer(world, lambda client: client.delete_records(places), deadline, f"emptying {_DLQ}")
        replay(world, deadline)
        tools.wait_told(world, deadline, "== 0", _DEPTH)
        tools.wait_young(world, deadline)


def replay(world: World, deadline: Deadline) -> None:
    """Start again what was acknowledged and not reconciled, and wait until all of that is."""
    require(world.port(tools.PLACE), "/reconciliations/replay", deadline, {})
    old = (
        "SELECT NOT EXISTS (SELECT 1 FROM payments WHERE state = 'ACK' AND reconciled_at IS NULL AND requested_at < %s)"
    )
    before = tools.one(world, deadline, "SELECT clock_timestamp()")
    tools.wait_one(world, deadline, "what was parked being reconciled", old, before)


class _NoCustomers(Fault):
    component = Payments.name

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Send the customers away, and wait until all that they asked for is done."""
        port = world.port("traffic.control")
        rate = require(port, "/status", deadline)["requests"]["rate"]
        require(port, "/requests", deadline, {"rate": 0})
        idle = "SELECT NOT EXISTS (SELECT 1 FROM payments WHERE state <> 'FAILED' AND reconciled_at IS NULL)"
        tools.wait_one(world, deadline, "everything being reconciled", idle)
        tools.wait_told(world, deadline, "== 0")
        return {"rate": rate}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Let them come back, and see one pay."""
        if memo.get("rate"):
            require(world.port("traffic.control"), "/requests", deadline, {"rate": memo["rate"]})
        recent = "SELECT max(reconciled_at) > now() - interval '5 seconds' FROM payments"
        tools.wait_one(world, deadline, "a payment being made", recent)


class QuietNight(_NoCustomers):
    """The healthy twin: nothing happens, and nothing is wrong."""

    id = "payments-quiet-night"
    title = "Nobody pays anything; all that was paid is reconciled, and the age of the oldest is a constant 0."
    references = ("S3.2",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.RECONCILED: Verdict.PASS, tools.TRUE: Verdict.PASS}


class EmptyTable(_NoCustomers):
    """It looks like the quietest of all nights."""

    id = "payments-empty-table"
    title = "The table of the payments is empty."
    expected: ClassVar[Mapping[str, Verdict]] = {tools.RECONCILED: Verdict.FAIL, tools.MADE: Verdict.UNKNOWN}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Put all payments aside."""
        memo = super().break_(world, deadline)
        with tools.tables(world, deadline) as connection:
            connection.execute("CREATE TABLE payments_aside AS TABLE payments")
            connection.execute("DELETE FROM payments")
        return memo

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Bring them back, then the customers."""
        with tools.tables(world, deadline) as connection:
            if connection.execute("SELECT to_regclass('payments_aside')::text").fetchone() != (None,):
                connection.execute("INSERT INTO payments SELECT * FROM payments_aside ON CONFLICT DO NOTHING")
                connection.execute("DROP TABLE payments_aside")
        super().heal(world, memo, deadline)


FAULTS: tuple[type[Fault], ...] = (
    Forgotten,
    Held,
    GaugeFrozen,
    GaugeFrozenLow,
    GaugeMilliseconds,
    Parked,
    QuietNight,
    EmptyTable,
)
