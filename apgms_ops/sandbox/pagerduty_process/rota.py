"""Who a schedule puts on call, when: rotations that hand over by the clock of their time zone. Pure.

A turn of whole days is counted on the calendar, not in hours: the hand-over stays at nine when the clocks change.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime, str]
"""First moment, first moment after it, user."""
_DAY = timedelta(days=1)


def spans(schedule: Mapping[str, Any], since: datetime, until: datetime) -> list[Span]:
    """Return the turns that touch a time, whole, in their order; where layers overlap, the later layer is on call.

    Args:
        schedule: A record.
        since: First moment.
        until: First moment after it.
    """
    zone = ZoneInfo(schedule["time_zone"])
    found: list[Span] = []
    for layer in schedule["layers"]:
        for span in _layer(layer, zone, since, until):
            found = [part for other in found for part in _without(other, span)]
            found.append(span)
    return sorted(found)


def covered(found: list[Span], since: datetime, until: datetime) -> float:
    """Return the percentage of a time that is covered."""
    seconds = sum(max(0.0, (min(end, until) - max(start, since)).total_seconds()) for start, end, _ in found)
    return round(100 * seconds / (until - since).total_seconds(), 2)


def _layer(layer: Mapping[str, Any], zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[Span]:
    begin = datetime.fromisoformat(layer["start"])
    end = None if layer["end"] is None else datetime.fromisoformat(layer["end"]).astimezone(UTC)
    turn = timedelta(seconds=layer["turn"])
    naive = since.astimezone(zone).replace(tzinfo=None)
    # Two turns early: what the clocks do moves a hand-over by an hour at most.
    number = max(0, (naive - begin) // turn - 2)
    while (start := _at(begin + number * turn, zone)) < until:
        stop = _at(begin + (number + 1) * turn, zone)
        user = layer["users"][number % len(layer["users"])]
        number += 1
        if end is not None:
            stop = min(stop, end)
        for first, last in _restricted(layer["restrictions"], zone, start, stop):
            if first < last and last > since and first < until:
                yield first, last, user


def _restricted(
    restrictions: list[Mapping[str, Any]], zone: ZoneInfo, start: datetime, stop: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield what the daily restrictions leave of a turn; without any, all of it."""
    if not restrictions:
        yield start, stop
    for restriction in restrictions:
        day = datetime.combine(start.astimezone(zone).date(), datetime.min.time()) - _DAY
        hour, minute, second = (int(part) for part in restriction["start_time_of_day"].split(":"))
        while _at(day, zone) < stop:
            first = day + timedelta(hours=hour, minutes=minute, seconds=second)
            last = first + timedelta(seconds=restriction["duration_seconds"])
            yield max(start, _at(first, zone)), min(stop, _at(last, zone))
            day += _DAY


def _without(span: Span, other: Span) -> Iterator[Span]:
    start, end, user = span
    if other[0] >= end or other[1] <= start:
        yield span
        return
    if start < other[0]:
        yield start, other[0], user
    if other[1] < end:
        yield other[1], end, user


def _at(naive: datetime, zone: ZoneInfo) -> datetime:
    return naive.replace(tzinfo=zone).astimezone(UTC)
