"""Runbook, Service Overview, step 3: reads the gauges of the reconciliation, and the table beside them."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.postgres import Kind, Statement
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import BadAnswer
from apgms_ops.probes import slots
from apgms_ops.probes.database import require_current
from apgms_ops.probes.payment_books import reconciliation_of
from apgms_ops.probes.probe import probe
from apgms_ops.probes.reconciliation_facts import ReconciliationGauge, Told

if TYPE_CHECKING:
    from apgms_ops.clients.postgres import PostgresClient
    from apgms_ops.clients.prometheus import PrometheusClient

_AGE: Final = "apgms_reconciliation_oldest_unreconciled_seconds"
_PARKED: Final = "apgms_reconciliation_dlq_depth"
_RECENT: Final = timedelta(minutes=5)
_KEPT: Final = 30
"""Of the latest samples, so many."""
_POINTS: Final = 96
"""Parts of the window that are drawn."""
# The table remembers when each payment was reconciled: so it tells what the gauge had to say at any moment.
_THEN: Final = (
    "SELECT (extract(epoch FROM %(then)s - min(requested_at)) * 1000000)::bigint FROM payments"
    " WHERE requested_at <= %(then)s AND (reconciled_at IS NULL OR reconciled_at > %(then)s) AND state <> 'FAILED'"
)


@probe(deadline=30.0)
def reconciliation_gauge(
    prometheus: "PrometheusClient", postgres: "PostgresClient", environment: Environment, deadline: Deadline
) -> ReconciliationGauge:
    """The age of the oldest unreconciled item and the parked ones, as exported, and the age that the table knows of."""
    service, promised = reconciliation_of(environment)
    at = prometheus.server_time(deadline).server
    age = f'{_AGE}{{job="{service}"}}'
    recent = _recent(prometheus, age, at, deadline)
    parked = prometheus.vector(f'max({_PARKED}{{job="{service}"}})', at=at, deadline=deadline).samples
    return ReconciliationGauge(
        service=service,
        at=at,
        limit=promised.limit,
        window=promised.window,
        source=promised.source,
        newest=slots.newest(prometheus, age, at=at, deadline=deadline),
        recent=recent,
        in_table=_in_table(postgres, recent[-1].at, deadline) if recent else None,
        parked=parked[0].value if parked else None,
        course=_course(prometheus, age, at, promised.window, deadline),
    )


def _recent(prometheus: "PrometheusClient", age: str, at: datetime, deadline: Deadline) -> tuple[Told, ...]:
    """Return the latest samples as they were scraped, of the series that told last."""
    from apgms_ops.clients.prometheus.facts import Matrix  # noqa: PLC0415 — heavy

    found = prometheus.query(f"{age}[{slots.seconds(_RECENT)}s]", at=at, deadline=deadline)
    if not isinstance(found, Matrix):
        msg = f"samples of {_AGE} were asked for, and {type(found).__name__.lower()} answered"
        raise BadAnswer(msg)
    series = [[Told(sample.at, sample.value) for sample in one.samples] for one in found.series if one.samples]
    return tuple(max(series, key=lambda told: told[-1].at)[-_KEPT:]) if series else ()


def _course(
    prometheus: "PrometheusClient", age: str, at: datetime, window: timedelta, deadline: Deadline
) -> tuple[Told, ...]:
    step = max(timedelta(seconds=15), window / _POINTS)
    expression = f"max(max_over_time({age}[{slots.seconds(step)}s]))"
    found = prometheus.matrix(expression, start=at - window + step, end=at, step=step, deadline=deadline)
    return tuple(Told(sample.at, sample.value) for series in found.series for sample in series.samples)


def _in_table(postgres: "PostgresClient", then: datetime, deadline: Deadline) -> float:
    statement = Statement("the age as it was then", _THEN, {"age": Kind.INTEGER}, {"then": then.astimezone(UTC)})
    with postgres.snapshot(deadline) as snapshot:
        require_current(snapshot.server)
        age = snapshot.row(statement, deadline).values["age"]
    return age / 1e6 if isinstance(age, int) else 0.0
