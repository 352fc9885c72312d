"""The controls against the latest runs, and what people supply beside them: gaps as gaps. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apgms_ops.compliance.controls import Control
from apgms_ops.compliance.supplied import Supplied
from apgms_ops.environment.types import format_duration
from apgms_ops.evidence.survey import State
from apgms_ops.reports.front.marks import INVALID, Mark, badge, of_verdict
from apgms_ops.reports.front.reading import Detail, Estate, Line
from apgms_ops.reports.svg import escaped
from apgms_ops.verdict import Verdict

_COLUMNS: Final = 30
"""Runs in the matrix."""
_GAP: Final = '<span class="bad">GAP</span>'
_DIGITS: Final = 12
"""Of a document's digest."""


@dataclass(frozen=True, slots=True)
class Documents:
    """What people supply as evidence of controls."""

    entries: Sequence[tuple[Supplied, str]] = ()
    """Each document, and why it is no evidence; empty where it is."""
    unread: str = ""
    """Why they cannot be read; then none of them counts."""


def matrix(estate: Estate, controls: Sequence[Control], documents: Documents, now: datetime) -> Iterator[str]:
    """Yield the controls against the latest runs: the worst verdict of the checks of each, and gaps as gaps.

    Args:
        estate: The environment.
        controls: In their order.
        documents: What people supply.
        now: The present (aware).
    """
    details = list(estate.details)[-_COLUMNS:]
    invalid = sum(detail.line.verdict is None for detail in details)
    also = f", {invalid} of them INVALID" if invalid else ""
    yield f"<h3>Controls, over the latest {len(details)} finished runs{also}</h3>"
    yield (
        f'<div class="wide" tabindex="0" role="region" aria-label="Controls of {escaped(estate.name)}">'
        '<table class="matrix"><thead><tr><th class="control" scope="col">Control</th>'
        '<th class="now" scope="col">Newest evidence</th>'
    )
    month = ""
    for detail in details:
        at = detail.line.at
        # A month is named where it begins: thirty times "Nov" is no news.
        before, month = month, "" if at is None else f"{at:%b}"
        told = "" if at is None else f"{at:%d}<br>{month if month != before else ''}"
        yield f'<th class="c" scope="col" title="{escaped(detail.line.run)}">{told}</th>'
    yield "</tr></thead><tbody>"
    for control in controls:
        yield (
            f'<tr><th class="control" scope="row">{escaped(control.name)}<small>{escaped(control.asks)}</small></th>'
            f'<td class="now">{_newest(estate, control, documents, now)}</td>'
        )
        for detail in details:
            yield _cell(detail, control)
        yield "</tr>"
    yield "</tbody></table></div>"


def _newest(estate: Estate, control: Control, documents: Documents, now: datetime) -> str:
    its = [entry for entry in documents.entries if entry[0].control == control.name]
    held = {document.title for document, trouble in its if not trouble}
    parts = [*_seen(estate, control, now, by_document=bool(held))]
    if control.supporting:
        parts.append('<span class="faint">supports it, and does not meet it alone</span>')
    # One that was renewed, under the same title, is not missed.
    blocks = (_document(document, trouble, missed=document.title not in held) for document, trouble in its)
    return "<br>".join(parts) + "".join(blocks)


def _seen(estate: Estate, control: Control, now: datetime, *, by_document: bool) -> Iterator[str]:
    found = estate.evidence.get(control.name)
    if found is None or found[0].at is None:
        if control.by_hand and not by_document:
            yield f"{_GAP}: to be supplied by hand; no check can give it, and no document that holds is registered"
        elif not control.by_hand:
            none = "no check of any run that holds has looked at it"
            yield f'<span class="warn">Documents alone</span>: {none}' if by_document else f"{_GAP}: {none}"
        return
    line, verdict = found
    told = f"{badge(of_verdict(verdict))} {line.at:%Y-%m-%d %H:%M} UTC"
    doubt = estate.doubt(found[0].at)
    if doubt:
        # What was seen before says nothing of what was seen last: it stands there without its colour.
        yield badge(INVALID)
        yield f"{_GAP}: {escaped(doubt)}, and what it saw is not known"
        yield f'<span class="faint">before it {verdict}, {line.at:%Y-%m-%d %H:%M} UTC</span>'
        return
    yield told
    yield from _sealed(line)
    if verdict is Verdict.SKIPPED:
        yield f"{_GAP}: nothing but SKIPPED"
    elif estate.fresh is not None and now - found[0].at > estate.fresh:
        yield f"{_GAP}: older than {format_duration(estate.fresh)}"


def _sealed(line: Line) -> Iterator[str]:
    if line.seal.state is State.UNSEALED:
        yield '<span class="warn">UNSEALED</span>: a record, and no evidence'
    elif line.seal.state is State.UNVERIFIED:
        yield '<span class="warn">NOT VERIFIED</span>'


def _document(document: Supplied, trouble: str, *, missed: bool) -> str:
    title = f"{escaped(document.title, limit=120)}, owner {escaped(document.owner, limit=80)}"
    details = f"sha256 {document.sha256[:_DIGITS]}…, until {document.expires:%Y-%m-%d}"
    state = "holds"
    if trouble:
        state = f"{_GAP if missed else 'replaced'}: {escaped(trouble)}"
    return f'<span class="document">{title}<small title="{document.sha256}">{details}</small>{state}</span>'


def _cell(detail: Detail, control: Control) -> str:
    run = detail.line.run
    if detail.line.verdict is None:
        return _sign(INVALID, f"{run} is INVALID: what it saw is not known")
    found = detail.controls.get(control.name)
    if found is None:
        return '<td class="c faint" title="not looked at in this run">·</td>'
    verdict, count = found
    mark = of_verdict(verdict)
    return _sign(mark, f"{mark.word}, the worst of {count} check{'' if count == 1 else 's'} in {run}")


def _sign(mark: Mark, tip: str) -> str:
    sign = f'<span class="{mark.name}" role="img" aria-label="{mark.word}">{mark.sign}</span>'
    return f'<td class="c" title="{escaped(tip)}">{sign}</td>'
