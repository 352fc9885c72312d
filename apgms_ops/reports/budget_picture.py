"""Error budgets as a drawing: what is left of each, and how fast it burns, against their limits. Pure."""

from datetime import timedelta

from apgms_ops.environment.limits import BurnRate, Limits
from apgms_ops.environment.types import format_duration, format_ratio
from apgms_ops.errors import Unobserved
from apgms_ops.probes.budget_facts import Counted, ErrorBudgets, ServiceBudget
from apgms_ops.reports import svg
from apgms_ops.reports.svg import Place

DRAWN = 20
"""Services."""
_WIDTH, _LEFT, _BAR, _TEXT = 1100, 292, 350, 656
_WORDS = 70
"""Characters that fit beside a bar."""
_RED, _NOT_KNOWN, _WELL = range(3)
_HEADROOM = 1.6
"""How far a burn rate's scale goes beyond its threshold, as a factor."""


def draw(budgets: ErrorBudgets, limits: Limits) -> str:
    """Return the drawing: what is red first, then what is not known; among equals, the least left first."""
    services = sorted(budgets.services.values(), key=lambda budget: _rank(budget, limits))
    drawing = svg.Drawing(_WIDTH)
    drawing.words(20, 28, "Error budgets", size=15, bold=True)
    y = 44.0
    for budget in services[:DRAWN]:
        y = _service(drawing, budget, limits, y)
    if not services:
        drawing.words(20, y + 16, "No service promises an availability: there is no error budget.", fill=svg.FAINT)
        y += 26
    if len(services) > DRAWN:
        left = len(services) - DRAWN
        red = sum(_rank(budget, limits)[0] < _WELL for budget in services[DRAWN:])
        text = (
            f"{left:,} more services are not drawn: {f'{red:,} of them red or not known' if red else 'all are well'}."
        )
        drawing.words(20, y + 16, text, fill=svg.FAINT, bold=True)
        y += 26
    return drawing.render(y + 8, "Error budget left and burn rates of each service against their limits")


def _service(drawing: svg.Drawing, budget: ServiceBudget, limits: Limits, y: float) -> float:
    window = format_duration(budget.window)
    drawing.words(20, y + 16, svg.shortened(budget.service, 40), size=14, bold=True, tip=budget.service)
    promise = f"{format_ratio(budget.target)} of the requests of {window}, until {budget.at:%Y-%m-%d %H:%M:%S} UTC"
    drawing.words(_LEFT, y + 16, promise, fill=svg.FAINT)
    _left(drawing, budget, limits, y + 30)
    _coverage(drawing, budget, limits, y + 64)
    y += 110
    drawing.words(20, y, "Burn rate, over a long and a short window", size=11, fill=svg.FAINT)
    for number, rate in enumerate(limits.burn_rates):
        _burn(drawing, budget, rate, limits, y + 8 + number * 40)
    return y + 8 + len(limits.burn_rates) * 40 + 14


def _left(drawing: svg.Drawing, budget: ServiceBudget, limits: Limits, y: float) -> None:
    minimum = limits.remaining_budget
    drawing.words(20, y + 16, f"Budget left of {format_duration(budget.window)}")
    drawing.box(Place(_LEFT, y + 3, _BAR, 18), svg.TRACK)
    share = _share(budget, budget.window)
    try:
        red = bool(budget.overspent(minimum, limits.window_coverage))
    except Unobserved as error:
        _not_known(
            drawing, budget, y, str(error), None if share is None else f"{1 - share:.1%} would be left of what was seen"
        )
    else:
        left = 1 - (share or 0.0)
        if left > 0:
            drawing.bar(Place(_LEFT, y + 3, min(left, 1) * _BAR, 18), svg.BAD if red else svg.GOOD)
        drawing.words(_TEXT, y + 11, f"{left:.1%} left", fill=svg.BAD_DARK if red else svg.INK, bold=True)
        drawing.words(_TEXT, y + 25, _spent(budget), fill=svg.FAINT, size=11)
    x = _LEFT + float(minimum.value) * _BAR
    drawing.line(x, y - 2, y + 24)
    drawing.words(x + 4, y + 33, f"at least {format_ratio(minimum.value)}", size=10, tip=minimum.source)


def _spent(budget: ServiceBudget) -> str:
    counted = _counted(budget, budget.window)
    if counted is None:
        return ""
    allowed = counted.total * float(1 - budget.target)
    return f"{counted.errors:,.0f} errors of {allowed:,.0f} allowed in {counted.total:,.0f} requests"


def _coverage(drawing: svg.Drawing, budget: ServiceBudget, limits: Limits, y: float) -> None:
    minimum = limits.window_coverage
    covered = _covered(budget, budget.window)
    why = budget.uncovered(minimum)
    drawing.words(20, y + 16, "Samples cover")
    drawing.box(Place(_LEFT, y + 6, _BAR, 12), svg.TRACK)
    if covered > 0:
        drawing.bar(Place(_LEFT, y + 6, covered * _BAR, 12), svg.BAD if why else svg.GOOD)
    drawing.line(_LEFT + float(minimum.value) * _BAR, y + 2, y + 22)
    said = f"{covered:.1%} of {format_duration(budget.window)}; at least {format_ratio(minimum.value)}"
    drawing.words(_TEXT, y + 11, said, fill=svg.BAD_DARK if why else svg.INK, bold=bool(why), tip=minimum.source)
    if why:
        drawing.words(
            _TEXT,
            y + 25,
            svg.cut(_without_name(budget, "; ".join(why)), _WORDS),
            fill=svg.BAD_DARK,
            size=11,
            tip="; ".join(why),
        )


def _burn(drawing: svg.Drawing, budget: ServiceBudget, rate: BurnRate, limits: Limits, y: float) -> None:
    lengths = (rate.long, rate.short)
    drawing.words(20, y + 16, " and ".join(format_duration(length) for length in lengths))
    drawing.box(Place(_LEFT, y + 3, _BAR, 22), svg.TRACK)
    rates = tuple(_share(budget, length) for length in lengths)
    # Each pair has a scale of its own, on which its threshold stands at the same place.
    scale = _BAR / max(rate.rate * _HEADROOM, *(value or 0.0 for value in rates))
    try:
        red = bool(budget.burning((rate,), limits.window_coverage))
    except Unobserved as error:
        seen = " and ".join("unknown" if value is None else f"{value:.1f} times" for value in rates)
        _not_known(drawing, budget, y, str(error), seen if any(value is not None for value in rates) else None)
    else:
        _rates(drawing, budget, rate, y=y, scale=scale, red=red)
    x = _LEFT + rate.rate * scale
    drawing.line(x, y - 1, y + 29)
    drawing.words(x + 4, y + 35, f"red from {rate.rate:g} times", size=10)


def _rates(  # noqa: PLR0913 — one pair of windows, where to draw it and how
    drawing: svg.Drawing, budget: ServiceBudget, rate: BurnRate, *, y: float, scale: float, red: bool
) -> None:
    said = []
    colours = (svg.BAD_DARK, svg.BAD) if red else (svg.GOOD_DARK, svg.GOOD)
    for number, length in enumerate((rate.long, rate.short)):
        value = _share(budget, length)
        counted = _counted(budget, length)
        if value is not None and value > 0:
            tip = f"{value:.2f} times over {format_duration(length)}"
            drawing.bar(Place(_LEFT, y + 4 + number * 11, value * scale, 9), colours[number], tip=tip)
        if counted is not None and counted.wholly_maintained:
            said.append(f"{format_duration(length)}: in declared maintenance")
        else:
            said.append(f"{'unknown' if value is None else f'{value:.1f} times'} over {format_duration(length)}")
    drawing.words(_TEXT, y + 18, ", ".join(said), fill=svg.BAD_DARK if red else svg.INK, bold=red)


def _not_known(drawing: svg.Drawing, budget: ServiceBudget, y: float, why: str, seen: str | None) -> None:
    drawing.unknown(Place(_LEFT, y + 3, _BAR, 18), tip=why)
    drawing.words(_TEXT, y + 11, "not known" + ("" if seen is None else f" ({seen})"), fill=svg.UNKNOWN, bold=True)
    drawing.words(_TEXT, y + 25, svg.cut(_without_name(budget, why), _WORDS), fill=svg.UNKNOWN, size=11, tip=why)


def _without_name(budget: ServiceBudget, why: str) -> str:
    """Return a reason without the service's name, which stands above it already."""
    return why.replace(f"{budget.service}: ", "")


def _counted(budget: ServiceBudget, length: timedelta) -> Counted | None:
    return next((counted for counted in budget.counts if counted.length == length), None)


def _share(budget: ServiceBudget, length: timedelta) -> float | None:
    """Return how many times the allowed share of errors was seen; None, never 0, where no request was counted."""
    counted = _counted(budget, length)
    if counted is None or counted.total <= 0:
        return None
    return counted.errors / counted.total / float(1 - budget.target)


def _covered(budget: ServiceBudget, length: timedelta) -> float:
    begin = budget.at - length
    missing = sum((gap.end - max(gap.start, begin) for gap in budget.gaps if gap.end > begin), timedelta())
    return max(0.0, 1 - missing / length)


def _rank(budget: ServiceBudget, limits: Limits) -> tuple[int, float, str]:
    share = _share(budget, budget.window)
    left = float("-inf") if share is None else 1 - share
    try:
        red = [
            *budget.uncovered(limits.window_coverage),
            *budget.overspent(limits.remaining_budget, limits.window_coverage),
            *budget.burning(limits.burn_rates, limits.window_coverage),
        ]
    except Unobserved:
        return _NOT_KNOWN, left, budget.service
    return _RED if red else _WELL, left, budget.service
