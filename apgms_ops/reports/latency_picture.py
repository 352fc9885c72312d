"""How much of the work was slower than its limit, part by part of the window, beside what may be. Pure."""

import math
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Final, Protocol

from apgms_ops.environment.limits import Limits
from apgms_ops.environment.types import format_duration, format_ratio
from apgms_ops.errors import Unobserved
from apgms_ops.probes.histogram_facts import Histogram, Point
from apgms_ops.reports import svg
from apgms_ops.reports.svg import Place

DRAWN: Final = 20
"""Services."""
_WIDTH, _LEFT, _PLOT, _TEXT, _HIGH = 1100, 292, 350, 656, 90
_WORDS: Final = 70
"""Characters that fit beside a plot."""
_RED, _NOT_KNOWN, _WELL = range(3)
_HEADROOM: Final = 1.6
"""How far the scale goes beyond what is allowed, as a factor."""


class _Histograms(Protocol):
    @property
    def services(self) -> Mapping[str, Histogram]: ...


def draw(histograms: _Histograms, limits: Limits) -> str:
    """Return the drawing: what is red first, then what is not known."""
    services = sorted(histograms.services.items(), key=lambda item: (_rank(item[1], limits)[0], item[0]))
    drawing = svg.Drawing(_WIDTH)
    drawing.words(20, 28, "Slower than the limit", size=15, bold=True)
    y = 44.0
    for name, histogram in services[:DRAWN]:
        y = _service(drawing, name, histogram, limits, y)
    if not services:
        drawing.words(20, y + 16, "No service promises a latency: nothing was timed.", fill=svg.FAINT)
        y += 26
    if len(services) > DRAWN:
        red = sum(_rank(histogram, limits)[0] < _WELL for _, histogram in services[DRAWN:])
        text = f"{len(services) - DRAWN:,} more services are not drawn: {red:,} of them red or not known."
        drawing.words(20, y + 16, text, fill=svg.FAINT, bold=True)
        y += 26
    return drawing.render(y + 8, "Share of the work that was slower than its limit, over the window")


def _service(drawing: svg.Drawing, name: str, histogram: Histogram, limits: Limits, y: float) -> float:
    drawing.words(20, y + 16, svg.shortened(name, 40), size=14, bold=True, tip=name)
    promise = (
        f"{format_ratio(histogram.quantile)} within {format_duration(histogram.limit)}, over "
        f"{format_duration(histogram.window)} until {histogram.at:%Y-%m-%d %H:%M:%S} UTC"
    )
    drawing.words(_LEFT, y + 16, promise, fill=svg.FAINT, tip=histogram.source)
    _plot(drawing, histogram, y + 30)
    _verdict(drawing, histogram, limits, y + 30)
    return y + 30 + _HIGH + 34


def _verdict(drawing: svg.Drawing, histogram: Histogram, limits: Limits, y: float) -> None:
    rank, why = _rank(histogram, limits)
    seen = _seen(histogram)
    if rank == _NOT_KNOWN:
        drawing.words(_TEXT, y + 14, f"not known{f' ({seen})' if seen else ''}", fill=svg.UNKNOWN, bold=True)
        drawing.words(
            _TEXT, y + 30, svg.cut(why.replace(f"{histogram.what}: ", ""), _WORDS), fill=svg.UNKNOWN, size=11, tip=why
        )
        return
    red = rank == _RED
    drawing.words(_TEXT, y + 14, seen, fill=svg.BAD_DARK if red else svg.INK, bold=True)
    if histogram.unobserved:
        text = f"{histogram.unobserved:,.0f} were counted and never timed: slower"
        drawing.words(_TEXT, y + 30, text, fill=svg.BAD_DARK, size=11)


def _plot(drawing: svg.Drawing, histogram: Histogram, y: float) -> None:
    drawing.box(Place(_LEFT, y, _PLOT, _HIGH), svg.TRACK)
    allowed = float(1 - histogram.quantile)
    begin = histogram.at - histogram.window
    width = _PLOT * _step(histogram) / histogram.window
    known = {point.at: share for point in histogram.course if (share := _slow(point)) is not None}
    scale = _HIGH / max([allowed * _HEADROOM, *known.values()], default=1.0) if allowed or known else _HIGH
    # What no point covers was not scraped, or held no work at all: it is hatched, never a column of height zero.
    covered = begin
    for point in sorted(histogram.course, key=lambda point: point.at):
        x = _LEFT + _PLOT * ((point.at - begin) / histogram.window) - width
        share = known.get(point.at)
        if point.at - _step(histogram) - covered > timedelta(seconds=1):
            _hatch(drawing, histogram, covered - begin, point.at - _step(histogram) - covered, y)
        covered = point.at
        if share is None:
            drawing.unknown(Place(x, y, width, _HIGH), tip=f"{_when(point)}: nothing was timed")
            continue
        tip = f"{_when(point)}: {share:.2%} of {point.total:,.0f} slower"
        drawing.box(Place(x, y, width, _HIGH), svg.TRACK, tip=tip)
        if share > 0:
            high = max(1.0, share * scale)
            drawing.box(Place(x + 0.5, y + _HIGH - high, width - 1, high), _colour(share, allowed), tip=tip)
    if histogram.at - covered > timedelta(seconds=1):
        _hatch(drawing, histogram, covered - begin, histogram.at - covered, y)
    line = y + _HIGH - allowed * scale
    drawing.box(Place(_LEFT - 6, line - 0.75, _PLOT + 12, 1.5), svg.LIMIT, tip=histogram.source)
    drawing.words(
        _LEFT - 10,
        line + 4,
        f"{format_ratio(1 - histogram.quantile)} may be slower",
        size=11,
        anchor="end",
        tip=histogram.source,
    )
    drawing.words(_LEFT - 10, y + _HIGH, "0", size=10, fill=svg.FAINT, anchor="end")
    drawing.words(_LEFT, y + _HIGH + 14, f"{begin:%m-%d %H:%M}", size=10, fill=svg.FAINT)
    drawing.words(_LEFT + _PLOT, y + _HIGH + 14, f"{histogram.at:%m-%d %H:%M}", size=10, fill=svg.FAINT, anchor="end")


def _hatch(drawing: svg.Drawing, histogram: Histogram, offset: timedelta, length: timedelta, y: float) -> None:
    place = Place(_LEFT + _PLOT * (offset / histogram.window), y, _PLOT * (length / histogram.window), _HIGH)
    drawing.unknown(place, tip="nothing is known of this time")


def _colour(share: float, allowed: float) -> str:
    return svg.BAD if share > allowed else svg.GOOD


def _when(point: Point) -> str:
    return f"until {point.at:%m-%d %H:%M}"


def _step(histogram: Histogram) -> timedelta:
    """Return how long a part is: the least time between two of them."""
    times = sorted(point.at for point in histogram.course)
    return min((b - a for a, b in pairwise(times)), default=histogram.window)


def _slow(point: Point) -> float | None:
    """Return the share that was slower than the limit; None, never 0, where nothing was timed."""
    if not (math.isfinite(point.total) and math.isfinite(point.within)) or point.total <= 0:
        return None
    return min(1.0, max(0.0, 1 - point.within / point.total))


def _seen(histogram: Histogram) -> str:
    try:
        within, total = histogram.share()
    except Unobserved:
        return ""
    if not math.isfinite(within / total):
        return ""
    return f"{within / total:.2%} of {total:,.0f} within {format_duration(histogram.limit)}"


def _rank(histogram: Histogram, limits: Limits) -> tuple[int, str]:
    """Return how it stands, as the check decides it, and why."""
    try:
        found = histogram.slower(limits.window_coverage)
    except Unobserved as error:
        return _NOT_KNOWN, str(error)
    return (_RED, "; ".join(found)) if found else (_WELL, "")
