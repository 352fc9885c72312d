"""Audit events that are lost, written twice, written late, or swallowed before they are emitted."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import holds, prometheus
from apgms_ops.sandbox.asking import require
from apgms_ops.sandbox.faults import audit_tools as tools
from apgms_ops.sandbox.faults import deployment_tools as deployment
from apgms_ops.sandbox.faults import kafka_tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.switching import switch, switched
from apgms_ops.sandbox.services import ApiGateway, Audit
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_GATEWAYS: Final = tuple(f"{ApiGateway.name}.{number}" for number in range(1, ApiGateway.replicas + 1))
_DROPPED: Final = 80
"""Events that a gateway claims to have emitted: more than can be in doubt at the edges of the window."""


class WritesSwallowed(Fault):
    """A write that fails, and a program that goes on: the event counts as handled."""

    id = "audit-writes-swallowed"
    title = "The audit service swallows the errors of its database: events count as handled, and are in no row."
    component = "audit"
    references = ("S2.1",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.PERSISTED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Swallow for a while, and let the settling time pass."""
        before = tools.head(world, deadline)
        switch(world, tools.REPLICA, deadline, swallow_writes=True)
        deadline.pause(1.0, "events being swallowed")
        switch(world, tools.REPLICA, deadline, swallow_writes=False)
        tools.settle(deadline)
        return {"head": before}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Persist what was lost."""
        tools.read_again(world, deadline)


class OneLost(Fault):
    """One in a million: no percentage shows it."""

    id = "audit-one-event-lost"
    title = "One audit event was lost."
    component = "audit"
    references = ("S2.2",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.PERSISTED: Verdict.FAIL}
    doing: ClassVar[Mapping[str, int]] = {"lose": 1}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let it happen to the next event."""
        before = tools.head(world, deadline)
        switch(world, tools.REPLICA, deadline, **self.doing)
        kafka_tools.wait(
            lambda: not any(switched(world, tools.REPLICA, deadline)[name] for name in self.doing),
            deadline,
            "an event coming",
        )
        tools.settle(deadline)
        return {"head": before}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Take the log back to before it happened, and persist everything since."""
        tools.read_again(world, deadline, after=memo["head"])


class DuplicateHidesLoss(OneLost):
    """As many rows as events."""

    id = "audit-duplicate-hides-loss"
    title = "One audit event was lost, and another written twice: there are as many rows as events."
    references = ("S2.3",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.PERSISTED: Verdict.FAIL, tools.ONCE: Verdict.FAIL}
    doing: ClassVar[Mapping[str, int]] = {"duplicate": 1}


class EmissionSwallowed(Fault):
    """The broker refuses an event, the gateway writes a warning, and answers 200."""

    id = "audit-emission-swallowed"
    title = "The gateways swallow errors when they emit audit events: requests succeed, and leave no trace."
    component = "audit"
    references = ("S2.1",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.REACHES: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Drop every event, until the gateways have counted many; more is asked of them meanwhile."""
        port = world.port("traffic.control")
        rate = require(port, "/status", deadline)["requests"]["rate"]
        counted = 'sum(apgms_audit_events_emitted_total{source="api-gateway"})'
        metrics = world.port(prometheus.NAME)
        before = prometheus.query(metrics, counted, deadline)
        for gateway in _GATEWAYS:
            switch(world, gateway, deadline, drop_audit=1.0)
        require(port, "/requests", deadline, {"rate": 25})
        kafka_tools.wait(
            lambda: prometheus.query(metrics, counted, deadline) >= before + _DROPPED, deadline, "events being dropped"
        )
        require(port, "/requests", deadline, {"rate": rate})
        for gateway in _GATEWAYS:
            switch(world, gateway, deadline, drop_audit=0.0)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Begin the counting anew."""
        for gateway in _GATEWAYS:
            switch(world, gateway, deadline, drop_audit=0.0)
        kafka_tools.another_past(world, deadline)


class WriterDead(Fault):
    """Events are in the topic, and nobody writes them down."""

    id = "audit-writer-dead"
    title = "The audit service is dead: what is emitted waits in the topic, and its counter looks fine."
    component = "audit"
    told = True
    references = ("S2.10",)
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.PERSISTED: Verdict.FAIL,
        kafka_tools.MEMBERS: Verdict.FAIL,
        kafka_tools.ASSIGNED: Verdict.FAIL,
        **deployment.gone(Audit.name),
    }
    # A group without a member stands still; whether that is seen in two seconds depends on what is emitted in them.
    may_notice: ClassVar[frozenset[str]] = frozenset({kafka_tools.STALLED, kafka_tools.KEEPS_UP, kafka_tools.SETTLED})

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Kill it, and wait until the broker has noticed and the settling time is over."""
        holds.kill(world, Audit.name)
        tools.settle(deadline)
        kafka_tools.wait(
            lambda: kafka_tools.group_of(world, tools.GROUP, deadline).state == "Empty",
            deadline,
            "the group being empty",
        )
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Start it again, and wait until it has caught up."""
        audit = Audit()
        audit.start(world, deadline)
        audit.ready(world, deadline)
        tools.wait_read(world, deadline)
        kafka_tools.another_past(world, deadline)


FAULTS: tuple[type[Fault], ...] = (WritesSwallowed, OneLost, DuplicateHidesLoss, EmissionSwallowed, WriterDead)
