"""The front page as HTML: no script, no request, one file. Pure."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib import resources
from typing import Final

from apgms_ops.compliance.controls import Control
from apgms_ops.reports.front.charts import chart, series_of
from apgms_ops.reports.front.marks import ALL, badge
from apgms_ops.reports.front.reading import Estate, Front
from apgms_ops.reports.front.sections import anchor, calendar, card, matrix, table
from apgms_ops.reports.svg import escaped

_TITLE: Final = "APGMS operations: what the runs have shown"


def front_page(front: Front, controls: Sequence[Control], reports: frozenset[str], now: datetime) -> Iterator[str]:
    """Yield the page part by part.

    Args:
        front: What was read.
        controls: The controls of the framework, in its order.
        reports: The runs of which a report was drawn: `html/<run>.html` beside the page.
        now: The present, aware.
    """
    style = resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_TITLE}</title><style>{style}</style></head>\n<body>"
        '<a class="skip" href="#main">To the content</a>\n'
    )
    yield from _head(front, now)
    yield '<main id="main">\n'
    if not front.estates:
        yield "<p>No run has been recorded yet. <code>pytest checks/ --env NAME</code> makes one.</p>"
    else:
        yield '<div class="cards">'
        yield from (card(estate, now) for estate in front.estates)
        yield "</div>\n"
        yield from _legend()
        for estate in front.estates:
            yield from _estate(estate, controls, reports, front.latest, now)
    yield "</main>\n<footer><p>"
    yield (
        "Made by apgms-ops from the ledgers in <code>runs/</code>. A run whose ledger does not verify is shown as "
        "INVALID, and none of its figures counts. Whether a seal holds, <code>apgms-ops evidence verify</code> says."
    )
    yield "</p></footer></body></html>\n"


def _head(front: Front, now: datetime) -> Iterator[str]:
    count = f"{front.runs:,} run{'' if front.runs == 1 else 's'}"
    yield f'<header><h1>{_TITLE}</h1><p class="faint">{count}, as of {now:%Y-%m-%d %H:%M} UTC.</p>'
    broken = sum(len(estate.broken) for estate in front.estates)
    if broken:
        verb = "run does" if broken == 1 else "runs do"
        alarm = f'<span class="bad">{broken:,} {verb} not verify.</span> Each is listed below, with why.'
        yield f'<p class="alarm">{alarm}</p>'
    yield "</header>\n"


def _legend() -> Iterator[str]:
    items = (f"<li>{badge(mark)} {mark.means}</li>" for mark in ALL)
    yield f'<ul class="legend" aria-label="What the signs mean">{"".join(items)}</ul>\n'


def _estate(
    estate: Estate, controls: Sequence[Control], reports: frozenset[str], latest: int, now: datetime
) -> Iterator[str]:
    newest = list(reversed(estate.lines))
    listed = newest[:latest]
    shown = frozenset(line.run for line in (*listed, *estate.broken))
    yield f'<section aria-labelledby="{anchor(estate)}"><h2 id="{anchor(estate)}">{escaped(estate.name)}</h2>\n'
    yield from calendar(estate, now, shown)
    if estate.details:
        yield from matrix(estate, controls, now)
        figures = series_of(list(estate.details))
        if figures:
            yield '<h3>Service levels and budgets</h3><div class="levels">'
            yield from (chart(series) for series in figures)
            yield "</div>\n"
    older = [line for line in estate.broken if line not in listed]
    if older:
        yield f"<h3>Earlier runs that do not verify ({len(older):,})</h3>"
        yield from table(list(reversed(older)), reports, f"Runs of {estate.name} that do not verify")
    yield f"<h3>Runs{_of(len(listed), len(newest))}</h3>"
    yield from table(listed, reports, f"Runs of {estate.name}")
    yield "</section>\n"


def _of(shown: int, there: int) -> str:
    return f", the latest {shown:,} of {there:,}" if shown < there else ""
