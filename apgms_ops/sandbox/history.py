"""Thirty days of metrics that never happened, as OpenMetrics: what the traffic process exports, as if it always had.

Every series has the labels that scraping gives it, so that the live samples go on where these end. The same seed, end
and shape give the same bytes.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

DAY = 86400
HOUR = 3600
SERVICE = "api-gateway"
LOOKUP = "/v1/registries/abn/{abn}"
READY = "/health/ready"
BUCKETS = ("0.05", "0.1", "0.25", "0.5", "1.0", "2.0", "5.0", "+Inf")
_FASTER = (0.93, 0.985, 0.998, 0.9995, 0.9999, 1.0, 1.0, 1.0)
"""Share of the requests within each bucket."""
_MEAN_SECONDS = 0.021
_MEAN_RATE = 5.0
"""Requests a second, over a whole day: what the traffic process makes."""
_SHARES = {"404": 0.004, "422": 0.002, "500": 0.00006, "503": 0.00004}
_OFFSET_RATE = 1.5
"""Events a second that a partition's group handles."""

Key = tuple[str, frozenset[tuple[str, str]]]
"""A series: its name, and its labels but for those that scraping adds."""


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
    seed: int = 20261123


@dataclass(frozen=True, slots=True)
class Origin:
    """Where live samples come from: the values of the labels that scraping adds."""

    instance: str
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
            live: What the live series stand at. Their past then leads up to that number, as if the process behind them
                had been started when it stood at zero: a counter that jumped would look like as many requests.
        """
        self._shape = shape
        self._origin = origin
        self._end = end
        self._live = live or {}
        self._begin = end - round(shape.days * DAY) - 2 * HOUR
        # Dense where short windows look; a point every four minutes lies within Prometheus's look-back of five.
        self._counter_times = self._times((DAY + 2 * HOUR, 60), (3 * HOUR, 15), first=240)
        self._histogram_times = self._times((DAY + 2 * HOUR, 60), first=HOUR)
        self._kafka_times = self._times((3 * HOUR, 15), first=60, reach=DAY + 2 * HOUR)

    def text(self) -> str:
        """Return all of it, as `promtool` reads it."""
        return "".join(self._parts())

    def _parts(self) -> Iterator[str]:
        counts = self._counts(self._counter_times)
        yield "# TYPE http_requests counter\n"
        for (route, status), values in counts.items():
            yield self._series("http_requests_total", _request(route, status), "services", self._counter_times, values)
        yield "# TYPE http_request_duration_seconds histogram\n"
        for (route, status), values in self._counts(self._histogram_times).items():
            yield from self._histogram(_request(route, status), values)
        yield from self._kafka()
        yield "# EOF\n"

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
        counts[READY, "200"] = [time - self._begin for time in times]
        return counts

    def _failing(self, time: int) -> float:
        ago = (self._end - time) / DAY
        return sum(i.share for i in self._shape.incidents if i.begins - i.lasts <= ago < i.begins)

    def _histogram(self, labels: Mapping[str, str], counts: Sequence[int]) -> Iterator[str]:
        name, times = "http_request_duration_seconds", self._histogram_times
        for edge, share in zip(BUCKETS, _FASTER, strict=True):
            within = counts if share == 1.0 else [math.floor(count * share) for count in counts]
            yield self._series(f"{name}_bucket", {**labels, "le": edge}, "services", times, within)
        yield self._series(f"{name}_count", labels, "services", times, counts)
        yield self._series(f"{name}_sum", labels, "services", times, [round(c * _MEAN_SECONDS, 3) for c in counts])

    def _kafka(self) -> Iterator[str]:
        times = self._kafka_times
        yield "# TYPE kafka_consumergroup_current_offset gauge\n"
        for group, topics in self._origin.groups.items():
            for topic in topics:
                for partition in range(self._origin.topics[topic]):
                    labels = {"consumergroup": group, "topic": topic, "partition": str(partition)}
                    offsets = [math.floor((time - times[0]) * _OFFSET_RATE) for time in times]
                    if ("kafka_consumergroup_current_offset", frozenset(labels.items())) not in self._live:
                        offsets = [0] * len(times)  # the broker is new: an offset that fell would be one set back
                    yield self._series("kafka_consumergroup_current_offset", labels, "kafka-exporter", times, offsets)
        yield "# TYPE kafka_consumergroup_members gauge\n"
        for group in self._origin.groups:
            labels = {"consumergroup": group}
            yield self._series("kafka_consumergroup_members", labels, "kafka-exporter", times, [1] * len(times))
        yield "# TYPE apgms_dlq_messages gauge\n"
        for topic in self._origin.topics:
            yield self._series("apgms_dlq_messages", {"topic": topic}, "kafka-exporter", times, [0] * len(times))

    def _series(
        self, name: str, labels: Mapping[str, str], job: str, times: Sequence[int], values: Sequence[float]
    ) -> str:
        leading = self._leading_up(
            values, self._live.get((name, frozenset(labels.items()))), counter="kafka" not in job
        )
        scraped = {**labels, "instance": self._origin.instance, "job": job}
        inner = ",".join(f'{key}="{value}"' for key, value in scraped.items())
        return "".join([f"{name}{{{inner}}} {value} {time}\n" for time, value in zip(times, leading, strict=True)])

    @staticmethod
    def _leading_up(values: Sequence[float], live: float | None, *, counter: bool) -> Sequence[float]:
        """Return the values shifted so that they end at `live`; what would be below zero came before a restart."""
        if live is None or not values:
            return values
        if not counter:  # a gauge is what it is: its past ends below the present, and never fell
            return [max(0, math.floor(live * (value / values[-1]))) if values[-1] else live for value in values]
        shift = values[-1] - live
        return [value - shift if value >= shift else value for value in values]


def _request(route: str, status: str) -> dict[str, str]:
    return {"service": SERVICE, "method": "GET", "route": route, "status": status}


def _rate(time: int) -> float:
    """Return the requests a second at a time: more by day than by night, fewer at the weekend (Sydney, roughly)."""
    local = time + 10 * HOUR
    by_day = 1.0 - 0.4 * math.cos(2 * math.pi * (local % DAY) / DAY)
    weekday = (local // DAY + 3) % 7  # 1 January 1970 was a Thursday
    return _MEAN_RATE * by_day * (0.75 if weekday >= 5 else 1.0)  # noqa: PLR2004 — Saturday, Sunday
