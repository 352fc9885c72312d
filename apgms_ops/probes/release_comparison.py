"""Runbook, Deployment Procedure, step 4: counts the requests before the newest rollout of a service and after it."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.errors import BadAnswer
from apgms_ops.observation import timestamp
from apgms_ops.probes.budget_reading import NOT_BUSINESS
from apgms_ops.probes.comparison_facts import GAP, ReleaseComparison, Requests, ServiceComparison
from apgms_ops.probes.counting import Course, Labels, Sample, courses, grown, longest_gap
from apgms_ops.probes.probe import probe
from apgms_ops.probes.slots import seconds
from apgms_ops.probes.workloads import Workload, workloads

if TYPE_CHECKING:
    from apgms_ops.clients.kubernetes.client import KubernetesClient
    from apgms_ops.clients.prometheus import PrometheusClient
    from apgms_ops.clients.prometheus.facts import Series

_LOOK_BACK: Final = timedelta(minutes=5)
"""How far before a window the sample may lie that says what a counter stood at: as far as Prometheus itself looks."""
_COUNTED: Final = "http_requests_total"
_TIMED: Final = "http_request_duration_seconds"
_STARTED: Final = "process_start_time_seconds"
"""What the usual libraries tell of their process; who does not is known by the counters alone."""
_STATUS: Final = re.compile(r"[1-5](?:\d\d|xx)")
_ITS_OWN: Final = frozenset({"__name__", "le"})
_WAIT: Final = 20.0
"""Seconds of the time after a rollout that are waited for, if no more are missing."""
_SCRAPE: Final = timedelta(seconds=2)
"""After its end, for the sample that follows it."""


@probe(deadline=60.0)
def release_comparison(
    kubernetes: "KubernetesClient", prometheus: "PrometheusClient", environment: Environment, deadline: Deadline
) -> ReleaseComparison:
    """Requests, failed and slow ones, in a fixed time before the newest rollout began and after it was complete."""
    found = workloads(kubernetes, environment, deadline)
    compared = {
        name: work
        for name, work in found.items()
        if environment.services[name].availability or environment.services[name].latency
    }
    _await_windows(prometheus, environment, compared.values(), deadline)
    at = prometheus.server_time(deadline).server
    return ReleaseComparison(
        {name: _Comparing(prometheus, environment, work, at, deadline).read() for name, work in compared.items()}
    )


def _await_windows(
    prometheus: "PrometheusClient", environment: Environment, compared: Iterable[Workload], deadline: Deadline
) -> None:
    """Wait for windows that are over in a moment: who asks right after a rollout need not ask twice."""
    after = environment.deployment.comparison.after.value
    at = prometheus.server_time(deadline).server
    missing = [(work.completed_at + after + _SCRAPE - at).total_seconds() for work in compared if work.completed_at]
    near = [left for left in missing if 0 < left <= min(_WAIT, deadline.remaining / 2)]
    if near:
        deadline.pause(max(near), "the time after the rollout to be over")


class _Comparing:
    """One service."""

    def __init__(
        self,
        prometheus: "PrometheusClient",
        environment: Environment,
        work: Workload,
        at: datetime,
        deadline: Deadline,
    ) -> None:
        self._prometheus = prometheus
        self._environment = environment
        self._work = work
        self._at = at
        self._deadline = deadline
        latency = environment.services[work.service].latency
        self._limit = latency.limit if latency else None

    def read(self) -> ServiceComparison:
        rules = self._environment.deployment.comparison
        began, completed = self._work.began_at, self._work.completed_at
        before = after = until = None
        if began is not None and completed is not None:
            until = completed + rules.after.value
            before = self._requests(began - rules.before.value, began, through=False)
            after = self._requests(completed, until, through=True) if until + _SCRAPE <= self._at else None
        return ServiceComparison(
            service=self._work.service,
            deployment=self._work.name,
            at=self._at,
            began_at=began,
            completed_at=completed,
            before=before,
            after=after,
            after_until=until,
            limit=self._limit,
            maintenance=self._maintained([one for one in (before, after) if one is not None]),
        )

    def _requests(self, start: datetime, end: datetime, *, through: bool) -> Requests:
        """Count the requests of a window.

        Args:
            start: Of the window.
            end: Of the window.
            through: Whether the first sample from the end on belongs to it; before a rollout, what comes then does not.
        """
        last = min(self._at, end + GAP) if through else end
        asked = self._asked(start, last)
        counted = self._series(_COUNTED, asked, start, last)
        timed = self._series(f"{_TIMED}_count", asked, start, last) if self._limit else ()
        edge = self._series(f"{_TIMED}_bucket", f"{asked}{self._edge()}", start, last) if self._limit else ()
        started = self._matrix(_STARTED, f'{_STARTED}{{service="{self._work.service}"}}', start, last)
        told = courses([_family(counted)], _family(started))
        histogram = courses([_family(timed), _family(edge)], _family(started))
        known = {_instance(one) for one in counted if any(sample.at <= start for sample in one.samples)}

        def growth(one: "Series", of: Mapping[Labels, Course]) -> int:
            course = of[_labels(one)]
            new = _instance(one) not in known
            return grown(_samples(one), start, end, new=new, anew=course.anew, until=course.until)

        failed = total = 0
        for one in counted:
            status = one.labels.get("status", "")
            if not _STATUS.fullmatch(status):
                msg = f"{self._work.service}: requests are counted under status {status!r}, which is no HTTP status"
                raise BadAnswer(msg)
            number = growth(one, told)
            total += number
            failed += number if status.startswith("5") else 0
        times = [sample.at for one in counted for sample in one.samples]
        return Requests(
            start=start,
            end=end,
            requests=total,
            failed=failed,
            timed=sum(growth(one, histogram) for one in timed),
            in_time=sum(growth(one, histogram) for one in edge),
            instances=len(_instances(counted)),
            scraped_before=any(at <= start for at in times),
            gap=longest_gap(times, start, end),
            without_edge=tuple(sorted(_instances(timed) - _instances(edge))),
        )

    def _asked(self, start: datetime, last: datetime) -> str:
        """Return matchers for what was asked and answered at all: most series of a service stand at 0 for ever."""
        samples = f"{self._selector(_COUNTED)}[{_back(start, last)}]"
        expression = f"group by (route, status) (max_over_time({samples}) > 0)"
        found = self._prometheus.vector(expression, at=last, deadline=self._deadline).samples
        return "".join(
            f',{label}=~"{_any_of({sample.labels.get(label, "") for sample in found})}"'
            for label in ("route", "status")
        )

    def _selector(self, metric: str, more: str = "") -> str:
        return f'{metric}{{service="{self._work.service}",route!~"{NOT_BUSINESS}"{more}}}'

    def _series(self, metric: str, more: str, start: datetime, last: datetime) -> "tuple[Series, ...]":
        """Return the samples of a counter of business as they were scraped, from before a window's start on."""
        return self._matrix(metric, self._selector(metric, more), start, last)

    def _matrix(self, metric: str, selector: str, start: datetime, last: datetime) -> "tuple[Series, ...]":
        from apgms_ops.clients.prometheus.facts import Matrix  # noqa: PLC0415 — heavy

        found = self._prometheus.query(f"{selector}[{_back(start, last)}]", at=last, deadline=self._deadline)
        if not isinstance(found, Matrix) or any(one.histograms for one in found.series):
            msg = f"samples of {metric} were asked for, and others answered"
            raise BadAnswer(msg)
        return tuple(one for one in found.series if one.samples)

    def _edge(self) -> str:
        limit = self._limit.total_seconds() if self._limit else 0.0
        # "1" and "1.0" are one edge, of exporters in two languages.
        return f',le=~"{_any_of({f"{limit:g}", repr(limit)})}"'

    def _maintained(self, windows: list[Requests]) -> str | None:
        return next(
            (
                f"{one.reason}, {timestamp(one.start)[:16]}Z to {timestamp(one.end)[:16]}Z"
                for one in self._environment.maintenance
                if one.service == self._work.service
                and any(one.start < window.end and window.start < one.end for window in windows)
            ),
            None,
        )


def _any_of(values: Iterable[str]) -> str:
    """Return a regular expression for these texts, as it is written between quotes in a query."""
    return "|".join(re.escape(value).replace("\\", "\\\\").replace('"', '\\"') for value in sorted(values))


def _back(start: datetime, last: datetime) -> str:
    """Return how far back from the last moment is looked, as a range in a query."""
    return f"{seconds(last - start + _LOOK_BACK)}s"


def _family(found: "Iterable[Series]") -> dict[Labels, list[Sample]]:
    return {_labels(one): _samples(one) for one in found}


def _labels(series: "Series") -> Labels:
    """Return what the counters of one histogram have in common: all labels but the edge of the bucket."""
    return frozenset((name, value) for name, value in series.labels.items() if name not in _ITS_OWN)


def _samples(series: "Series") -> list[Sample]:
    return [Sample(sample.at, sample.value) for sample in series.samples]


def _instance(series: "Series") -> str:
    return series.labels.get("instance", "")


def _instances(series: "Iterable[Series]") -> set[str]:
    return {_instance(one) for one in series}
