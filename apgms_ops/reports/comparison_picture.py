"""Requests before a rollout and after it: what fails and what is slow, beside what may be. Pure."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from apgms_ops.environment.deployment import DeploymentRules
from apgms_ops.environment.types import Limit, format_duration, format_ratio
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.comparison_facts import ReleaseComparison, Requests, ServiceComparison
from apgms_ops.reports import svg
from apgms_ops.reports.svg import Place

DRAWN: Final = 20
"""Services."""
_WIDTH, _LEFT, _BAR, _TEXT = 1100, 292, 350, 656
_WORDS: Final = 120
_HEADROOM: Final = 3
"""How far the scale goes beyond what is allowed, as a factor."""
_RED, _NOT_KNOWN, _WELL = range(3)


def draw(comparison: ReleaseComparison, rules: DeploymentRules) -> str:
    """Return the drawing: what is red first, then what is not known."""
    services = sorted(comparison.services.values(), key=lambda one: (_worst(one, rules), one.service))
    drawing = svg.Drawing(_WIDTH)
    drawing.words(20, 28, "Before the rollout and after it", size=15, bold=True)
    y = 44.0
    for one in services[:DRAWN]:
        y = _service(drawing, one, rules, y)
    if not services:
        drawing.words(
            20, y + 16, "No service promises availability or a latency: nothing was compared.", fill=svg.FAINT
        )
        y += 26
    if len(services) > DRAWN:
        red = sum(_worst(one, rules) < _WELL for one in services[DRAWN:])
        text = f"{len(services) - DRAWN:,} more services are not drawn: {red:,} of them red or not known."
        drawing.words(20, y + 16, text, fill=svg.FAINT, bold=True)
        y += 26
    return drawing.render(y + 8, "Share of the requests that failed, and that were slow, before and after the rollout")


def _service(drawing: svg.Drawing, one: ServiceComparison, rules: DeploymentRules, y: float) -> float:
    drawing.words(20, y + 16, svg.shortened(one.service, 40), size=14, bold=True, tip=one.service)
    compared = rules.comparison
    windows = (
        f"{format_duration(compared.before.value)} before the rollout, {format_duration(compared.after.value)} after it"
    )
    if one.completed_at is not None:
        windows += f", which was complete at {one.completed_at:%Y-%m-%d %H:%M:%S} UTC"
    drawing.words(_LEFT, y + 16, windows, fill=svg.FAINT)
    y += 30
    y = _compared(drawing, one, "failed", lambda: one.failing_more(compared), compared.error_margin, y)
    if one.limit is not None:
        what = f"took longer than {format_duration(one.limit)}"
        y = _compared(drawing, one, what, lambda: one.slower(compared), compared.slow_margin, y)
    return y + 8


def _compared(  # noqa: PLR0913, PLR0917 — what is drawn, how it is judged, and where
    drawing: svg.Drawing,
    one: ServiceComparison,
    what: str,
    judge: Callable[[], Findings],
    margin: Limit[Decimal],
    y: float,
) -> float:
    rank, why = _rank(judge)
    drawing.words(20, y + 14, what)
    drawing.box(Place(_LEFT, y, _BAR, 32), svg.TRACK)
    shares = [_share(window, slow=what != "failed") for window in (one.before, one.after)]
    known = [share for share in shares if share is not None]
    before = shares[0][0] / shares[0][1] if shares[0] else 0.0
    most = before + float(margin.value)
    scale = _BAR / max([most * _HEADROOM, *(hits / of for hits, of in known), 1e-9])
    for name, share, offset, colour in zip(
        ("before", "after"),
        shares,
        (2, 17),
        (svg.GOOD_DARK, svg.BAD if rank == _RED else svg.GOOD),
        strict=True,
    ):
        if share is None:
            drawing.unknown(Place(_LEFT, y + offset, _BAR, 13), tip="not known")
            drawing.words(_TEXT, y + offset + 10, f"{name}: not known", fill=svg.UNKNOWN, bold=True)
            continue
        hits, of = share
        if hits:
            drawing.bar(Place(_LEFT, y + offset, hits / of * scale, 13), colour)
        red = name == "after" and rank == _RED
        said = f"{name}: {hits / of:.2%} of {of:,} requests"
        drawing.words(_TEXT, y + offset + 10, said, fill=svg.BAD_DARK if red else svg.INK, bold=red)
    if shares[0] is not None:
        x = _LEFT + most * scale
        drawing.line(x, y - 3, y + 35)
        drawing.words(x + 4, y + 45, f"{format_ratio(margin.value)} more than before", size=10, tip=margin.source)
    y += 56
    if why:
        colour = svg.BAD_DARK if rank == _RED else svg.UNKNOWN
        drawing.words(_LEFT, y + 8, svg.cut(why, _WORDS), fill=colour, size=11, bold=True, tip=why)
        y += 18
    return y


def _share(window: Requests | None, *, slow: bool) -> tuple[int, int] | None:
    """Return hits and all; None, never 0 of 0, where nothing was counted or it contradicts itself."""
    if window is None:
        return None
    hits, of = (window.timed - window.in_time, window.timed) if slow else (window.failed, window.requests)
    return (hits, of) if of and 0 <= hits <= of and not (slow and window.without_edge) else None


def _worst(one: ServiceComparison, rules: DeploymentRules) -> int:
    ranks = [_rank(lambda: one.failing_more(rules.comparison))[0]]
    if one.limit is not None:
        ranks.append(_rank(lambda: one.slower(rules.comparison))[0])
    return min(ranks)


def _rank(judge: Callable[[], Findings]) -> tuple[int, str]:
    """Return how it stands, as the check decides it, and why."""
    try:
        found = judge()
    except Unobserved as error:
        return _NOT_KNOWN, str(error)
    return (_RED, "; ".join(found)) if found else (_WELL, "")
