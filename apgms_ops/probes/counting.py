"""How far counters grew within a window, in whole numbers, by their samples as they were scraped. Pure.

`increase` extrapolates to fractions, and does not see what a counter stood at when it was born; a test of counts needs
counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from apgms_ops.errors import BadAnswer

_WHOLE: Final = 1e-6
_ANOTHER: Final = 0.5
"""Seconds by which the start of another process differs at least; that of one process is told with less of a jitter."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of a counter."""

    at: datetime
    value: float


Labels = frozenset[tuple[str, str]]
Family = Mapping[Labels, Sequence[Sample]]
"""One metric: labels → samples, at least one, in the order of time."""


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of counters that one process counts at once: how many requests, and how many of them in time."""

    anew: tuple[datetime, ...]
    """The scrapes at which it was another process than at the one before: each of them began at zero."""
    until: datetime
    """The last scrape that each of them was read from."""


def courses(families: Sequence[Family], starts: Family) -> dict[Labels, Course]:
    """Return what is known of counters of the same labels by all of them together.

    One counter cannot tell: a bucket that is past its old mark at the first scrape after a restart looks as if it had
    grown, while the count of it fell, so that more would be in time than there were. So what falls tells of the others,
    and the start that a process tells of itself tells of all that it counts. A scrape that came in after one metric was
    read and before the other is left out.

    Args:
        families: Metrics that are counted at once; of a histogram, its count and its buckets at one edge.
        starts: When the process began, in seconds since 1970, as it says itself; its labels are among all counters'.
    """
    found: dict[Labels, Course] = {}
    for labels in {one for family in families for one in family}:
        own = [family[labels] for family in families if labels in family]
        anew = {later.at for series in own for earlier, later in pairwise(series) if later.value < earlier.value}
        for series in (series for of, series in starts.items() if of <= labels):
            anew |= {later.at for earlier, later in pairwise(series) if abs(later.value - earlier.value) > _ANOTHER}
        found[labels] = Course(tuple(sorted(anew)), min(series[-1].at for series in own))
    return found


def grown(  # noqa: PLR0913 — a counter, its window, and its process
    samples: Sequence[Sample],
    start: datetime,
    end: datetime,
    *,
    new: bool = False,
    anew: Sequence[datetime] = (),
    until: datetime | None = None,
) -> int:
    """Return by how much a counter grew between the last sample up to the start and the first from the end on.

    A counter that falls was begun anew at zero, and so was one whose process is another. Where there is no sample from
    the end on, the last one before it is the end. One that was not there at the start counts from its first sample
    within the window: what it stood at by then may have come about before, unless its process is new.

    Args:
        samples: In the order of time; those around the window as well.
        start: Of the window.
        end: Of the window.
        new: Whether the process that counts began within the window, and so the counter at zero.
        anew: The scrapes at which it was another process than at the one before.
        until: The last scrape that is looked at; None for the last that there is.

    Raises:
        BadAnswer: It counts in fractions.
    """
    looked = [one for one in samples if until is None or one.at <= until]
    before = [one for one in looked if one.at <= start]
    inside = [one for one in looked if start < one.at < end]
    after = [one for one in looked if one.at >= end and one.at > start]
    if not before and not inside:
        return 0
    counted = [*before[-1:], *inside, *after[:1]]
    born = not before and (new or any(start < at <= counted[0].at for at in anew))
    total = counted[0].value if born else 0.0
    for earlier, later in pairwise(counted):
        fell = later.value < earlier.value or any(earlier.at < at <= later.at for at in anew)
        total += later.value if fell else later.value - earlier.value
    if abs(total - round(total)) > _WHOLE * max(1.0, total):
        msg = f"a counter of requests grew by {total!r} within {end - start}: it does not count whole requests"
        raise BadAnswer(msg)
    return round(total)


def longest_gap(times: Iterable[datetime], start: datetime, end: datetime) -> timedelta:
    """Return the longest time within a window in which there was no sample, with those around it at hand."""
    every = sorted(set(times))
    before = [at for at in every if at <= start]
    after = [at for at in every if at >= end]
    marks = [*(before[-1:] or [start]), *(at for at in every if start < at < end), *(after[:1] or [end])]
    return max((min(later, end) - max(earlier, start) for earlier, later in pairwise(marks)), default=end - start)
