"""Audit events over their window: how many were emitted, how many of them are in the log. Pure."""

from typing import Final

from apgms_ops.environment.limits import Limits
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.probes.audit_facts import AuditPersistence
from apgms_ops.reports import svg
from apgms_ops.reports.svg import Place

_WIDTH, _LEFT, _PLOT, _HIGH = 1100, 292, 780, 90
_WORDS: Final = 120


def draw(audit: AuditPersistence, _limits: Limits) -> str:
    """Return the drawing: a column a part of the window, its emitted events, and those that the log does not have."""
    drawing = svg.Drawing(_WIDTH)
    drawing.words(20, 28, "Audit events", size=15, bold=True)
    promise = (
        f"every event of {audit.topic} is in the log after {format_duration(audit.settling_time)}; "
        f"{format_duration(audit.window)} until {audit.at:%Y-%m-%d %H:%M:%S} UTC"
    )
    drawing.words(_LEFT, 28, promise, fill=svg.FAINT)
    y = 44.0
    drawing.words(_LEFT - 10, y + 14, f"{audit.emitted:,} emitted", anchor="end")
    drawing.words(_LEFT - 10, y + 32, f"{audit.persisted:,} persisted by then", anchor="end")
    _plot(drawing, audit, y)
    y += _HIGH + 32
    for text, colour in _said(audit):
        drawing.words(_LEFT, y, svg.cut(text, _WORDS), fill=colour, bold=True, tip=text)
        y += 18
    return drawing.render(y, "Audit events emitted and persisted over the window; all of them must be persisted")


def _plot(drawing: svg.Drawing, audit: AuditPersistence, y: float) -> None:
    drawing.box(Place(_LEFT, y, _PLOT, _HIGH), svg.TRACK)
    most = max((max(slot.emitted, slot.persisted) for slot in audit.course), default=0)
    width = _PLOT / max(1, len(audit.course))
    lost = {event.at for event in audit.missing}
    for number, slot in enumerate(audit.course):
        x = _LEFT + number * width
        following = audit.course[number + 1].start if number + 1 < len(audit.course) else audit.at
        tip = f"from {slot.start:%H:%M:%S}: {slot.emitted:,} emitted, {slot.persisted:,} persisted"
        if not slot.emitted and not slot.persisted:
            continue
        high = max(2.0, _HIGH * slot.emitted / most) if slot.emitted else 0.0
        missing = any(slot.start <= at < following for at in lost)
        drawing.box(Place(x + 0.5, y + _HIGH - high, width - 1, high), svg.BAD if missing else svg.GOOD, tip=tip)
        # What is persisted is a line that must stand at the top of its column: all of it is the limit.
        level = y + _HIGH - _HIGH * slot.persisted / most
        drawing.box(Place(x, level - 1, width, 2), svg.LIMIT, tip=tip)
    drawing.words(_LEFT, y + _HIGH + 14, f"{audit.begin:%m-%d %H:%M}", size=10, fill=svg.FAINT)
    drawing.words(_LEFT + _PLOT, y + _HIGH + 14, f"{audit.at:%m-%d %H:%M}", size=10, fill=svg.FAINT, anchor="end")
    drawing.words(
        _LEFT + _PLOT / 2,
        y + _HIGH + 14,
        "columns: emitted; dark line: persisted, which must be all of them",
        size=10,
        fill=svg.FAINT,
        anchor="middle",
    )


def _said(audit: AuditPersistence) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for judge in (audit.lost, audit.duplicated, audit.invented):
        try:
            lines += [(sentence, svg.BAD_DARK) for sentence in judge()[:2]]
        except Unobserved as error:
            lines.append((f"not known: {error}", svg.UNKNOWN))
    return list(dict.fromkeys(lines)) or [("every event is there, once", svg.INK)]
