"""The last rehearsal of each kind: how much a restore loses, how long it takes, and what was wrong. Pure."""

from typing import Final

from apgms_ops.environment.limits import Limits
from apgms_ops.evidence.rehearsal import KINDS, Rehearsal
from apgms_ops.probes.rehearsals import Rehearsals
from apgms_ops.reports import svg

_WIDTH, _LEFT, _VALUE = 1100, 20, 292
_LINE: Final = 18
_WORDS: Final = 120
_FIRST: Final = ("recovery point", "recovery time")
"""Figures that stand first, in bold: the RPO and the RTO, as they were measured."""
_PROBLEMS: Final = 4


def draw(found: Rehearsals, _limits: Limits) -> str:
    """Return the drawing: a block a kind, with its figures; red where it failed, or was never done."""
    drawing = svg.Drawing(_WIDTH)
    drawing.words(_LEFT, 28, "Rehearsals", size=15, bold=True)
    drawing.words(_VALUE, 28, f"the last of each kind in {found.place}", fill=svg.FAINT, tip=found.place)
    y = 54.0
    for kind in KINDS:
        one = found.of(kind)
        y = _never(drawing, kind, y) if one is None else _block(drawing, one, y)
    for sentence in (*found.invalid, *(f"deleted: {name}" for name in found.deleted)):
        drawing.words(_LEFT, y, svg.cut(sentence, _WORDS), fill=svg.BAD_DARK, bold=True, tip=sentence)
        y += _LINE
    return drawing.render(y, "The last rehearsal of each kind, with what was measured")


def _never(drawing: svg.Drawing, kind: str, y: float) -> float:
    drawing.words(_LEFT, y, kind, bold=True)
    drawing.words(_VALUE, y, "no record", fill=svg.BAD_DARK, bold=True)
    return y + _LINE * 1.5


def _block(drawing: svg.Drawing, one: Rehearsal, y: float) -> float:
    drawing.words(_LEFT, y, one.kind, bold=True)
    when = f"{one.target}, over at {one.ended:%Y-%m-%d %H:%M:%S} UTC, by {one.by}"
    state = "passed" if one.passed else "FAILED"
    colour = svg.INK if one.passed else svg.BAD_DARK
    drawing.words(_VALUE, y, svg.cut(f"{state}: {when}", _WORDS), fill=colour, bold=True, tip=when)
    y += _LINE
    first = [name for name in _FIRST if name in one.figures]
    for name in (*first, *(name for name in one.figures if name not in first)):
        drawing.words(_VALUE - 10, y, svg.cut(name, 40), anchor="end", fill=svg.FAINT, tip=name)
        value = one.figures[name]
        drawing.words(_VALUE, y, svg.cut(value, _WORDS), bold=name in _FIRST, tip=value)
        y += _LINE
    for problem in one.problems[:_PROBLEMS]:
        drawing.words(_VALUE, y, svg.cut(problem, _WORDS), fill=svg.BAD_DARK, tip=problem)
        y += _LINE
    return y + _LINE / 2
