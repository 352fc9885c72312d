"""Reads a latency histogram from Prometheus."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer
from apgms_ops.probes import slots
from apgms_ops.probes.histogram_facts import RECENT, Bucket, Histogram, Instance, Point

if TYPE_CHECKING:
    from apgms_ops.clients.prometheus import PrometheusClient
    from apgms_ops.clients.prometheus.facts import Vector

_FINE: Final = timedelta(minutes=5)
"""The grain in which the coverage of the window is proven."""
_POINTS: Final = 24
"""Parts of the window that are drawn."""
_SAME: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised of a histogram."""

    what: str
    quantile: Decimal
    limit: timedelta
    window: timedelta
    source: str


class HistogramReader:
    """Reads one histogram, at one moment of the server's clock."""

    def __init__(
        self, prometheus: "PrometheusClient", metric: str, labels: str, at: datetime, deadline: Deadline
    ) -> None:
        """Take what to read.

        Args:
            prometheus: Whom to ask.
            metric: Its name, without `_bucket`.
            labels: The selector between braces: `service="api-gateway"`.
            at: When.
            deadline: For all of it.
        """
        self._prometheus = prometheus
        self._metric = metric
        self._labels = labels
        self._at = at
        self._deadline = deadline

    def read(self, promise: Promise, unobserved: float = 0.0) -> Histogram:
        """Return the histogram over the window of a promise.

        Args:
            promise: What is promised of it.
            unobserved: Pieces of work that were counted and never timed.

        Raises:
            Unobserved: It could not be read.
        """
        count = self._selector("_count")
        return Histogram(
            what=promise.what,
            quantile=promise.quantile,
            limit=promise.limit,
            window=promise.window,
            source=promise.source,
            at=self._at,
            newest=slots.newest(self._prometheus, count, at=self._at, deadline=self._deadline),
            gaps=slots.empty_slots(
                self._prometheus, count, end=self._at, length=promise.window, slot=_FINE, deadline=self._deadline
            ),
            buckets=self._buckets(promise.window),
            instances=self._instances(promise.window),
            unobserved=unobserved,
            course=self._course(promise),
        )

    def _buckets(self, window: timedelta) -> tuple[Bucket, ...]:
        grown = f"sum by (le) (increase({self._selector('_bucket')}[{slots.seconds(window)}s]))"
        found: dict[float, float] = {}
        for sample in self._vector(grown).samples:
            edge = _edge(sample.labels)  # "1" and "1.0" are one edge, of exporters in two languages
            found[edge] = found.get(edge, 0.0) + sample.value
        return tuple(Bucket(None if math.isinf(edge) else edge, count) for edge, count in sorted(found.items()))

    def _instances(self, window: timedelta) -> tuple[Instance, ...]:
        seconds = slots.seconds(window)
        bucket, count = self._selector("_bucket"), self._selector("_count")
        infinite, finite = self._selector("_bucket", 'le="+Inf"'), self._selector("_bucket", 'le!="+Inf"')
        counts = self._by_instance(f"sum by (instance) (increase({count}[{seconds}s]))")
        sums = self._by_instance(f"sum by (instance) (increase({self._selector('_sum')}[{seconds}s]))")
        now = slots.seconds(RECENT)
        recent = self._by_instance(f"sum by (instance) (increase({count}[{now}s]))")
        recent_sums = self._by_instance(f"sum by (instance) (increase({self._selector('_sum')}[{now}s]))")
        above = self._by_instance(f"count by (instance) ({finite} > ignoring (le) group_left () {infinite})")
        uncounted = self._by_instance(f"count by (instance) ({infinite} != ignoring (le) {count})")
        # An edge counts where as many series have it as have +Inf: one series without it is enough to miss some.
        series = self._vector(f"count by (instance, le) ({bucket})").samples
        every = {s.labels.get("instance", ""): s.value for s in series if s.labels.get("le") == "+Inf"}
        edges: dict[str, list[float]] = {}
        for sample in series:
            edge, instance = _edge(sample.labels), sample.labels.get("instance", "")
            if not math.isinf(edge) and sample.value >= every.get(instance, 0.0):
                edges.setdefault(instance, []).append(edge)
        beyond = self._beyond_largest(window, max((max(e) for e in edges.values()), default=None))
        return tuple(
            Instance(
                name=name or "(no instance)",
                edges=tuple(sorted(edges.get(name, ()))),
                count=counts.get(name, 0.0),
                sum=sums.get(name, 0.0),
                recent_count=recent.get(name, 0.0),
                recent_sum=recent_sums.get(name, 0.0),
                last=beyond.get(name, 0.0),
                above=round(above.get(name, 0.0)),
                uncounted=round(uncounted.get(name, 0.0)),
            )
            for name in sorted({*counts, *every})
        )

    def _beyond_largest(self, window: timedelta, largest: float | None) -> Mapping[str, float]:
        if largest is None:
            return {}
        grown = f"sum by (instance, le) (increase({self._selector('_bucket')}[{slots.seconds(window)}s]))"
        found: dict[str, float] = {}
        for sample in self._vector(grown).samples:
            edge, instance = _edge(sample.labels), sample.labels.get("instance", "")
            if math.isinf(edge):
                found[instance] = found.get(instance, 0.0) + sample.value
            elif abs(edge - largest) < _SAME:
                found[instance] = found.get(instance, 0.0) - sample.value
        return found

    def _course(self, promise: Promise) -> tuple[Point, ...]:
        step = max(timedelta(minutes=1), promise.window / _POINTS)
        limit = promise.limit.total_seconds()
        grown = f"sum by (le) (increase({self._selector('_bucket')}[{slots.seconds(step)}s]))"
        found = self._prometheus.matrix(
            grown, start=self._at - promise.window + step, end=self._at, step=step, deadline=self._deadline
        )
        within: dict[datetime, float] = {}
        total: dict[datetime, float] = {}
        for series in found.series:
            edge = _edge(series.labels)
            into = total if math.isinf(edge) else within if abs(edge - limit) < _SAME else None
            if into is not None:
                for sample in series.samples:
                    into[sample.at] = into.get(sample.at, 0.0) + sample.value
        return tuple(Point(at, within.get(at, 0.0), count) for at, count in sorted(total.items()))

    def _by_instance(self, expression: str) -> dict[str, float]:
        return {sample.labels.get("instance", ""): sample.value for sample in self._vector(expression).samples}

    def _vector(self, expression: str) -> "Vector":
        return self._prometheus.vector(expression, at=self._at, deadline=self._deadline)

    def _selector(self, suffix: str, more: str = "") -> str:
        labels = ",".join(part for part in (self._labels, more) if part)
        return f"{self._metric}{suffix}{{{labels}}}"


def _edge(labels: Mapping[str, str]) -> float:
    try:
        return float(labels["le"])
    except (KeyError, ValueError):
        msg = f"a bucket without a proper edge: le={labels.get('le')!r}"
        raise BadAnswer(msg) from None
