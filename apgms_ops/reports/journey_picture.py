"""How long each step of the journey took, over the last walks, beside its limit. Pure."""

from typing import Final

from apgms_ops.environment.smoke import Smoke
from apgms_ops.environment.types import format_duration
from apgms_ops.probes.journey.facts import Journey
from apgms_ops.probes.journey.past import slowest
from apgms_ops.reports import svg
from apgms_ops.reports.svg import Place

_WIDTH, _LEFT, _COLUMN, _GAP, _HIGH, _ROW = 1100, 200, 26, 4, 30, 44
_TEXT: Final = 620
_HEADROOM: Final = 1.25
"""How far the scale goes beyond the limit, as a factor."""
_WORDS: Final = 90
"""Characters that fit below the last row."""


def draw(journey: Journey, rules: Smoke) -> str:
    """Return the drawing: a row a step, a column a walk, this walk the last."""
    now = slowest(journey.exchanges.values())
    steps = dict.fromkeys([*now, *(step for past in journey.past for step in past.steps)])
    drawing = svg.Drawing(_WIDTH)
    drawing.words(20, 28, "Slowest request of each step", size=15, bold=True)
    walks = f"the last {len(journey.past) + 1} walks, until" if journey.past else "one walk,"
    text = f"{walks} {journey.at:%Y-%m-%d %H:%M:%S} UTC; the line is the limit"
    drawing.words(20, 48, text, fill=svg.FAINT)
    y = 64.0
    for step in steps:
        limit = rules.limit_of(step)
        allowed = limit.value.total_seconds()
        drawing.words(20, y + 20, svg.shortened(step, 24), size=13, bold=True)
        for number, past in enumerate(journey.past):
            _column(drawing, number, past.steps.get(step), allowed, y, f"{past.run}, {past.at:%m-%d %H:%M}")
        _column(drawing, len(journey.past), now.get(step), allowed, y, "this walk")
        width = (len(journey.past) + 1) * _COLUMN
        drawing.box(Place(_LEFT - 6, y + _HIGH - _HIGH / _HEADROOM - 0.75, width + 8, 1.5), svg.LIMIT, tip=limit.source)
        _said(drawing, now.get(step), allowed, f"{format_duration(limit.value)} ({limit.source})", y)
        y += _ROW
    if journey.stopped is not None:
        text = f"The walk ended at {journey.stopped.step}: {journey.stopped.why}"
        drawing.words(20, y + 16, svg.cut(text, _WORDS), fill=svg.UNKNOWN, bold=True, tip=text)
        y += 26
    return drawing.render(y + 8, "How long each step of the customer journey took, over the last walks")


def _column(  # noqa: PLR0913, PLR0917 — where, how high, and whose
    drawing: svg.Drawing, number: int, took: float | None, allowed: float, y: float, whose: str
) -> None:
    x, width = _LEFT + number * _COLUMN, _COLUMN - _GAP
    if took is None:
        drawing.unknown(Place(x, y, width, _HIGH), tip=f"{whose}: not reached")
        return
    tip = f"{whose}: {took:.3f} s"
    drawing.box(Place(x, y, width, _HIGH), svg.TRACK, tip=tip)
    high = max(1.0, min(1.0, took / (allowed * _HEADROOM)) * _HIGH)
    drawing.box(Place(x, y + _HIGH - high, width, high), svg.BAD if took >= allowed else svg.GOOD, tip=tip)


def _said(drawing: svg.Drawing, took: float | None, allowed: float, limit: str, y: float) -> None:
    if took is None:
        drawing.words(_TEXT, y + 20, "not reached in this walk", fill=svg.UNKNOWN, bold=True)
        return
    red = took >= allowed
    drawing.words(_TEXT, y + 20, f"{took:.3f} s of {limit}", fill=svg.BAD_DARK if red else svg.INK, bold=red, tip=limit)
