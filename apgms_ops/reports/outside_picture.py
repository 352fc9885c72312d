"""What fails from outside, beside what the service says of itself. Pure."""

import math
from typing import Final

from apgms_ops.environment.limits import Limits
from apgms_ops.environment.types import format_duration, format_ratio
from apgms_ops.errors import Unobserved
from apgms_ops.probes.outside_view import Compared, OutsideView, OutsideViews
from apgms_ops.reports import svg
from apgms_ops.reports.svg import Place

DRAWN: Final = 20
"""Services."""
_WIDTH, _LEFT, _BAR, _TEXT = 1100, 292, 350, 656
_WORDS: Final = 70
"""Characters that fit beside a bar."""
_RED, _NOT_KNOWN, _WELL = range(3)
_HEADROOM: Final = 3
"""How far the scale goes beyond what may fail, as a factor."""


def draw(views: OutsideViews, limits: Limits) -> str:
    """Return the drawing: what is red first, then what is not known."""
    services = sorted(views.services.values(), key=lambda view: (_rank(view, limits)[0], view.service))
    drawing = svg.Drawing(_WIDTH)
    drawing.words(20, 28, "As seen from outside", size=15, bold=True)
    y = 44.0
    for view in services[:DRAWN]:
        y = _service(drawing, view, limits, y)
    if not services:
        drawing.words(20, y + 16, "No outside view is declared: nobody looks.", fill=svg.UNKNOWN)
        y += 26
    if len(services) > DRAWN:
        red = sum(_rank(view, limits)[0] < _WELL for view in services[DRAWN:])
        text = f"{len(services) - DRAWN:,} more services are not drawn: {red:,} of them red or not known."
        drawing.words(20, y + 16, text, fill=svg.FAINT, bold=True)
        y += 26
    return drawing.render(y + 8, "Share of what fails, seen from outside and by the service itself")


def _service(drawing: svg.Drawing, view: OutsideView, limits: Limits, y: float) -> float:
    drawing.words(20, y + 16, svg.shortened(view.service, 40), size=14, bold=True, tip=view.service)
    probed = f"{view.target} (job {view.job}), until {view.at:%Y-%m-%d %H:%M:%S} UTC"
    drawing.words(_LEFT, y + 16, svg.shortened(probed, 110), fill=svg.FAINT, tip=probed)
    rank, why = _rank(view, limits)
    if why:
        colour = svg.BAD_DARK if rank == _RED else svg.UNKNOWN
        drawing.words(_LEFT, y + 34, svg.cut(why, 120), fill=colour, size=11, bold=True, tip=why)
        y += 18
    y += 30
    for compared in view.windows:
        _compared(drawing, compared, limits, y)
        y += 56
    return y + 8


def _compared(drawing: svg.Drawing, compared: Compared, limits: Limits, y: float) -> None:
    inside = max(compared.business_failing, compared.ready_failing)
    most = inside + float(limits.outside_disagreement.value)
    outside = compared.failing if compared.failing is not None and math.isfinite(compared.failing) else None
    scale = _BAR / max(most * _HEADROOM, outside or 0.0, 1e-9)
    drawing.words(20, y + 14, f"Failing within {format_duration(compared.length)}")
    drawing.box(Place(_LEFT, y, _BAR, 32), svg.TRACK)
    if outside is None:
        drawing.unknown(Place(_LEFT, y + 2, _BAR, 13), tip="nothing was probed")
        drawing.words(_TEXT, y + 12, "outside: not known", fill=svg.UNKNOWN, bold=True)
    else:
        red = compared.beyond(limits.outside_disagreement.value)
        if outside > 0:
            drawing.bar(Place(_LEFT, y + 2, outside * scale, 13), svg.BAD if red else svg.GOOD)
        said = f"outside: {outside:.2%} of {compared.probes:,.0f} probes"
        drawing.words(_TEXT, y + 12, said, fill=svg.BAD_DARK if red else svg.INK, bold=red)
    if inside > 0:
        drawing.bar(Place(_LEFT, y + 17, inside * scale, 13), svg.GOOD_DARK)
    said = f"inside: {compared.business_failing:.2%} of its requests, {compared.ready_failing:.2%} of its readiness"
    drawing.words(_TEXT, y + 27, svg.cut(said, _WORDS))
    x = _LEFT + most * scale
    drawing.line(x, y - 3, y + 35)
    source = limits.outside_disagreement.source
    text = f"{format_ratio(limits.outside_disagreement.value)} beyond what is seen inside"
    drawing.words(x + 4, y + 45, text, size=10, tip=source)


def _rank(view: OutsideView, limits: Limits) -> tuple[int, str]:
    """Return how it stands, as the check decides it, and why."""
    try:
        found = view.disagrees(limits.outside_disagreement, limits.window_coverage)
    except Unobserved as error:
        return _NOT_KNOWN, str(error)
    return (_RED, "; ".join(found)) if found else (_WELL, "")
