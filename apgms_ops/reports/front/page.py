"""The front page as HTML: no script, no request, one file. Pure."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Final

from apgms_ops.compliance.controls import Control
from apgms_ops.evidence.survey import State
from apgms_ops.reports.front.charts import chart, series_of
from apgms_ops.reports.front.marks import ALL, badge
from apgms_ops.reports.front.matrix import Documents, matrix
from apgms_ops.reports.front.reading import Estate, Front
from apgms_ops.reports.front.seals import moment, notes
from apgms_ops.reports.front.sections import anchor, calendar, card, table, words
from apgms_ops.reports.svg import escaped

_TITLE: Final = "APGMS operations: what the runs have shown"


_NAMED: Final = 5
"""Runs that do not verify which are named at the top; each is in the table of its environment."""


@dataclass(frozen=True, slots=True)
class _Given:
    controls: Sequence[Control]
    reports: frozenset[str]
    documents: Documents
    latest: int
    now: datetime


def front_page(
    front: Front,
    controls: Sequence[Control],
    reports: frozenset[str],
    now: datetime,
    documents: Documents = Documents(),  # noqa: B008 — frozen, and empty
) -> Iterator[str]:
    """Yield the page part by part.

    Args:
        front: What was read.
        controls: The controls of the framework, in its order.
        reports: The runs of which a report was drawn: `html/<run>.html` beside the page.
        now: The present, aware.
        documents: What people supply as evidence of controls.
    """
    given = _Given(controls, reports, documents, front.latest, now)
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
    yield from _head(front, documents, now)
    yield '<main id="main">\n'
    if not front.estates:
        yield "<p>No run has been recorded yet. <code>pytest checks/ --env NAME</code> makes one.</p>"
    else:
        yield '<div class="cards">'
        yield from (card(estate, now) for estate in front.estates)
        yield "</div>\n"
        yield from _legend()
        for estate in front.estates:
            yield from _estate(estate, given)
    yield "</main>\n<footer><p>"
    yield (
        "Made by apgms-ops from the ledgers in <code>runs/</code>. A run that does not verify is shown as INVALID, and "
        "nothing in it counts. The page itself is no evidence, and knows nothing of what was changed after it was "
        "drawn. Runs that were removed from the very end of a chain with their lines show only against a head that is "
        "known from elsewhere: <code>apgms-ops evidence verify --head</code>."
    )
    yield "</p></footer></body></html>\n"


def _head(front: Front, documents: Documents, now: datetime) -> Iterator[str]:
    count = f"{front.runs:,} run{'' if front.runs == 1 else 's'}"
    yield f'<header><h1>{_TITLE}</h1><p class="faint">{count}, as of {now:%Y-%m-%d %H:%M} UTC. '
    verified = any(line.seal.state is State.VERIFIED for estate in front.estates for line in estate.lines)
    what = "Seals and chains were verified" if verified else "No seal could be verified"
    yield (
        f"{what} when this page was drawn, {moment(now)}; verify them yourself: "
        "<code>apgms-ops evidence verify reports/runs --env NAME</code>.</p>"
    )
    broken = [(estate, line) for estate in front.estates for line in reversed(estate.broken)]
    if broken:
        verb = "run does" if len(broken) == 1 else "runs do"
        yield f'<div class="alarm"><p class="bad">{len(broken):,} {verb} not verify. Nothing in them counts.</p><ul>'
        for estate, line in broken[:_NAMED]:
            yield f"<li>{escaped(estate.name)}: {escaped(line.run)}<br>{words(line)}</li>"
        more = len(broken) - _NAMED
        yield (f"<li>and {more:,} more, each listed below, with why</li>" if more > 0 else "") + "</ul></div>"
    for estate in front.estates:
        if estate.chain.findings:
            first = escaped(estate.chain.findings[0], limit=300)
            place = f'<a href="#{anchor(estate)}">The chain of {escaped(estate.name)} does not hold</a>'
            yield f'<p class="alarm"><span class="bad">{place}</span>: {first}</p>'
    if documents.unread:
        yield (
            '<p class="alarm"><span class="bad">What was supplied by hand cannot be read</span>, and counts for '
            f"nothing: {escaped(documents.unread)}</p>"
        )
    yield "</header>\n"


def _legend() -> Iterator[str]:
    items = (f"<li>{badge(mark)} {mark.means}</li>" for mark in ALL)
    yield f'<ul class="legend" aria-label="What the signs mean">{"".join(items)}</ul>\n'


def _estate(estate: Estate, given: _Given) -> Iterator[str]:
    newest = list(reversed(estate.lines))
    listed = newest[: given.latest]
    shown = frozenset(line.run for line in (*listed, *estate.broken))
    yield f'<section aria-labelledby="{anchor(estate)}"><h2 id="{anchor(estate)}">{escaped(estate.name)}</h2>\n'
    yield notes(estate)
    yield from calendar(estate, given.now, shown)
    if estate.details:
        yield from matrix(estate, given.controls, given.documents, given.now)
        figures = series_of(list(estate.details))
        if figures:
            yield '<h3>Service levels and budgets</h3><div class="levels">'
            yield from (chart(series) for series in figures)
            yield "</div>\n"
    older = [line for line in estate.broken if line not in listed]
    if older:
        yield f"<h3>Earlier runs that do not verify ({len(older):,})</h3>"
        yield from table(list(reversed(older)), given.reports, f"Runs of {estate.name} that do not verify")
    yield f"<h3>Runs{_of(len(listed), len(newest))}</h3>"
    yield from table(listed, given.reports, f"Runs of {estate.name}")
    yield "</section>\n"


def _of(shown: int, there: int) -> str:
    return f", the latest {shown:,} of {there:,}" if shown < there else ""
