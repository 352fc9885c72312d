"""Figures over runs as small drawings: inline SVG, whose colours are the style sheet's, light and dark. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from apgms_ops.reports.front.levels import Level, Unit
from apgms_ops.reports.front.reading import Detail
from apgms_ops.reports.svg import escaped

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 340, 132, 54, 8, 10, 22
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_HEADROOM: Final = 0.12


@dataclass(frozen=True, slots=True)
class Series:
    """One figure over the latest runs, the oldest first; None where a run did not look at it."""

    title: str
    points: tuple[tuple[Detail, Level | None], ...]
    newest: Level


def series_of(details: Sequence[Detail]) -> list[Series]:
    """Return every figure that at least one of the runs has, each with all runs that looked at it."""
    titles: dict[str, Level] = {}
    for detail in details:
        titles |= {level.title: level for level in detail.levels}
    found = []
    for title, newest in titles.items():
        points = []
        for detail in details:
            level = next((one for one in detail.levels if one.title == title), None)
            if level is not None or newest.probe in detail.blind:
                points.append((detail, level))
        found.append(Series(title, tuple(points), newest))
    return found


def chart(series: Series) -> str:
    """Return a figure with its drawing: its title, its latest value against its limit, its course."""
    last = series.points[-1][1]
    known = last is not None and last.value is not None
    state = "unknown" if not known else "fail" if last is not None and last.red else "pass"
    value = amount(last.value, last.unit) if last is not None and last.value is not None else "not known"
    why = f'<p class="why">{escaped(last.why, limit=240)}</p>' if last is not None and last.why else ""
    if last is None:
        why = '<p class="why">the latest run could not read it, or its record does not verify</p>'
    return (
        f'<figure class="chart"><figcaption>{escaped(series.title)}</figcaption>'
        f'<p class="figure"><strong class="t-{state}">{value}</strong> '
        f"<span>{escaped(series.newest.promise)}</span></p>"
        f"{_drawing(series)}{why}</figure>"
    )


def _drawing(series: Series) -> str:
    values = [level.value for _, level in series.points if level is not None and level.value is not None]
    limit, unit = series.newest.limit, series.newest.unit
    low, high = _scale([*values, limit], unit)
    across = (_WIDTH - _LEFT - _RIGHT) / max(1, len(series.points) - 1)

    def x(number: int) -> float:
        # A run alone stands in the middle, not at the edge.
        alone = (_WIDTH - _LEFT - _RIGHT) / 2 if len(series.points) == 1 else 0.0
        return _LEFT + alone + number * across

    def y(value: float) -> float:
        return _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<line class="axis" x1="{_LEFT}" y1="{_HEIGHT - _BOTTOM}" x2="{_WIDTH - _RIGHT}" y2="{_HEIGHT - _BOTTOM}"/>',
        f'<line class="limit" x1="{_LEFT}" y1="{y(limit):.1f}" x2="{_WIDTH - _RIGHT}" y2="{y(limit):.1f}"/>',
        _text(_LEFT - 5, y(limit) + 3.5, amount(limit, unit), "end", "limit-text"),
    ]
    # What stands too near the limit's own figure is left out: two texts one above the other say nothing.
    parts += [_text(_LEFT - 5, y(v) + 3.5, amount(v, unit), "end") for v in (low, high) if abs(y(v) - y(limit)) > 12]  # noqa: PLR2004
    line: list[str] = []
    for number, (detail, level) in enumerate(series.points):
        when = "" if detail.line.at is None else f"{detail.line.at:%Y-%m-%d %H:%M} UTC"
        if level is None or level.value is None:
            parts += [_course(line), _unknown(x(number), across, f"{when}: not known")]
            line = []
            continue
        line.append(f"{x(number):.1f},{y(level.value):.1f}")
        tip = f"{when}: {amount(level.value, unit)}"
        kind, size = ("red", 3.4) if level.red else ("dot", 2.0)
        place = f'cx="{x(number):.1f}" cy="{y(level.value):.1f}" r="{size}"'
        parts.append(f'<circle class="{kind}" {place}><title>{escaped(tip)}</title></circle>')
    parts.append(_course(line))
    first, newest = series.points[0][0].line.at, series.points[-1][0].line.at
    if first is not None and newest is not None:
        if len(series.points) > 1:
            parts.append(_text(_LEFT, _HEIGHT - 6, f"{first:%d %b %Y}", "start"))
        parts.append(_text(_WIDTH - _RIGHT, _HEIGHT - 6, f"{newest:%d %b %Y}", "end"))
    label = f"{series.title}, over {len(series.points)} runs, with its limit {amount(limit, unit)}"
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escaped(label)}">{"".join(parts)}</svg>'


def _course(points: Iterable[str]) -> str:
    joined = " ".join(points)
    return f'<polyline class="course" points="{joined}"/>' if " " in joined else ""


def _unknown(x: float, across: float, tip: str) -> str:
    width = max(4.0, min(across, 10.0))
    high = _HEIGHT - _TOP - _BOTTOM
    place = f'x="{x - width / 2:.1f}" y="{_TOP}" width="{width:.1f}" height="{high}"'
    return f'<rect class="not-known" {place}><title>{escaped(tip)}</title></rect>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "label") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escaped(text)}</text>'


def _scale(values: Sequence[float], unit: Unit) -> tuple[float, float]:
    low, high = min(values), max(values)
    if unit != "share":
        low = 0.0
    room = (high - low) * _HEADROOM or max(abs(high), 0.01) * _HEADROOM
    high += room
    if unit == "share":
        return low - room, min(high, 1.0) if max(values) <= 1 and min(values) < 1 else high
    return low, high


def amount(value: float, unit: Unit) -> str:
    """Return a figure for people."""
    if unit == "share":
        return f"{value:.2%}" if abs(value) > 0.9 else f"{value:.1%}"  # noqa: PLR2004 — near all, a hundredth matters
    if unit == "messages":
        return f"{value:,.0f}"
    for length, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if abs(value) >= length:
            return f"{value / length:.1f} {name}".replace(".0 ", " ")
    return f"{value:.0f} s"
