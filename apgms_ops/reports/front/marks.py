"""How a verdict looks: a sign, a word and a colour, so that neither colour nor sign alone has to be seen. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from apgms_ops.reports.front.reading import Line
from apgms_ops.reports.svg import escaped
from apgms_ops.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign."""

    name: str
    """As the style sheet calls it."""
    sign: str
    word: str
    means: str


_OF: Final = {
    Verdict.PASS: Mark("pass", "✓", "PASS", "seen to hold"),
    Verdict.FAIL: Mark("fail", "✕", "FAIL", "seen not to hold"),
    Verdict.UNKNOWN: Mark("unknown", "?", "UNKNOWN", "could not be observed: never green"),
    Verdict.WAIVED: Mark("waived", "w", "WAIVED", "seen not to hold, under a waiver"),
    Verdict.SKIPPED: Mark("skipped", "\N{EN DASH}", "SKIPPED", "declared absent"),
}
INVALID: Final = Mark("invalid", "!", "INVALID", "altered, or its seal does not hold: nothing in it counts")
MISSING: Final = Mark("missing", "○", "MISSING", "a run was due, and there is none")
UNFINISHED: Final = Mark("unfinished", "…", "UNFINISHED", "broken off, or still going on")
ALL: Final = (*(_OF[v] for v in _OF), UNFINISHED, MISSING, INVALID)
# What should trouble a reader most comes first.
_ORDER: Final = ("invalid", "fail", "missing", "unknown", "unfinished", "waived", "pass", "skipped")


def of_verdict(verdict: Verdict) -> Mark:
    """Return the mark of a verdict."""
    return _OF[verdict]


def mark_of(line: Line) -> Mark:
    """Return the mark of a run."""
    if line.verdict is None:
        return INVALID
    return _OF[line.verdict] if line.finished or line.verdict is Verdict.FAIL else UNFINISHED


def worst_mark(marks: Iterable[Mark]) -> Mark | None:
    """Return the one that should trouble a reader most; None of none."""
    return min(marks, key=lambda mark: _ORDER.index(mark.name), default=None)


def badge(mark: Mark, extra: str = "") -> str:
    """Return a mark as HTML: its sign and its word."""
    words = f" {escaped(extra)}" if extra else ""
    return f'<span class="b {mark.name}"><span aria-hidden="true">{mark.sign}</span> {mark.word}{words}</span>'
