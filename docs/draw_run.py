# ruff: noqa: INP001 — a script beside what it draws
"""Draw docs/run.svg from docs/run.ansi: the terminal of a real run, as README shows it.

    python docs/draw_run.py

docs/run.ansi is what these printed, one after the other, 112 columns wide, each behind its prompt:
`apgms-ops sandbox break kafka-lag-at-limit`, `pytest checks/ --env sandbox --color=yes`, `apgms-ops report`.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

COLUMNS: Final = 112
CELL: Final = 7.83
"""Width of a character of 13 px in the fonts below; `textLength` makes others fit."""
LINE: Final = 18
MARGIN: Final = 18
FONT: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
PAPER: Final = "#161b22"
INK: Final = "#e6edf3"
FAINT: Final = "#8b949e"
COLOURS: Final = {"31": "#ff7b72", "32": "#56d364", "33": "#e3b341"}
_SGR = re.compile(r"\x1b\[([0-9;]*)m")


class Run(NamedTuple):
    """Characters of one line that look alike."""

    text: str
    colour: str
    bold: bool


def lines(text: str) -> Iterator[list[Run]]:
    """Yield the terminal's lines, those that are too long wrapped as a terminal wraps them."""
    colour, bold = INK, False
    for line in text.splitlines():
        cells: list[tuple[str, str, bool]] = []
        for number, part in enumerate(_SGR.split(line)):
            if number % 2 == 0:
                cells += [(character, colour, bold) for character in part]
                continue
            for code in part.split(";"):
                colour = COLOURS.get(code, FAINT if code == "2" else INK if code in ("", "0") else colour)
                bold = code == "1" or (bold and code not in ("", "0"))
        for start in range(0, max(1, len(cells)), COLUMNS):
            yield _runs(cells[start : start + COLUMNS])


def _runs(cells: list[tuple[str, str, bool]]) -> list[Run]:
    runs: list[Run] = []
    for character, colour, bold in cells:
        if runs and runs[-1][1:] == (colour, bold):
            runs[-1] = Run(runs[-1].text + character, colour, bold)
        else:
            runs.append(Run(character, colour, bold))
    return runs


def draw(text: str) -> str:
    """Return the terminal as SVG."""
    shown = list(lines(text))
    width, height = round(2 * MARGIN + COLUMNS * CELL), 2 * MARGIN + len(shown) * LINE
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{html.escape(FONT)}" font-size="13">',
        "<title>A run of the checks on the sandbox: one consumer group is at its limit</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>',
    ]
    for number, runs in enumerate(shown):
        column, y = 0, MARGIN + 13 + number * LINE
        for run in runs:
            if run.text.strip():
                x, length = MARGIN + column * CELL, len(run.text) * CELL
                weight = ' font-weight="600"' if run.bold else ""
                # A viewer would draw several spaces as one.
                words = html.escape(run.text, quote=False).replace(" ", "\N{NO-BREAK SPACE}")
                out.append(
                    f'<text x="{x:.1f}" y="{y}" fill="{run.colour}" textLength="{length:.1f}"{weight}>{words}</text>'
                )
            column += len(run.text)
    return "\n".join([*out, "</svg>"]) + "\n"


if __name__ == "__main__":
    here = Path(__file__).parent
    (here / "run.svg").write_text(draw((here / "run.ansi").read_text(encoding="utf-8")), encoding="utf-8")
