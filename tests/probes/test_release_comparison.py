"""From raw samples of Prometheus to counted requests, before a rollout and after it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from apgms_ops.clients.prometheus.facts import Matrix, NotFinite, Sample, Series, ServerTime, Vector
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment, Maintenance
from apgms_ops.errors import BadAnswer, Unobserved
from apgms_ops.probes.comparison_facts import ServiceComparison
from apgms_ops.probes.release_comparison import release_comparison
from tests.probes import cluster as toy
from tests.probes.cluster import Cluster

EVERY = timedelta(seconds=15)
RATE = 3
"""Requests from one sample to the next."""
COUNT, TIMED, BUCKET = (
    "http_requests_total",
    "http_request_duration_seconds_count",
    "http_request_duration_seconds_bucket",
)


class Metrics:
    """A Prometheus that holds one series a metric, status and instance, scraped every 15 seconds."""

    def __init__(self, at: datetime, statuses: Mapping[str, int], edges: tuple[str, ...] = ("0.25",)) -> None:
        """Take the present, and by how much the counter of each status grows from sample to sample."""
        self.at = at
        self.statuses = statuses
        self.edges = edges
        self.odd: Sample | None = None
        self.restarted: datetime | None = None

    def server_time(self, _deadline: Deadline) -> ServerTime:
        """Return the present."""
        return ServerTime(self.at, self.at)

    def query(self, expression: str, *, at: datetime, deadline: Deadline) -> object:  # noqa: ARG002 — it answers at once
        """Return the samples of a metric, as far back as is asked for."""
        form = (
            r'(\w+)\{service="api-gateway",route!~"[^"]+",route=~"/v1/abn/\\\\\{abn\\\\\}",status=~"([^"]+)"'
            r'(?:,le=~"([^"]+)")?\}\[(\d+)s\]'
        )
        found = re.fullmatch(form, expression)
        if expression.startswith("process_start_time_seconds{"):
            return Matrix(self._started(at))
        if found is None:
            return Vector(())
        metric, edge, back = found[1], found[3], timedelta(seconds=int(found[4]))
        if metric == BUCKET and not any(re.fullmatch(edge.replace("\\\\", "\\"), one) for one in self.edges):
            return Matrix(())
        asked = [status for status in self.statuses if re.fullmatch(found[2], status)]
        return Matrix(tuple(self._series(metric, status, at, back) for status in asked))

    def vector(self, expression: str, *, at: datetime, deadline: Deadline) -> Vector:  # noqa: ARG002 — at once
        """Return what was asked at all."""
        assert expression.startswith("group by (route, status) (max_over_time(http_requests_total{")
        labels = [{"route": "/v1/abn/{abn}", "status": status} for status, step in self.statuses.items() if step]
        return Vector(tuple(Sample(label, at, 1.0) for label in labels))

    def _started(self, at: datetime) -> tuple[Series, ...]:
        """Return what the process tells of its start, where it was started anew once; otherwise it tells nothing."""
        if self.restarted is None:
            return ()
        labels = {"__name__": "process_start_time_seconds", "instance": "10.0.0.7:8080"}
        first = toy.BEGAN - timedelta(hours=1)
        times = [first + n * EVERY for n in range(1000) if first + n * EVERY <= at]
        values = [(first if time < self.restarted else self.restarted).timestamp() for time in times]
        return (Series(labels, tuple(Sample(labels, *one) for one in zip(times, values, strict=True))),)

    def _series(self, metric: str, status: str, at: datetime, back: timedelta) -> Series:
        labels = {"__name__": metric, "status": status, "instance": "10.0.0.7:8080"}
        first = toy.BEGAN - timedelta(hours=1)
        times = [first + n * EVERY for n in range(1000) if at - back < first + n * EVERY <= min(at, self.at)]
        step = self.statuses[status]
        samples = [Sample(labels, time, float(step * self._steps(metric, first, time))) for time in times]
        return Series(labels, (*samples, *([self.odd] if self.odd else [])))

    def _steps(self, metric: str, first: datetime, time: datetime) -> int:
        """Return how often a counter has grown; before its restart, all requests were slow."""
        if self.restarted is None or time >= self.restarted:
            return round((time - (self.restarted or first)) / EVERY) + (1 if self.restarted else 0)
        return 0 if metric == BUCKET else 1


def read(
    metrics: Metrics, cluster: Cluster | None = None, environment: Environment = toy.ENVIRONMENT
) -> ServiceComparison:
    """Return the gateway before and after its rollout."""
    found = release_comparison.function(cluster or Cluster(), metrics, environment, Deadline(5))
    return cast("ServiceComparison", found.of("api-gateway"))


def test_both_windows_are_counted_in_whole_requests() -> None:
    """Five minutes before the rollout began, and five from its end on: at 15 seconds, 20 steps each."""
    seen = read(Metrics(toy.AT, {"200": RATE, "503": 1}))
    assert seen.before is not None
    assert seen.after is not None
    assert (seen.before.end, seen.after.start) == (toy.BEGAN, toy.COMPLETED)
    for window in (seen.before, seen.after):
        assert (window.requests, window.failed) == (20 * (RATE + 1), 20)
        assert window.timed == window.in_time == 20 * (RATE + 1)
        assert window.scraped_before
        assert window.gap <= EVERY
        assert window.instances == 1


def test_a_restart_that_no_counter_shows_is_known_by_the_start_of_the_process() -> None:
    """Few requests before it, all slow: counts and buckets are past their marks, and are counted from zero alike."""
    metrics = Metrics(toy.AT, {"200": RATE})
    metrics.restarted = toy.COMPLETED + timedelta(minutes=1)
    seen = read(metrics)
    assert seen.after is not None
    assert seen.after.timed == seen.after.in_time == seen.after.requests == 17 * RATE


def test_the_time_after_must_be_over() -> None:
    """A minute before, there is nothing to compare; and it is not waited for."""
    seen = read(Metrics(toy.COMPLETED + timedelta(minutes=4), {"200": RATE}))
    assert seen.after is None
    assert seen.after_until == toy.COMPLETED + timedelta(minutes=5)


def test_a_window_that_is_over_in_a_moment_is_waited_for() -> None:
    """Who asks right after a rollout need not ask twice."""
    waited: list[float] = []
    metrics = Metrics(toy.COMPLETED + timedelta(minutes=5) - timedelta(seconds=8), {"200": RATE})

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        metrics.at += timedelta(seconds=seconds)

    deadline = Deadline(60, clock=lambda: sum(waited), sleep=sleep)
    found = release_comparison.function(Cluster(), metrics, toy.ENVIRONMENT, deadline)
    assert waited == [10.0]
    assert found.of("api-gateway").after is not None


def test_a_rollout_without_an_end_has_no_windows() -> None:
    """Nothing is asked of the metrics."""
    moving = replace(toy.DEPLOYMENT, conditions=(replace(toy.PROGRESSING, reason="ReplicaSetUpdated"),))
    seen = read(Metrics(toy.AT, {"200": RATE}), Cluster((moving,)))
    assert seen.before is None
    assert seen.after is None


def test_an_instance_without_the_edge_is_named() -> None:
    """Its requests are not slow, and not fast either."""
    seen = read(Metrics(toy.AT, {"200": RATE}, edges=("0.5",)))
    assert seen.after is not None
    assert seen.after.without_edge == ("10.0.0.7:8080",)


@pytest.mark.parametrize("edge", ["1", "1.0"])
def test_an_edge_is_found_however_it_is_written(edge: str) -> None:
    """Exporters in two languages write one second in two ways."""
    data = toy.ENVIRONMENT.model_dump(mode="json", exclude_none=True, by_alias=True)
    data["services"]["api-gateway"]["objectives"][0]["limit"] = "1s"
    seen = read(Metrics(toy.AT, {"200": RATE}, edges=(edge,)), environment=Environment.model_validate(data))
    assert seen.after is not None
    assert not seen.after.without_edge


def test_a_status_that_is_none_is_no_answer() -> None:
    """What is counted under it is neither failed nor served."""
    with pytest.raises(BadAnswer, match="no HTTP status"):
        read(Metrics(toy.AT, {"teapot": RATE}))


def test_a_sample_that_is_no_number_is_unknown() -> None:
    """NaN is neither more nor less than before."""
    metrics = Metrics(toy.AT, {"200": RATE})
    metrics.odd = Sample({}, toy.AT, None, NotFinite.NAN)
    with pytest.raises(Unobserved, match="NaN"):
        read(metrics)


def test_another_kind_of_answer_is_refused() -> None:
    """A vector where samples were asked for."""

    class Odd(Metrics):
        def query(self, expression: str, *, at: datetime, deadline: Deadline) -> Any:  # noqa: ANN401, ARG002
            return Vector(())

    with pytest.raises(BadAnswer, match="samples of http_requests_total"):
        read(Odd(toy.AT, {"200": RATE}))


def test_maintenance_in_either_window_is_told() -> None:
    """Only that of this service, and only where it overlaps."""

    def declared(service: str, start: datetime) -> str | None:
        window = {"service": service, "from": start, "to": start + timedelta(minutes=1), "reason": "CHG-1"}
        data = {"maintenance": (Maintenance.model_validate(window),)}
        return read(Metrics(toy.AT, {"200": RATE}), environment=toy.ENVIRONMENT.model_copy(update=data)).maintenance

    assert "CHG-1" in (declared("api-gateway", toy.COMPLETED + timedelta(minutes=1)) or "")
    assert "CHG-1" in (declared("api-gateway", toy.BEGAN - timedelta(minutes=1)) or "")
    assert declared("api-gateway", toy.BEGAN - timedelta(hours=1)) is None
    assert declared("audit", toy.COMPLETED) is None
