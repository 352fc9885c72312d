"""Counts a service's requests in Prometheus. It needs the client, and time windows that it takes out."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Maintenance
from apgms_ops.errors import BadAnswer, Unobserved
from apgms_ops.probes import slots
from apgms_ops.probes.budget_facts import Counted
from apgms_ops.probes.slots import Gap

if TYPE_CHECKING:
    from apgms_ops.clients.prometheus import PrometheusClient

SLOT = timedelta(hours=1)
"""The grain in which coverage is proven."""
RECENT = timedelta(days=1)
FINE = timedelta(minutes=5)
"""The grain within the last day: an hour of which only the last minutes were scraped is no hour."""
NOT_BUSINESS = "/health.*|/metrics|/version"
_STATUS = re.compile(r"[1-5](?:\d\d|xx)")
_ROUNDING = 0.01
"""Share by which parts may exceed their whole: `increase` extrapolates to the edges of its window."""

Span = tuple[datetime, datetime]
Requests = tuple[float, float]
"""Total and errors."""


class BudgetReader:
    """Reads about one service, at one moment of the server's clock."""

    def __init__(self, prometheus: "PrometheusClient", service: str, at: datetime, deadline: Deadline) -> None:
        """Take what to ask, about whom, and when."""
        self._prometheus = prometheus
        self._service = service
        self._at = at
        self._deadline = deadline
        self._read: dict[tuple[datetime, int], Requests] = {}

    def newest(self) -> datetime | None:
        """Return when the newest sample was taken, to some seconds; None where there is none within five minutes."""
        return slots.newest(self._prometheus, self._requests(), at=self._at, deadline=self._deadline)

    def scraped(self) -> int:
        """Return how many instances were scraped within five minutes. Every one of them is asked for its health."""
        every = f'http_requests_total{{service="{self._service}"}}'
        expression = f"count(count by (instance) (count_over_time({every}[5m])))"
        found = self._prometheus.vector(expression, at=self._at, deadline=self._deadline)
        return int(found.samples[0].value) if found.samples else 0

    def gaps(self, window: timedelta) -> tuple[Gap, ...]:
        """Return the times within a window in which nothing was scraped.

        A figure over the window proves nothing of the kind: `increase` bridges holes, and answers over two days that
        are left of thirty.
        """
        recent = min(RECENT, window)
        older = self._empty(self._at - recent, window - recent, SLOT)
        return slots.merged((*older, *self._empty(self._at, recent, FINE)))

    def _empty(self, end: datetime, length: timedelta, slot: timedelta) -> tuple[Gap, ...]:
        return slots.empty_slots(
            self._prometheus, self._requests(), end=end, length=length, slot=slot, deadline=self._deadline
        )

    def counted(self, length: timedelta, maintenance: Sequence[Span]) -> Counted:
        """Return the requests of a window, less those of the maintenance in it.

        Raises:
            Unobserved: More was counted in maintenance than in all of the window.
        """
        begin = self._at - length
        total, errors = self._count(self._at, length)
        whole = total, errors
        taken = timedelta()
        for start, end in ((max(start, begin), min(end, self._at)) for start, end in maintenance):
            if end - start < timedelta(seconds=1):
                continue
            part = self._count(end, end - start)
            total, errors, taken = total - part[0], errors - part[1], taken + (end - start)
        for left, of in zip((total, errors), whole, strict=True):
            if left < -max(1.0, of * _ROUNDING):
                msg = (
                    f"{self._service}: more requests in maintenance than in the window that holds it; do clocks agree?"
                )
                raise Unobserved(msg)
        # What is left of a window that is wholly maintained is extrapolation.
        if length - taken < timedelta(seconds=1):
            return Counted(length, length, 0.0, 0.0)
        total = max(0.0, total)
        return Counted(length, taken, total, min(max(0.0, errors), total))

    def _requests(self, more: str = "") -> str:
        return f'http_requests_total{{service="{self._service}",route!~"{NOT_BUSINESS}"{more}}}'

    def _count(self, end: datetime, length: timedelta) -> Requests:
        seconds = slots.seconds(length)
        if (end, seconds) not in self._read:
            self._read[end, seconds] = self._ask(end, seconds)
        return self._read[end, seconds]

    def _ask(self, end: datetime, seconds: int) -> Requests:
        failed = self._requests(',status=~"5.+"')
        # A counter that is born at 300 errors has grown by none as far as `increase` can see, nor has one that was
        # scraped once before its process died. So the first value of a series that was not there in the hour before the
        # window counts as well: of errors only, for a series that is merely renamed must not make an outage look small.
        grown = f"sum by (status) (increase({self._requests()}[{seconds}s]))"
        born = (
            f"sum by (status) (min_over_time({failed}[{seconds}s])"
            f" unless count_over_time({failed}[1h] offset {seconds}s))"
        )
        expression = f'label_replace({grown}, "part", "grown", "", "") or label_replace({born}, "part", "born", "", "")'
        total = errors = 0.0
        for sample in self._prometheus.vector(expression, at=end, deadline=self._deadline).samples:
            status = sample.labels.get("status", "")
            if not _STATUS.fullmatch(status):
                msg = f"{self._service}: requests are counted under status {status!r}, which is no HTTP status"
                raise BadAnswer(msg)
            total += sample.value
            errors += sample.value if status.startswith("5") else 0.0
        return total, errors


def spans(maintenance: Iterable[Maintenance], service: str) -> tuple[Span, ...]:
    """Return a service's maintenance windows, those that overlap as one: no request is to be taken out twice."""
    merged: list[Span] = []
    for start, end in sorted((m.start, m.end) for m in maintenance if m.service == service):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
