"""The metrics of a service's requests, and how they can be wrong on purpose."""

import re
from typing import Final

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Counter, Histogram, generate_latest

from apgms_ops.sandbox.service_process.message import Response
from apgms_ops.sandbox.service_process.switches import Switches

BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Upper edges in seconds; both latency limits of the service levels are among them."""
_LABELS: Final = ("service", "method", "route", "status")
_BUCKET: Final = "http_request_duration_seconds_bucket{"
_LIMIT_EDGE: Final = 'le="0.25"'
_LAST_EDGE: Final = 'le="5.0"'


class RequestMetrics:
    """Counts and times the requests that were answered."""

    def __init__(self, service: str, registry: CollectorRegistry, switches: Switches) -> None:
        """Export into `registry`, in the name of `service`."""
        self._service = service
        self._registry = registry
        self._switches = switches
        self._requests = Counter("http_requests", "Requests answered.", _LABELS, registry=registry)
        self._durations = Histogram(
            "http_request_duration_seconds", "Time to the answer.", _LABELS, buckets=BUCKETS, registry=registry
        )

    def expect(self, method: str, route: str, status: int) -> None:
        """Export a series from the start, at 0: an answer that was never given is a number too."""
        labels = (self._service, method, route, str(status))
        self._requests.labels(*labels)
        self._durations.labels(*labels)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer, that took so many seconds."""
        if self._switches.on("histogram_zero"):
            seconds = 0.0
        elif self._switches.on("histogram_milliseconds"):
            seconds *= 1000
        labels = (self._service, method, route, str(status))
        self._requests.labels(*labels).inc()
        self._durations.labels(*labels).observe(seconds)

    def scrape(self) -> Response:
        """Answer Prometheus."""
        text = generate_latest(self._registry)
        if self._switches.on("histogram_no_limit_edge"):
            text = without_limit_edge(text.decode()).encode()
        if self._switches.on("histogram_bad_bucket"):
            text = above_the_last(text.decode()).encode()
        return Response(200, text, CONTENT_TYPE_PLAIN_0_0_4)


def without_limit_edge(exposition: str) -> str:
    """Leave out the buckets whose edge is the limit."""
    lines = exposition.splitlines(keepends=True)
    return "".join(line for line in lines if not (line.startswith(_BUCKET) and _LIMIT_EDGE in line))


def above_the_last(exposition: str) -> str:
    """Make the last finite bucket hold more than +Inf does, which no histogram can."""

    def more(line: str) -> str:
        if not line.startswith(_BUCKET) or _LAST_EDGE not in line:
            return line
        return re.sub(r"(\S+)$", lambda number: repr(float(number[1]) * 1.5 + 1), line)

    return "\n".join(map(more, exposition.split("\n")))
