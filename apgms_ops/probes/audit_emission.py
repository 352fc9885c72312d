"""Runbook, Service Overview, step 2: what the services say they emitted, beside what reached the topic."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.prometheus.facts import Matrix, Series
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import BadAnswer
from apgms_ops.probes import slots
from apgms_ops.probes.audit_facts import AuditEmission, SourceCounted
from apgms_ops.probes.database import persistence_of
from apgms_ops.probes.probe import probe

if TYPE_CHECKING:
    from apgms_ops.clients.kafka.client import KafkaClient
    from apgms_ops.clients.prometheus import PrometheusClient

# Both hide losses of as many events as are emitted in that time, so they are as short as clocks and brokers allow.
_BEFORE: Final = timedelta(seconds=1)
"""An event is counted once it is acknowledged, that long at most after it was handed over."""
_AFTER: Final = timedelta(seconds=0.5)
"""A sample carries the time at which the scrape began; what it shows may be that much younger."""


@probe(deadline=60.0)
def audit_emission(
    kafka: "KafkaClient", prometheus: "PrometheusClient", environment: Environment, deadline: Deadline
) -> AuditEmission:
    """The growth of the counters of emitted events, service by service, and their events in the topic meanwhile."""
    _, promised = persistence_of(environment)
    at = prometheus.server_time(deadline).server
    # Raw samples, not `increase`: that extrapolates, and an estimate is not to be compared with integers.
    expression = f"apgms_audit_events_emitted_total[{slots.seconds(promised.window)}s]"
    answer = prometheus.query(expression, at=at, deadline=deadline)
    if not isinstance(answer, Matrix):
        msg = "Prometheus answers a range of samples with something else"
        raise BadAnswer(msg)
    by_source: dict[str, list[Series]] = {}
    for series in answer.series:
        if series.samples:
            by_source.setdefault(series.labels.get("source", ""), []).append(series)
    ranges = {
        source: (
            min(s.samples[0].at for s in found) - _BEFORE,
            max(s.samples[-1].at for s in found) + _AFTER,
        )
        for source, found in by_source.items()
    }
    begin = min((since for since, _ in ranges.values()), default=datetime.now(UTC) - promised.window)
    extents = kafka.windows.extents(promised.topic, begin, deadline)
    read = kafka.windows.read(
        promised.topic, extents, begin=begin, slot=promised.window, ranges=ranges, deadline=deadline
    )
    return AuditEmission(
        topic=promised.topic,
        at=at,
        window=promised.window,
        sources=tuple(
            SourceCounted(
                source=source,
                counted=sum(map(_grown, found)),
                since=min(s.samples[0].at for s in found),
                until=max(s.samples[-1].at for s in found),
                found=read.inside.get(source, 0),
            )
            for source, found in sorted(by_source.items())
        ),
    )


def _grown(series: Series) -> int:
    """Return by how much a counter grew from its first sample to its last; what it shows after a restart is growth."""
    values = [round(sample.value) for sample in series.samples]
    return sum(after - before if after >= before else after for before, after in pairwise(values))
