"""The days of an environment: what its runs came to, and on which days none happened that should have. Pure."""

from calendar import Calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final

from apgms_ops.reports.front.marks import MISSING, Mark, mark_of, worst_mark
from apgms_ops.reports.front.reading import Estate, Line

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """A day in UTC."""

    on: date
    mark: Mark | None
    """None: no run, and none was due."""
    lines: tuple[Line, ...]
    late: timedelta
    """How much of it lay behind a run that was due."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month, in weeks from Monday; None stands for a day of another month."""

    first: date
    weeks: tuple[tuple[Day | None, ...], ...]


def missed(estate: Estate, now: datetime) -> list[tuple[datetime, datetime, int]]:
    """Return when runs of the daily checks were due and did not happen: from, until, and how many; the oldest first.

    A run that is late by less than half an interval is late, and not missed. One that lies in the future counts for
    nothing: a clock was wrong.
    """
    every = estate.every
    if every is None:
        return []
    times = [line.at for line in estate.lines if line.daily and line.at is not None and line.at <= now]
    found = ((last + every, then, round((then - last) / every) - 1) for last, then in pairwise([*times, now]))
    return [(begin, end, count) for begin, end, count in found if count > 0]


def due(estate: Estate) -> datetime | None:
    """Return when the next run of the daily checks is due; None where nobody says how often, or there was none."""
    last = max((line.at for line in estate.lines if line.daily and line.at is not None), default=None)
    return None if estate.every is None or last is None else last + estate.every


def months(estate: Estate, now: datetime) -> Iterator[Month]:
    """Yield the months from the first run's to this one or the last run's, the newest first."""
    days: dict[date, list[Line]] = {}
    for line in estate.lines:
        if line.at is not None:
            days.setdefault(line.at.date(), []).append(line)
    if not days:
        return
    late = _late(missed(estate, now))
    every = estate.every or _DAY
    first, last = min(days).replace(day=1), max(now.date(), *days)
    month = last.replace(day=1)
    while month >= first:
        weeks = Calendar().monthdatescalendar(month.year, month.month)
        inside = ((_day(on, days, late, every) if on.month == month.month else None for on in week) for week in weeks)
        yield Month(month, tuple(tuple(week) for week in inside))
        if month == date.min:
            return
        month = (month - _DAY).replace(day=1)


def _day(on: date, days: dict[date, list[Line]], late: dict[date, timedelta], every: timedelta) -> Day:
    lines = tuple(days.get(on, ()))
    behind = late.get(on, timedelta())
    marks = [mark_of(line) for line in lines if not line.replay]  # a trial of other limits is no failure of that day
    if behind and (behind >= every or not any(line.daily for line in lines)):
        marks.append(MISSING)
    return Day(on, worst_mark(marks), lines, behind)


def _late(times: list[tuple[datetime, datetime, int]]) -> dict[date, timedelta]:
    found: dict[date, timedelta] = {}
    for begin, end, _ in times:
        at = begin
        while at < end:
            midnight = datetime.combine(at.date() + _DAY, time(), UTC)
            found[at.date()] = found.get(at.date(), timedelta()) + min(end, midnight) - at
            at = midnight
    return found
