"""Changes of a timeline file's text, each of which leaves all else as people wrote it. Pure.

Every change that is in place already changes nothing, so that a command can be repeated.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from apgms_ops.compliance import timelines
from apgms_ops.compliance.timelines import FIELDS, Entry
from apgms_ops.errors import ConfigurationError
from apgms_ops.redact import printable

_ENTRY: Final = re.compile(r"- (\S+) ")
_FIELD: Final = re.compile(r"- ([A-Z][A-Za-z ]{2,30}):")
_NUMBERED: Final = re.compile(r"^line \d+ ")
_LONGEST: Final = 2000
"""Characters of an entry."""


def with_entry(text: str, entry: Entry) -> str:
    """Add an entry to the timeline, behind all that happened until then.

    Raises:
        ConfigurationError: The file has no timeline.
    """
    lines = text.splitlines()
    start, end = _section(lines, "timeline")
    written = f"- {entry.at.isoformat()} {printable(entry.text, limit=_LONGEST).strip()}"
    if written in lines[start:end]:
        return text
    place = start
    while place < end and not lines[place].strip():
        place += 1
    if place == end and place > start + 1:  # an empty timeline: one line stays blank on either side
        place = start + 1
    for number in range(start, end):
        at = _at(lines[number])
        if at is not None and at <= entry.at:
            place = number + 1
            while place < end and lines[place].startswith("  "):  # a longer entry goes on, indented
                place += 1
    return _joined([*lines[:place], written, *lines[place:]])


def with_field(text: str, name: str, value: str | datetime) -> str:
    """Say something in the list at the top, in place of what it says now, or where it belongs.

    Raises:
        ConfigurationError: The file has no timeline, and so no top.
    """
    lines = text.splitlines()
    head = _section(lines, "timeline")[0] - 1
    said = value.isoformat() if isinstance(value, datetime) else printable(value, limit=_LONGEST)
    written = f"- {name}: {said}"
    before = 0
    for number, line in enumerate(lines[:head]):
        found = _FIELD.match(line)
        if found is None:
            continue
        if found[1] == name:
            return text if line.rstrip() == written else _joined([*lines[:number], written, *lines[number + 1 :]])
        if found[1] in FIELDS and FIELDS.index(found[1]) < FIELDS.index(name):
            before = number + 1
    if not before:
        first = next((number for number, line in enumerate(lines[:head]) if _FIELD.match(line)), None)
        before = head if first is None else first
    return _joined([*lines[:before], written, *lines[before:]])


def with_review(text: str, outcome: str) -> str:
    """Say what the review came to, in place of what was said.

    Raises:
        ConfigurationError: The outcome would begin a part of the file of its own.
    """
    if any(line.startswith(("# ", "## ")) for line in outcome.splitlines()):
        msg = "what the review came to must have no headings of the first or second level: use ### and below"
        raise ConfigurationError(msg)
    said = ["", *(printable(line, limit=_LONGEST) for line in outcome.strip().splitlines())]
    lines = text.splitlines()
    if not _has(lines, "review"):
        return _joined([*_stripped(lines), "", "## Review", *said])
    start, end = _section(lines, "review")
    rest = ["", *lines[end:]] if end < len(lines) else []
    return _joined([*lines[:start], *said, *rest])


def new_problems(name: str, before: str, after: str) -> list[str]:
    """Return what is wrong with a file that was not wrong before the change."""
    old, new = (Counter(map(_unnumbered, timelines.read(name, text).problems)) for text in (before, after))
    return list((new - old).elements())


def _unnumbered(problem: str) -> str:
    return _NUMBERED.sub("a line ", problem)


def _at(line: str) -> datetime | None:
    found = _ENTRY.match(line)
    try:
        at = datetime.fromisoformat(found[1]) if found is not None else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _has(lines: Sequence[str], heading: str) -> bool:
    return any(_is(line, heading) for line in lines)


def _is(line: str, heading: str) -> bool:
    return line.startswith("## ") and line[3:].strip().lower() == heading


def _section(lines: Sequence[str], heading: str) -> tuple[int, int]:
    """Return the first line after a heading, and the first that is not of its section any more."""
    start = next((number for number, line in enumerate(lines) if _is(line, heading)), None)
    if start is None:
        msg = f"the file has no heading `## {heading.capitalize()}`: docs/incidents.md shows its form"
        raise ConfigurationError(msg)
    after = (number for number, line in enumerate(lines) if number > start and line.startswith("## "))
    return start + 1, next(after, len(lines))


def _stripped(lines: Sequence[str]) -> list[str]:
    kept = list(lines)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
