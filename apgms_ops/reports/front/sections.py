"""The parts of the front page of one environment, as HTML. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from urllib.parse import quote

from apgms_ops.environment.types import format_duration
from apgms_ops.reports.front.calendar import Day, Month, due, missed, months
from apgms_ops.reports.front.marks import badge, mark_of
from apgms_ops.reports.front.reading import Estate, Line
from apgms_ops.reports.front.seals import cell, chain_words, counted, seal_words
from apgms_ops.reports.svg import escaped

_MONTHS: Final = 13
"""Months that are shown without a click: the retention of audit logs, and the present one."""
_BROKEN: Final = 300
"""Characters of why a run does not verify."""


def card(estate: Estate, now: datetime) -> str:
    """Return what matters of an environment at a glance."""
    newest = estate.newest
    rows = [("Latest run", "none is finished" if newest is None else _latest(newest, now))]
    if newest is not None:
        rows.append(("Its seal", seal_words(newest.seal)))
    rows.append(("Daily checks", _daily(estate, now)))
    rows.append(("Runs", counted(estate)))
    rows.append(("Chain", chain_words(estate)))
    listed = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in rows)
    name = f'<a href="#{anchor(estate)}">{escaped(estate.name)}</a>'
    return f'<section class="card"><h3>{name}</h3><dl>{listed}</dl></section>'


def _latest(line: Line, now: datetime) -> str:
    if line.at is None:
        return badge(mark_of(line))
    ago = ", in the future: a clock is wrong" if line.at > now else f", {_rough(now - line.at)} ago"
    return f"{badge(mark_of(line))} {line.at:%Y-%m-%d %H:%M} UTC{ago}"


def _daily(estate: Estate, now: datetime) -> str:
    if estate.every is None:
        return "how often they are to run is not declared (<code>[evidence] every</code>)"
    every = f"every {format_duration(estate.every)}"
    when = due(estate)
    lost = sum(count for _, _, count in missed(estate, now))
    past = f'; <span class="bad">{lost:,} missed</span> since the first' if lost else "; none was missed"
    if when is None:
        return f'{every}; <span class="bad">never run</span>'
    if when < now:
        return f'{every}; <span class="bad">overdue for {_rough(now - when)}</span>{past}'
    return f"{every}; next due {when:%Y-%m-%d %H:%M} UTC{past}"


def _rough(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes < 2 * 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 3 * 24 * 60 else f"{minutes // (24 * 60)} d"


def anchor(estate: Estate) -> str:
    """Return the place of an environment on the page."""
    return f"e-{quote(estate.name, safe='')}"


def calendar(estate: Estate, now: datetime, shown: frozenset[str]) -> Iterator[str]:
    """Yield the calendar, the newest month first; months before the last year are folded.

    Args:
        estate: The environment.
        now: The present.
        shown: The runs that stand in the table of runs, to which a day can lead.
    """
    yield "<h3>Calendar of runs (UTC)</h3>"
    every = months(estate, now)
    first = list(islice(every, _MONTHS))
    if not first:
        yield '<p class="faint">No run tells when it was.</p>'
        return
    yield '<div class="months">'
    yield from (_month(month, now, shown) for month in first)
    yield "</div>"
    older = next(every, None)
    if older is not None:
        yield f'<details><summary>{older.first:%B %Y} and before</summary><div class="months">'
        yield _month(older, now, shown)
        yield from (_month(month, now, shown) for month in every)
        yield "</div></details>"


def _month(month: Month, now: datetime, shown: frozenset[str]) -> str:
    heads = "".join(f'<th scope="col"><abbr title="{day}">{day[:2]}</abbr></th>' for day in _WEEK)
    weeks = "".join(
        f"<tr>{''.join('<td></td>' if day is None else _day(day, now, shown) for day in week)}</tr>"
        for week in month.weeks
    )
    return f'<table class="month"><caption>{month.first:%B %Y}</caption><tr>{heads}</tr>{weeks}</table>'


_WEEK: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _day(day: Day, now: datetime, shown: frozenset[str]) -> str:
    today = " today" if day.on == now.date() else ""
    if day.mark is None:
        return f'<td class="none{today}"><span>{day.on.day}</span></td>'
    tips = [f"{mark_of(line).word} {line.run}" for line in day.lines[:5]]
    tips += [f"and {len(day.lines) - 5} more"] if len(day.lines) > 5 else []  # noqa: PLR2004 — as many as fit
    tips += [f"a run of the daily checks was due for {_rough(day.late)}"] if day.late else []
    tip = escaped(f"{day.on}: {'; '.join(tips)}", limit=1000)
    inner = f'{day.on.day}<b aria-hidden="true">{day.mark.sign}</b>'
    worst = next((line for line in day.lines if mark_of(line) == day.mark), None)
    if worst is None:
        return (
            f'<td class="{day.mark.name}{today}"><span title="{tip}" role="img" aria-label="{tip}">{inner}</span></td>'
        )
    place = f"#r-{quote(worst.run, safe='')}" if worst.run in shown else ledger(worst.run)
    return f'<td class="{day.mark.name}{today}"><a href="{place}" title="{tip}" aria-label="{tip}">{inner}</a></td>'


def ledger(run: str) -> str:
    """Return where a run's ledger lies, as seen from the front page."""
    return f"runs/{quote(run, safe='')}/ledger.jsonl"


def table(lines: Sequence[Line], reports: frozenset[str], name: str) -> Iterator[str]:
    """Yield runs as a table, in the order given, with links to what each left behind.

    Args:
        lines: The runs.
        reports: Those of which a report was drawn.
        name: What the table shows.
    """
    yield (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escaped(name)}"><table class="runs"><thead><tr>'
        '<th scope="col">Run (UTC)</th><th scope="col">Verdict</th><th scope="col">Checks</th>'
        '<th scope="col">Seal</th><th scope="col">Evidence</th></tr></thead><tbody>'
    )
    for line in lines:
        when = "no time told" if line.at is None else f"{line.at:%Y-%m-%d %H:%M:%S}"
        place = quote(line.run, safe="")
        # What does not verify is not dressed up as a report, and one may have been drawn before.
        told = line.run in reports and line.verdict is not None
        links = [f'<a href="html/{place}.html">report</a>'] if told else []
        links.append(f'<a href="{ledger(line.run)}">ledger</a>')
        yield (
            f'<tr id="r-{place}"><td class="m" title="{escaped(line.run)}">{when}</td>'
            f'<td class="m">{badge(mark_of(line))}</td><td class="words">{words(line)}</td>'
            f'<td class="seal">{cell(line.seal)}</td><td class="m">{" · ".join(links)}</td></tr>'
        )
    yield "</tbody></table></div>"


def words(line: Line) -> str:
    """Return what a run came to in words, or the first bad entry of one that is INVALID."""
    text = escaped(line.words, limit=_BROKEN)
    return f'<span class="bad">{text}</span>' if line.verdict is None else text
