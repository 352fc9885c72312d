"""A latency histogram over a window: how many were faster than an edge, and whether it can be believed."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from apgms_ops.environment.types import Limit, format_duration, format_ratio
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.slots import Gap, unseen

_SAME: Final = 1e-9
_EXTRAPOLATION: Final = 0.01
"""Share by which parts may exceed their whole: `increase` extrapolates to the edges of its window."""
RECENT: Final = timedelta(minutes=5)
"""What happens now: a timer that broke this morning is hidden by the day before it."""
_NOW: Final = f"within the last {format_duration(RECENT)}"
_MILLISECONDS: Final = 10.0
"""A mean of so many times the largest edge, with most of the observations above it, is no duration in seconds."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Observations within the window that took no longer than an edge."""

    edge: float | None
    """Seconds; None is +Inf."""
    count: float


@dataclass(frozen=True, slots=True)
class Instance:
    """One exporter of the histogram."""

    name: str
    edges: tuple[float, ...]
    """Finite edges that every one of its series has now, in seconds; none where it exports nothing now."""
    count: float
    """Observations within the window."""
    sum: float
    """Seconds that they took together."""
    recent_count: float
    """Observations within the last minutes."""
    recent_sum: float
    """Seconds that those took together."""
    last: float
    """Observations above the largest finite edge."""
    above: int
    """Series with a bucket that holds more than +Inf."""
    uncounted: int
    """Series whose +Inf is not their count."""


@dataclass(frozen=True, slots=True)
class Point:
    """A part of the window, by the time of its end."""

    at: datetime
    within: float
    """Observations that took no longer than the limit."""
    total: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """What was observed of one kind of work over a window, all instances together."""

    what: str
    """In words: "requests of api-gateway"."""
    quantile: Decimal
    """Share that must be faster than the limit."""
    limit: timedelta
    window: timedelta
    source: str
    """Where the promise comes from."""
    at: datetime
    """The time, by the server's clock, at which the window ends."""
    newest: datetime | None
    gaps: tuple[Gap, ...]
    buckets: tuple[Bucket, ...]
    instances: tuple[Instance, ...]
    unobserved: float
    """Pieces of work that were counted and never timed; each counts as slower than the limit."""
    course: tuple[Point, ...]

    def slower(self, coverage: Limit[Decimal]) -> Findings:
        """Say whether a smaller share than promised was faster than the limit, counted at the bucket's edge.

        Raises:
            Unobserved: Nothing was observed, the window is not covered, the limit is no edge of every instance's, or
                the histogram is broken.
        """
        why = unseen(self.what, at=self.at, length=self.window, gaps=self.gaps, newest=self.newest, minimum=coverage)
        broken = [*([why] if why else []), *self._without_edge(), *self._unsound()]
        if broken:
            raise Unobserved("; ".join(broken))
        within, total = self.share()
        share = within / total
        if share >= float(self.quantile):
            return Findings()
        untimed = f", {self.unobserved:.0f} of them were never timed and count as slower" if self.unobserved else ""
        return Findings(
            (
                (
                    f"{share:.2%} of {total:.0f} {self.what} within {format_duration(self.window)} took at most "
                    f"{format_duration(self.limit)}{untimed}; promised are {format_ratio(self.quantile)} "
                    f"({self.source})"
                ),
            )
        )

    def unsound(self) -> Findings:
        """Say what no histogram of durations can be.

        Raises:
            Unobserved: Nobody exports it, or nothing was observed with it: no finding then says nothing.
        """
        if not self.instances:
            msg = f"{self.what}: nobody exports how long they take"
            raise Unobserved(msg)
        found = self._unsound()
        if not found and not any(one.count > 0 for one in self.instances):
            msg = f"{self.what}: none was timed within {format_duration(self.window)}"
            raise Unobserved(msg)
        return Findings(found)

    def share(self) -> tuple[float, float]:
        """Return how many took no longer than the limit, and how many there were.

        Raises:
            Unobserved: There were none; or the limit is no edge.
        """
        limit = self.limit.total_seconds()
        within = [b.count for b in self.buckets if b.edge is not None and abs(b.edge - limit) < _SAME]
        total = sum(b.count for b in self.buckets if b.edge is None) + self.unobserved
        if not within:
            msg = f"{self.what}: no bucket ends at {format_duration(self.limit)}"
            raise Unobserved(msg)
        if total <= 0:
            msg = f"{self.what}: none was observed within {format_duration(self.window)}"
            raise Unobserved(msg)
        return within[0], total

    def _without_edge(self) -> list[str]:
        limit = self.limit.total_seconds()
        return [
            f"{self.what}: {one.name} has no bucket that ends at {format_duration(self.limit)}, only at "
            f"{_edges(one.edges)}: nothing is interpolated"
            for one in self.instances
            if one.edges and not any(abs(edge - limit) < _SAME for edge in one.edges)
        ]

    def _unsound(self) -> list[str]:
        return [
            *(f"{self.what} at {one.name}: {why}" for one in self.instances for why in _why(one)),
            *self._decreasing(),
        ]

    def _decreasing(self) -> list[str]:
        ordered = sorted(self.buckets, key=lambda b: float("inf") if b.edge is None else b.edge)
        return [
            f"{self.what}: fewer took at most {_edge(wide.edge)} than at most {_edge(narrow.edge)}"
            for narrow, wide in pairwise(ordered)
            if not narrow.count <= wide.count * (1 + _EXTRAPOLATION) + 1
        ]


def _why(one: Instance) -> Iterator[str]:
    """Say what is wrong with an instance's histogram; the same broken timer is named once."""
    if one.above:
        yield f"{one.above} series with a bucket that holds more than +Inf"
    if one.uncounted:
        yield f"{one.uncounted} series whose +Inf is not their count"
    if not all(math.isfinite(value) for value in (one.count, one.sum, one.recent_count, one.recent_sum, one.last)):
        yield f"{one.count:g} observations with a sum of {one.sum:g} s: these are no numbers"
        return
    for count, total, when in ((one.count, one.sum, ""), (one.recent_count, one.recent_sum, f" {_NOW}")):
        if count > 0 and total <= 0:
            yield f"{count:.0f} took {total:g} s together{when}: the timer is broken"
            return
    largest = max(one.edges, default=0.0)
    if not largest or one.count <= 0:
        return
    mean = one.sum / one.count
    if one.last > one.count / 2 and mean > largest * _MILLISECONDS:
        yield f"they took {mean:.0f} s on average: these are no seconds, but milliseconds perhaps"
    elif one.last < 1 and mean > largest * (1 + _EXTRAPOLATION):
        yield f"they took {mean:.0f} s on average, each at most {largest:g} s: sum and buckets differ in unit"


def _edge(edge: float | None) -> str:
    return "any time" if edge is None else f"{edge:g} s"


def _edges(edges: Iterable[float]) -> str:
    return ", ".join(f"{edge:g}" for edge in edges) + " s"
