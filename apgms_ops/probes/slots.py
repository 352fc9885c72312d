"""Which parts of a window hold samples: a figure over a window says nothing of the kind."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.types import Limit, format_duration
from apgms_ops.observation import timestamp

if TYPE_CHECKING:
    from apgms_ops.clients.prometheus import PrometheusClient

FRESH: Final = timedelta(minutes=2)
"""The newest sample may be this old: several times any scrape interval in use."""
AWAY: Final = timedelta(minutes=10)
"""So much of a short window may hold no samples: a Prometheus that is started anew is away for no longer."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nothing was scraped, in whole slots."""

    start: datetime
    end: datetime


def empty_slots(  # noqa: PLR0913 — a window, and how finely it is looked at
    prometheus: "PrometheusClient",
    selector: str,
    *,
    end: datetime,
    length: timedelta,
    slot: timedelta,
    deadline: Deadline,
) -> tuple[Gap, ...]:
    """Return the slots of a window in which no series of a selector has a sample, the oldest first, merged.

    Raises:
        Unobserved: Prometheus could not be asked.
    """
    slots = math.ceil(length / slot)
    if not slots:
        return ()
    found = prometheus.matrix(
        f"sum(count_over_time({selector}[{seconds(slot)}s]))",
        start=end - (slots - 1) * slot,
        end=end,
        step=slot,
        deadline=deadline,
    )
    filled = {round((end - sample.at) / slot) for series in found.series for sample in series.samples if sample.value}
    return merged(
        Gap(end - (number + 1) * slot, end - number * slot) for number in reversed(range(slots)) if number not in filled
    )


def merged(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """Return gaps, those that touch as one."""
    found: list[Gap] = []
    for gap in gaps:
        found[-1:] = [Gap(found[-1].start, gap.end)] if found and found[-1].end == gap.start else [*found[-1:], gap]
    return tuple(found)


def newest(prometheus: "PrometheusClient", selector: str, *, at: datetime, deadline: Deadline) -> datetime | None:
    """Return when the newest sample of a selector was taken; None where there is none within five minutes.

    A scrape that failed ends a series at once, and the next one continues it: so the past is looked at as well.

    Raises:
        Unobserved: Prometheus could not be asked.
    """
    expression = f"max(timestamp({selector}) or max_over_time(timestamp({selector})[5m:5s]))"
    found = prometheus.vector(expression, at=at, deadline=deadline)
    return datetime.fromtimestamp(found.samples[0].value, at.tzinfo) if found.samples else None


def unseen(  # noqa: PLR0913 — a window, and what is known of it
    what: str,
    *,
    at: datetime,
    length: timedelta,
    gaps: Iterable[Gap],
    newest: datetime | None,
    minimum: Limit[Decimal],
) -> str | None:
    """Say what keeps a figure from being about the whole window up to the present; None where nothing does."""
    if newest is None:
        return f"{what}: no sample is newer than 5 minutes: nothing scrapes it now"
    if at - newest > FRESH:
        age, most = (at - newest).total_seconds(), FRESH.total_seconds()
        return f"{what}: the newest sample is {age:.0f} s old, more than {most:.0f} s: nothing scrapes it now"
    begin = at - length
    inside = [(max(gap.start, begin), gap.end) for gap in gaps if gap.end > begin]
    missing = sum((end - start for start, end in inside), timedelta())
    covered = 1 - missing / length
    if missing <= AWAY < length or covered >= float(minimum.value):
        return None
    start, end = max(inside, key=lambda gap: gap[1] - gap[0])
    return (
        f"{what}: samples cover {max(0.0, covered):.1%} of the last {format_duration(length)}, less than "
        f"{float(minimum.value):.0%} ({minimum.source}); the longest gap is from {timestamp(start)[:16]}Z to "
        f"{timestamp(end)[:16]}Z"
    )


def seconds(length: timedelta) -> int:
    """Return a length in whole seconds, at least one."""
    return max(1, round(length.total_seconds()))
