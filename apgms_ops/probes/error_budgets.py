"""Runbook, Daily Checks, step 4: the error budgets, read from Prometheus."""

from datetime import timedelta
from typing import TYPE_CHECKING

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.environment.service_levels import Availability
from apgms_ops.probes.budget_facts import ErrorBudgets, PrometheusIdentity, ServiceBudget
from apgms_ops.probes.budget_reading import SLOT, BudgetReader, spans
from apgms_ops.probes.probe import probe

if TYPE_CHECKING:
    from apgms_ops.clients.prometheus import PrometheusClient
    from apgms_ops.clients.prometheus.facts import ServerTime


@probe(deadline=45.0)
def error_budgets(prometheus: "PrometheusClient", environment: Environment, deadline: Deadline) -> ErrorBudgets:
    """Requests and errors of each service that promises an availability, over its window and every burn rate's."""
    time = prometheus.server_time(deadline)
    return ErrorBudgets(
        {
            name: _budget(BudgetReader(prometheus, name, time.server, deadline), name, promise, environment, time)
            for name, promise in ((name, service.availability) for name, service in environment.services.items())
            if promise is not None
        }
    )


def _budget(
    reader: BudgetReader, service: str, promise: Availability, environment: Environment, time: "ServerTime"
) -> ServiceBudget:
    lengths = sorted(
        {promise.window, *(length for rate in environment.limits.burn_rates for length in (rate.long, rate.short))}
    )
    maintenance = spans(environment.maintenance, service)
    return ServiceBudget(
        service=service,
        target=promise.target,
        window=promise.window,
        at=time.server,
        skew=timedelta(seconds=round((time.server - time.ours).total_seconds(), 3)),
        newest=reader.newest(),
        replicas=environment.services[service].replicas,
        scraped=reader.scraped(),
        slot=SLOT,
        gaps=reader.gaps(lengths[-1]),
        counts=tuple(reader.counted(length, maintenance) for length in lengths),
    )


@probe(deadline=15.0, about_identity=True)
def prometheus_identity(
    prometheus: "PrometheusClient", environment: Environment, deadline: Deadline
) -> PrometheusIdentity:
    """The name by which Prometheus goes: the value of its identity label."""
    section = environment.prometheus
    label = getattr(section, "identity_label", "cluster")
    return PrometheusIdentity(label=label, value=prometheus.identity(deadline), source=prometheus.source)
