"""What probes saw: observations of real facts, as a run records them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Final

from apgms_ops.clients.kafka import Group, GroupProtocol, GroupState, Offset, Reading
from apgms_ops.clients.kafka.facts import Assigned, Member, Topic
from apgms_ops.observation import Failure, Identity, Observation
from apgms_ops.probes.budget_facts import Counted, ErrorBudgets, ServiceBudget
from apgms_ops.probes.codec import FactsCodec
from apgms_ops.probes.consumer_groups import ConsumerLag
from apgms_ops.probes.consumer_lag import consumer_lag
from apgms_ops.probes.error_budgets import error_budgets
from apgms_ops.probes.gateway_latency import Latencies, latencies
from apgms_ops.probes.histogram_facts import Bucket, Histogram, Instance, Point
from apgms_ops.probes.inventory import DeclaredGroup, Inventory
from apgms_ops.probes.probe import Probe
from apgms_ops.probes.reconciliation_facts import ReconciliationGauge, Told
from apgms_ops.probes.reconciliation_gauge import reconciliation_gauge

START: Final = datetime(2026, 11, 23, 2, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)


def observed(
    at: datetime = START, *, left: float = 0.7, slow: float = 0.004, age: float = 60.0, behind: int = 20
) -> tuple[Observation, ...]:
    """Return what four probes saw.

    Args:
        at: When.
        left: Share of the error budget that is left.
        slow: Share of the requests that were slower than the limit.
        age: Seconds that the oldest payment waits.
        behind: Messages that a consumer group is behind.
    """
    return (
        _observation(error_budgets, ErrorBudgets({"api-gateway": _budget(at, left)}), at),
        _observation(latencies, Latencies({"api-gateway": _histogram(at, slow)}), at),
        _observation(reconciliation_gauge, _gauge(at, age), at),
        _observation(consumer_lag, _lag(at, behind), at),
    )


def refused(probe: Probe, at: datetime = START, cause: str = "Prometheus refused the token") -> Observation:
    """Return the observation of a probe that saw nothing."""
    return Observation(probe.name, FactsCodec(probe).schema, at, at, 0.2, failure=Failure("AccessDenied", cause))


@cache
def _codec(probe: Probe) -> FactsCodec:
    return FactsCodec(probe)


def _observation(probe: Probe, facts: object, at: datetime) -> Observation:
    codec = _codec(probe)
    identity = (Identity("prometheus", "apgms-production"),)
    return Observation(probe.name, codec.schema, at, at, 0.21, codec.encode(facts, str), identities=identity)


def _budget(at: datetime, left: float) -> ServiceBudget:
    lengths = [300, 1800, 3600, 7200, 21600, 86400, 3 * 86400, 30 * 86400]
    counts = tuple(
        Counted(timedelta(seconds=seconds), timedelta(), seconds * 10.0, seconds * 10.0 * 0.001 * (1 - left))
        for seconds in lengths
    )
    window = timedelta(days=30)
    return ServiceBudget(
        service="api-gateway",
        target=Decimal("0.999"),
        window=window,
        at=at,
        skew=timedelta(),
        newest=at,
        slot=HOUR,
        replicas=2,
        scraped=2,
        gaps=(),
        counts=counts,
    )


def _histogram(at: datetime, slow: float) -> Histogram:
    hours = tuple(Point(at - n * HOUR, 1000.0 * (1 - slow), 1000.0) for n in range(23, -1, -1))
    return Histogram(
        what="requests of api-gateway",
        quantile=Decimal("0.95"),
        limit=timedelta(milliseconds=250),
        window=24 * HOUR,
        source="runbook: Service Overview",
        at=at,
        newest=at,
        gaps=(),
        buckets=(Bucket(0.25, 24_000.0 * (1 - slow)), Bucket(None, 24_000.0)),
        instances=(Instance("gateway-1", (0.25,), 24_000.0, 500.0, 100.0, 2.0, 100.0, 0, 0),),
        unobserved=0.0,
        course=hours,
    )


def _gauge(at: datetime, age: float) -> ReconciliationGauge:
    return ReconciliationGauge(
        service="payments",
        at=at,
        limit=HOUR,
        window=24 * HOUR,
        source="runbook: Service Overview",
        newest=at,
        recent=tuple(Told(at - n * timedelta(seconds=1), age - n) for n in range(4, -1, -1)),
        in_table=age,
        parked=0.0,
        course=tuple(Told(at - n * HOUR, age) for n in range(23, -1, -1)),
    )


def _lag(at: datetime, behind: int) -> ConsumerLag:
    members = (Member("m", "c", "h", (Assigned("payments.execute", 0),)),)
    group = Group("payments-executor", GroupState.STABLE, GroupProtocol.CLASSIC, members)
    offset = Offset("payments-executor", "payments.execute", 0, 0, 10_000, 10_000 - behind, "m", 10_000)
    reading = Reading(at, (Topic("payments.execute", 1),), (group,), (offset,))
    declared = (DeclaredGroup("payments-executor", ("payments.execute",)),)
    return ConsumerLag(Inventory(declared, {"payments.execute": 1}), reading, replace(reading))
