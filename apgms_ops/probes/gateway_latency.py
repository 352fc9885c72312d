"""Runbook, Service Overview, step 1: how fast requests are answered, and by whom."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.budget_reading import NOT_BUSINESS
from apgms_ops.probes.histogram_facts import Histogram
from apgms_ops.probes.histogram_reading import HistogramReader, Promise
from apgms_ops.probes.probe import probe
from apgms_ops.probes.slots import seconds

if TYPE_CHECKING:
    from apgms_ops.clients.prometheus import PrometheusClient

_ROUNDING: Final = 0.001
"""Share by which two counters of the same requests may differ: `increase` extrapolates each for itself."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """The request histogram of every service that promises a latency; probes of its health are left out."""

    services: dict[str, Histogram]

    def of(self, service: str) -> Histogram:
        """Return one service's.

        Raises:
            Unobserved: It was not read.
        """
        if service not in self.services:
            msg = f"the latency of {service} was not read"
            raise Unobserved(msg)
        return self.services[service]


@dataclass(frozen=True, slots=True)
class Scraped:
    """Which instances of each service export request metrics now."""

    at: datetime
    declared: dict[str, int]
    """Service → replicas that must run."""
    instances: dict[str, tuple[str, ...]]

    def differs(self, service: str) -> Findings:
        """Say whether another number of instances is scraped than there are replicas."""
        found = self.instances.get(service, ())
        wanted = self.declared[service]
        if len(found) == wanted:
            return Findings()
        which = f" ({', '.join(found)})" if found else ""
        return Findings((f"{service}: {len(found)} instances are scraped{which}; {wanted} replicas are declared",))


@probe(deadline=45.0)
def latencies(prometheus: "PrometheusClient", environment: Environment, deadline: Deadline) -> Latencies:
    """The latency histogram of each service that promises one, over its window, business routes only."""
    at = prometheus.server_time(deadline).server
    found: dict[str, Histogram] = {}
    for name, service in environment.services.items():
        promised = service.latency
        if promised is None:
            continue
        labels = f'service="{name}",route!~"{NOT_BUSINESS}"'
        reader = HistogramReader(prometheus, "http_request_duration_seconds", labels, at, deadline)
        promise = Promise(f"requests of {name}", promised.quantile, promised.limit, promised.window, promised.source)
        found[name] = untimed(reader.read(promise), _requests(prometheus, labels, at, promised.window, deadline))
    return Latencies(found)


def untimed(histogram: Histogram, requests: float) -> Histogram:
    """Return a histogram in which requests that were answered and never timed are slower than every edge.

    A timer that forgets what timed out makes the slowest requests vanish.

    Args:
        histogram: Which holds those that were timed.
        requests: All that were counted over the same window.
    """
    timed = sum(one.count for one in histogram.instances)
    missing = requests - timed
    return replace(histogram, unobserved=missing) if missing > 1 + requests * _ROUNDING else histogram


def _requests(
    prometheus: "PrometheusClient", labels: str, at: datetime, window: timedelta, deadline: Deadline
) -> float:
    expression = f"sum(increase(http_requests_total{{{labels}}}[{seconds(window)}s]))"
    found = prometheus.vector(expression, at=at, deadline=deadline)
    return found.samples[0].value if found.samples else 0.0


@probe(deadline=20.0)
def scraped(prometheus: "PrometheusClient", environment: Environment, deadline: Deadline) -> Scraped:
    """The instances of each declared service whose request metrics are scraped now."""
    at = prometheus.server_time(deadline).server
    # A series ends at once when its scrape fails, but not when that is the server's first try since it was started:
    # then what was scraped before is answered for five minutes more. Whether the last try succeeded is in `up`.
    expression = "count by (service, instance) (http_requests_total and on (job, instance) (up == 1))"
    instances: dict[str, list[str]] = {}
    for sample in prometheus.vector(expression, at=at, deadline=deadline).samples:
        instances.setdefault(sample.labels.get("service", ""), []).append(sample.labels.get("instance", ""))
    declared = {name: service.replicas for name, service in environment.services.items()}
    return Scraped(at, declared, {name: tuple(sorted(instances.get(name, ()))) for name in declared})
