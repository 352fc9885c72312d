"""Thirty days of metrics that never happened, as OpenMetrics: what the services export, as if they always had.

Every series has the labels that scraping gives it, so that the live samples go on where these end. The same seed, end
and shape give the same bytes.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, product

from apgms_ops.sandbox import past

DAY = 86400
HOUR = 3600
SERVICE = "api-gateway"
REGISTRIES = "registries"
LOOKUP = "/v1/registries/abn/{abn}"
READY = "/health/ready"
BUCKETS = ("0.05", "0.1", "0.25", "0.5", "1.0", "2.0", "5.0", "+Inf")
FASTER = (0.93, 0.985, 0.998, 0.9995, 0.9999, 1.0, 1.0, 1.0)
"""Share of the requests within each bucket."""
ABR_FASTER = (0.55, 0.90, 0.985, 0.9985, 0.9998, 1.0, 1.0, 1.0)
"""The same of uncached look-ups."""
_AT_ONCE = (1.0,) * len(FASTER)
_MEAN_SECONDS = 0.021
_MEAN_RATE = 5.0
"""Requests a second, over a whole day: about what the traffic process makes."""
_SHARES = {"404": 0.004, "422": 0.002, "500": 0.00006, "503": 0.00004}
_UNCACHED = 0.3
"""Share of the look-ups that the register is asked for."""
_LOOK_BACK = 240
"""Seconds: within the five minutes that Prometheus looks back."""
_OFFSET_RATE = 1.5
"""Events a second that a partition's group handles."""

_REQUESTS = "http_requests_total"

Key = tuple[str, frozenset[tuple[str, str]]]
"""A series: its name and its labels, `instance` and `job` among them."""


@dataclass(frozen=True, slots=True)
class Incident:
    """A time in which a share of the requests was answered with 503."""

    begins: float
    """Days before the end."""
    lasts: float
    """Days."""
    share: float
    """Of the requests, 0 to 1."""


HEALTHY_INCIDENTS = (Incident(25.3, 0.014, 0.02), Incident(17.8, 0.010, 0.02), Incident(9.1, 0.012, 0.02))
"""Small ones, as every estate has them; about 99.99 % are answered all the same."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the past looked like."""

    days: float = 30.0
    """How far back the samples reach; two hours are added, so that a window of as many days is whole."""
    incidents: tuple[Incident, ...] = HEALTHY_INCIDENTS
    holes: tuple[tuple[float, float], ...] = ()
    """Days before the end, from and to, in which nothing was scraped."""
    idle: bool = False
    """Whether nobody asked for anything in all that time."""
    faster: tuple[float, ...] = FASTER
    """Share of the business requests within each bucket."""
    probe_rate: float = 1.0
    """Readiness probes a second."""
    mean: float = _MEAN_SECONDS
    """Seconds that a request took."""
    probed: bool = True
    """Whether anybody looked from outside."""
    abr_faster: tuple[float, ...] = ABR_FASTER
    """Share of the uncached look-ups within each bucket."""
    seed: int = 20261123


@dataclass(frozen=True, slots=True)
class Origin:
    """Where live samples come from: the values of the label `instance`, by what is scraped there."""

    gateways: tuple[str, ...]
    registries: str
    payments: str
    kafka: str
    """The exporter of Kafka's metrics."""
    outside: str
    """What is probed from outside."""
    groups: Mapping[str, Sequence[str]]
    """Consumer group → the topics that it reads."""
    topics: Mapping[str, int]
    """Topic → partitions, dead-letter topics not among them."""


class History:
    """The samples up to one moment."""

    def __init__(self, shape: Shape, origin: Origin, end: int, live: Mapping[Key, float] | None = None) -> None:
        """Lay out the past.

        Args:
            shape: What it looked like.
            origin: Which series there are.
            end: Its last moment, in seconds since 1970.
            live: What the live series stand at, `instance` among their labels. Their past then leads up to that number,
                as if the process behind them had been started when it stood at zero: a counter that jumped would look
                like as many requests.
        """
        self._shape = shape
        self._origin = origin
        self._end = end
        self._live = live or {}
        self._laid: set[Key] = set()
        self._begin = end - round(shape.days * DAY) - 2 * HOUR
        # Dense where short windows look; a point every four minutes lies within Prometheus's look-back of five.
        self._counter_times = self._times((DAY + 2 * HOUR, 60), (3 * HOUR, 15), first=_LOOK_BACK)
        self._daily_times = self._times((DAY + 2 * HOUR, 60), first=HOUR, reach=2 * DAY)
        self._kafka_times = self._times((3 * HOUR, 15), first=60, reach=DAY + 2 * HOUR)

    def text(self) -> str:
        """Return all of it, as `promtool` reads it."""
        return "".join(self._parts())

    def _parts(self) -> Iterator[str]:
        counts, daily = self._counts(self._counter_times), self._counts(self._daily_times)
        lookups = {status: [round(n * _UNCACHED) for n in daily[LOOKUP, status]] for status in ("200", "422")}
        yield "# TYPE http_requests counter\n"
        for place, (key, values) in product(self._origin.gateways, counts.items()):
            yield self._counter(_request(SERVICE, *key), place, SERVICE, self._counter_times, self._share(values))
        for status, values in lookups.items():
            labels = _request(REGISTRIES, LOOKUP.removeprefix("/v1"), status)
            yield self._counter(labels, self._origin.registries, REGISTRIES, self._daily_times, values)
        yield from self._others(_REQUESTS)
        yield "# TYPE http_request_duration_seconds histogram\n"
        for place, ((route, status), values) in product(self._origin.gateways, daily.items()):
            faster = _AT_ONCE if route == READY else self._shape.faster
            labels = _request(SERVICE, route, status) | {"instance": place, "job": SERVICE}
            name = "http_request_duration_seconds"
            yield from self._histogram(name, labels, self._share(values), faster, self._shape.mean)
        for part in ("bucket", "count", "sum"):
            yield from self._others(f"http_request_duration_seconds_{part}")
        yield "# TYPE apgms_registry_lookup_duration_seconds histogram\n"
        for source, faster in (("abr", self._shape.abr_faster), ("cache", _AT_ONCE)):
            labels = {"source": source, "instance": self._origin.registries, "job": REGISTRIES}
            name = "apgms_registry_lookup_duration_seconds"
            yield from self._histogram(name, labels, lookups["200"], faster, _MEAN_SECONDS)
        yield from self._gauges()
        yield from self._kafka()
        yield "# EOF\n"

    def _others(self, name: str) -> Iterator[str]:
        """Yield the live series of a counter that have no past of a shape: nothing happened to them until now.

        Without any past, all that such a one stands at would count as having happened just now. Two samples say as much
        as thousands: there are more than two thousand of these series, most of them at 0. Of errors that is not enough:
        a counter of them that was not there before some window counts as born within it, with all that it stands at.
        """
        short = (self._end - _LOOK_BACK, self._end)
        for (named, labels), value in self._live.items():
            if named == name and (named, labels) not in self._laid:
                errors = name == _REQUESTS and value > 0 and dict(labels).get("status", "").startswith("5")
                times = self._counter_times if errors else short
                yield past.lines(name, dict(sorted(labels)), times, [value] * len(times))

    def _share(self, values: Sequence[int]) -> list[int]:
        """Return what one of the gateways has counted of all requests."""
        return [value // len(self._origin.gateways) for value in values]

    def _gauges(self) -> Iterator[str]:
        chance = random.Random(self._shape.seed + 1)  # noqa: S311 — a past, not a secret
        times = self._daily_times
        outside = {"instance": self._origin.outside, "job": "blackbox"}
        payments = {"instance": self._origin.payments, "job": "payments"}
        for name, labels, most in (
            ("probe_success", outside, 0.0),
            ("probe_duration_seconds", outside, 0.02),
            ("apgms_reconciliation_oldest_unreconciled_seconds", payments, 4.0),
            ("apgms_reconciliation_dlq_depth", payments, 0.0),
        ):
            if labels is outside and not self._shape.probed:
                continue
            least = 1.0 if name == "probe_success" else most / 4
            values = [round(least + (most - least) * chance.random(), 4) if most else least for _ in times]
            yield f"# TYPE {name} gauge\n{past.lines(name, labels, times, values)}"

    def _times(self, *steps: tuple[int, int], first: int, reach: int | None = None) -> list[int]:
        """Return the times of samples: every `first` seconds, then, from so many seconds before the end, as often."""
        begin = self._begin if reach is None else max(self._begin, self._end - reach)
        times: list[int] = []
        bounds = [(begin, first)] + [(max(begin, self._end - back), step) for back, step in steps]
        for (start, step), until in zip(bounds, [b[0] for b in bounds[1:]] + [self._end], strict=True):
            times.extend(range(start, until, step))
        times.append(self._end)
        holes = [(self._end - a * DAY, self._end - b * DAY) for a, b in self._shape.holes]
        return [t for t in times if not any(a <= t < b for a, b in holes)] if holes else times

    def _counts(self, times: Sequence[int]) -> dict[tuple[str, str], list[int]]:
        """Return what each request counter stood at, at each of `times`."""
        if self._shape.idle:
            return {key: [0] * len(times) for key in ((LOOKUP, "200"), *((LOOKUP, s) for s in _SHARES), (READY, "200"))}
        chance = random.Random(self._shape.seed)  # noqa: S311 — a past, not a secret
        widths = [0, *(b - a for a, b in pairwise(times))]
        made = [
            width * _rate(time) * (0.94 + 0.12 * chance.random()) for time, width in zip(times, widths, strict=True)
        ]
        failing = [self._failing(time) for time in times]
        counts: dict[tuple[str, str], list[int]] = {}
        for status, share in _SHARES.items():
            extra = failing if status == "503" else [0.0] * len(times)
            grown = (m * (share * (0.5 + chance.random()) + e) for m, e in zip(made, extra, strict=True))
            counts[LOOKUP, status] = [math.floor(total) for total in accumulate(grown)]
        fine = 1.0 - sum(_SHARES.values())
        good = accumulate(m * fine * (1.0 - f) for m, f in zip(made, failing, strict=True))
        counts[LOOKUP, "200"] = [math.floor(total) for total in good]
        counts[READY, "200"] = [math.floor((time - self._begin) * self._shape.probe_rate) for time in times]
        return counts

    def _failing(self, time: int) -> float:
        ago = (self._end - time) / DAY
        return sum(i.share for i in self._shape.incidents if i.begins - i.lasts <= ago < i.begins)

    def _histogram(
        self, name: str, labels: Mapping[str, str], counts: Sequence[int], faster: Sequence[float], mean: float
    ) -> Iterator[str]:
        times = self._daily_times
        total = self._led(f"{name}_count", labels, counts)
        for edge, share in zip(BUCKETS, faster, strict=True):
            within = counts if share == 1.0 else [math.floor(count * share) for count in counts]
            led = self._led(f"{name}_bucket", {**labels, "le": edge}, within, begun=past.begun(total))
            # Led back from what they stand at now, which is of another shape, a bucket might hold more than all.
            yield past.lines(f"{name}_bucket", {**labels, "le": edge}, times, list(map(min, led, total)))
        yield past.lines(f"{name}_count", labels, times, total)
        yield self._series(f"{name}_sum", labels, times, [round(c * mean, 3) for c in counts])

    def _counter(
        self, labels: Mapping[str, str], instance: str, job: str, times: Sequence[int], values: Sequence[int]
    ) -> str:
        return self._series("http_requests_total", {**labels, "instance": instance, "job": job}, times, values)

    def _kafka(self) -> Iterator[str]:
        times = self._kafka_times
        scraped = {"instance": self._origin.kafka, "job": "kafka-exporter"}
        yield "# TYPE kafka_consumergroup_current_offset gauge\n"
        for group, topics in self._origin.groups.items():
            for topic, partition in ((t, p) for t in topics for p in range(self._origin.topics[t])):
                labels = {"consumergroup": group, "topic": topic, "partition": str(partition), **scraped}
                offsets = [math.floor((time - times[0]) * _OFFSET_RATE) for time in times]
                live = self._live.get(("kafka_consumergroup_current_offset", frozenset(labels.items())))
                # The broker is new where there is none: an offset that fell would be one set back.
                moved = [0.0] * len(times) if live is None else past.below(live, offsets)
                yield past.lines("kafka_consumergroup_current_offset", labels, times, moved)
        yield "# TYPE kafka_consumergroup_members gauge\n"
        for group in self._origin.groups:
            yield past.lines(
                "kafka_consumergroup_members", {"consumergroup": group, **scraped}, times, [1] * len(times)
            )
        yield "# TYPE apgms_dlq_messages gauge\n"
        for topic in self._origin.topics:
            yield past.lines("apgms_dlq_messages", {"topic": topic, **scraped}, times, [0] * len(times))

    def _series(self, name: str, labels: Mapping[str, str], times: Sequence[int], values: Sequence[float]) -> str:
        return past.lines(name, labels, times, self._led(name, labels, values))

    def _led(
        self, name: str, labels: Mapping[str, str], values: Sequence[float], begun: int | None = None
    ) -> Sequence[float]:
        """Return a counter's values, shifted so that they end at what the live one stands at.

        What would be below zero came before a restart; or that was at `begun`, where it is
        known when the process began.
        """
        key = (name, frozenset(labels.items()))
        self._laid.add(key)
        live = self._live.get(key)
        if live is None or not values:
            return values
        shift = values[-1] - live
        if begun is None:
            return [value - shift if value >= shift else value for value in values]
        return [value if at < begun else max(0, value - shift) for at, value in enumerate(values)]


def _request(service: str, route: str, status: str) -> dict[str, str]:
    return {"service": service, "method": "GET", "route": route, "status": status}


def _rate(time: int) -> float:
    """Return the requests a second at a time: more by day than by night, fewer at the weekend (Sydney, roughly)."""
    local = time + 10 * HOUR
    by_day = 1.0 - 0.4 * math.cos(2 * math.pi * (local % DAY) / DAY)
    weekday = (local // DAY + 3) % 7  # 1 January 1970 was a Thursday
    return _MEAN_RATE * by_day * (0.75 if weekday >= 5 else 1.0)  # noqa: PLR2004 — Saturday, Sunday
