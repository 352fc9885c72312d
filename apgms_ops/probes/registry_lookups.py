"""Runbook, Service Overview, step 4: how long look-ups take that the register itself must answer."""

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unobserved
from apgms_ops.probes import slots
from apgms_ops.probes.histogram_facts import Bucket, Histogram
from apgms_ops.probes.histogram_reading import HistogramReader, Promise
from apgms_ops.probes.probe import probe
from apgms_ops.probes.registry_answers import LOOKUPS, ROUTE

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from apgms_ops.clients.prometheus import PrometheusClient


@dataclass(frozen=True, slots=True)
class UncachedLookups:
    """The look-ups of every service that promises how long they take, those that a cache answered left out."""

    services: dict[str, Histogram]

    def of(self, service: str) -> Histogram:
        """Return one service's.

        Raises:
            Unobserved: It was not read.
        """
        if service not in self.services:
            msg = f"the look-ups of {service} were not read"
            raise Unobserved(msg)
        return self.services[service]


@probe(deadline=45.0)
def uncached_lookups(prometheus: "PrometheusClient", environment: Environment, deadline: Deadline) -> UncachedLookups:
    """How long uncached look-ups took over their window; one that failed is slower than any limit."""
    at = prometheus.server_time(deadline).server
    found: dict[str, Histogram] = {}
    for name, service in environment.services.items():
        promised = service.lookups
        if promised is None:
            continue
        sources = "|".join(re.escape(source) for source in promised.sources).replace("\\", "\\\\")
        reader = HistogramReader(prometheus, LOOKUPS, f'job="{name}",source=~"{sources}"', at, deadline)
        what = f"look-ups of {name} from {', '.join(promised.sources)}"
        promise = Promise(what, promised.quantile, promised.limit, promised.window, promised.source)
        failed = _failed(prometheus, name, at, promised.window, deadline)
        found[name] = without(reader.read(promise), failed)
    return UncachedLookups(found)


def without(histogram: Histogram, failed: dict[float, float]) -> Histogram:
    """Return a histogram in which what failed is slower than every edge.

    A register that refuses at once fails in no time: its look-ups would be the fastest of all.

    Args:
        histogram: Which counts them by how long they took.
        failed: Edge in seconds → those that failed within it.
    """
    buckets = tuple(
        bucket
        if bucket.edge is None
        else Bucket(bucket.edge, max(0.0, bucket.count - failed.get(round(bucket.edge, 6), 0.0)))
        for bucket in histogram.buckets
    )
    return replace(histogram, buckets=buckets)


def _failed(
    prometheus: "PrometheusClient", service: str, at: "datetime", window: "timedelta", deadline: Deadline
) -> dict[float, float]:
    selector = f'http_request_duration_seconds_bucket{{service="{service}",route="{ROUTE}",status=~"5.+",le!="+Inf"}}'
    expression = f"sum by (le) (increase({selector}[{slots.seconds(window)}s]))"
    samples = prometheus.vector(expression, at=at, deadline=deadline).samples
    return {round(float(sample.labels["le"]), 6): sample.value for sample in samples}
