"""The age of the oldest payment that is not reconciled, over its window, under its limit. Pure."""

from datetime import timedelta
from itertools import pairwise
from typing import Final

from apgms_ops.environment.limits import Limits
from apgms_ops.environment.types import format_duration
from apgms_ops.probes.reconciliation_facts import ReconciliationGauge
from apgms_ops.reports import svg
from apgms_ops.reports.svg import Place

_WIDTH, _LEFT, _PLOT, _HIGH = 1100, 292, 780, 90
_WORDS: Final = 120
_HEADROOM: Final = 1.25
"""How far the scale goes beyond the limit, as a factor."""


def draw(gauge: ReconciliationGauge, _limits: Limits) -> str:
    """Return the drawing: a column a part of the window, hatched where nothing was told, and the limit."""
    drawing = svg.Drawing(_WIDTH)
    drawing.words(20, 28, "Oldest unreconciled payment", size=15, bold=True)
    promise = f"younger than {format_duration(gauge.limit)}; {format_duration(gauge.window)} until"
    drawing.words(_LEFT, 28, f"{promise} {gauge.at:%Y-%m-%d %H:%M:%S} UTC", fill=svg.FAINT, tip=gauge.source)
    y = 44.0
    _plot(drawing, gauge, y)
    y += _HIGH + 32
    now = f"{gauge.recent[-1].seconds:,.1f} s now" if gauge.recent else "not told now"
    table = "" if gauge.in_table is None else f"; by the table {gauge.in_table:,.1f} s"
    drawing.words(_LEFT, y, f"{now}{table}", bold=True)
    for sentence in gauge.untrue()[:2]:
        y += 18
        drawing.words(_LEFT, y, svg.cut(sentence, _WORDS), fill=svg.BAD_DARK, bold=True, tip=sentence)
    return drawing.render(y + 16, "Age of the oldest payment that is not reconciled, over the window, with its limit")


def _plot(drawing: svg.Drawing, gauge: ReconciliationGauge, y: float) -> None:
    limit = gauge.limit.total_seconds()
    begin = gauge.at - gauge.window
    points = sorted(gauge.course, key=lambda told: told.at)
    drawing.unknown(Place(_LEFT, y, _PLOT, _HIGH), tip="nothing is known of this time")
    step = min((b.at - a.at for a, b in pairwise(points)), default=timedelta())
    width = _PLOT * (step / gauge.window)
    scale = _HIGH / max(limit * _HEADROOM, *(told.seconds for told in points), 1.0)
    for told in points:
        x = max(float(_LEFT), _LEFT + _PLOT * ((told.at - begin) / gauge.window) - width)
        tip = f"until {told.at:%m-%d %H:%M}: {told.seconds:,.1f} s"
        drawing.box(Place(x, y, width, _HIGH), svg.TRACK, tip=tip)
        if told.seconds > 0:
            high = max(1.0, told.seconds * scale)
            colour = svg.BAD if told.seconds >= limit else svg.GOOD
            drawing.box(Place(x, y + _HIGH - high, max(0.5, width - 0.5), high), colour, tip=tip)
    line = y + _HIGH - limit * scale
    drawing.box(Place(_LEFT - 6, line - 0.75, _PLOT + 12, 1.5), svg.LIMIT, tip=gauge.source)
    drawing.words(
        _LEFT - 10, line + 4, f"limit {format_duration(gauge.limit)}", size=11, anchor="end", tip=gauge.source
    )
    drawing.words(_LEFT - 10, y + _HIGH, "0", size=10, fill=svg.FAINT, anchor="end")
    drawing.words(_LEFT, y + _HIGH + 14, f"{begin:%m-%d %H:%M}", size=10, fill=svg.FAINT)
    drawing.words(_LEFT + _PLOT, y + _HIGH + 14, f"{gauge.at:%m-%d %H:%M}", size=10, fill=svg.FAINT, anchor="end")
