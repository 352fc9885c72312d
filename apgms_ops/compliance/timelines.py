"""Timeline files of incidents, `runbooks/incidents/<date>-<summary>.md`: read strictly, written in one form. Pure.

# Payments stop: sbr.submit backs up

- Incident: PABC123
- Severity: sev1
- Service: payments
- Detected: 2026-11-27T09:30:00+11:00
- Declared: 2026-11-27T09:34:00+11:00
- Resolved: 2026-11-27T11:02:00+11:00
- Personal data breach: no
- Review held: 2026-11-28T10:00:00+11:00

## Timeline

- 2026-11-27T09:30:00+11:00 Consumer lag alert fires.

## Review

Whatever the review came to.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from apgms_ops.redact import Redactor, printable

INCIDENT: Final = "Incident"
SEVERITY: Final = "Severity"
SERVICE: Final = "Service"
DETECTED: Final = "Detected"
DECLARED: Final = "Declared"
RESOLVED: Final = "Resolved"
BREACH: Final = "Personal data breach"
NOTIFIED: Final = "ATO notified"
SCHEDULED: Final = "Review scheduled"
HELD: Final = "Review held"
FIELDS: Final = (INCIDENT, SEVERITY, SERVICE, DETECTED, DECLARED, RESOLVED, BREACH, NOTIFIED, SCHEDULED, HELD)
"""What the list at the top may say, in the order in which it is written."""
TIMES: Final = (DETECTED, DECLARED, RESOLVED, NOTIFIED, SCHEDULED, HELD)
SEVERITIES: Final = ("sev1", "sev2", "sev3")
_REQUIRED: Final = (INCIDENT, SEVERITY, DETECTED, DECLARED, BREACH)
_NAME: Final = re.compile(r"(\d{4}-\d\d-\d\d)-[a-z0-9]+(?:-[a-z0-9]+)*\.md")
_LONGEST_SLUG: Final = 60
_FIELD: Final = re.compile(r"- ([A-Z][A-Za-z ]{2,30}): *(.*?) *")
_ENTRY: Final = re.compile(r"- (\S+) +(\S.*?) *")
_PLACEHOLDER: Final = re.compile(
    r"(?i)\b(?:todo|tbd|tba|fixme|xxx)\b|<[a-z][a-z _-]*>|\[(?:time|name|summary|insert[^\]]*)\]"
)
_PERSONAL: Final = (
    ("an e-mail address", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")),
    ("a telephone number", re.compile(r"(?<![\w.:+-])(?:\+61[ -]?|0)[2-478](?:[ -]?\d){8}(?!\w|[.:-]\d)")),
)
_LIMIT: Final = 200
"""Characters of what is quoted."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a timeline file says, and what is wrong with it."""

    name: str
    """Of the file."""
    title: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    """What the list at the top says that is no time."""
    times: Mapping[str, datetime] = field(default_factory=dict)
    """And the times, each with its zone."""
    entries: tuple[Entry, ...] = ()
    review: str = ""
    """The text of the review."""
    problems: tuple[str, ...] = ()
    """What is wrong, in sentences that quote no personal data."""

    @property
    def incident(self) -> str:
        """PagerDuty's id of the incident; empty where it is not said."""
        return self.words.get(INCIDENT, "")

    @property
    def breach(self) -> bool | None:
        """Whether personal data was breached; None where that is not said."""
        return {"yes": True, "no": False}.get(self.words.get(BREACH, ""))


def name_of(day: date, summary: str) -> str:
    """Return the name of the file of an incident: safe in a path, a shell and an address, whatever the summary is."""
    plain = unicodedata.normalize("NFKD", summary).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain))[:_LONGEST_SLUG].strip("-") or "incident"
    return f"{day:%Y-%m-%d}-{slug}.md"


def written(timeline: Timeline) -> str:
    """Return the text of a file that says this."""
    said = {**timeline.words, **{name: at.isoformat() for name, at in timeline.times.items()}}
    fields = "".join(f"- {name}: {_line(said[name])}\n" for name in FIELDS if name in said)
    entries = "".join(f"- {entry.at.isoformat()} {_line(entry.text)}\n" for entry in timeline.entries)
    review = f"\n## Review\n\n{timeline.review.strip()}\n" if timeline.review.strip() else ""
    return f"# {_line(timeline.title)}\n\n{fields}\n## Timeline\n\n{entries}{review}"


def read(name: str, text: str) -> Timeline:
    """Read a file; what is wrong with it is in `problems`, and nothing is raised."""
    problems = list(_of_name(name))
    title, head, body, review = _parts(text)
    if not title:
        problems.append("it has no title: its first line is to be `# …`")
    words, times = _fields(head, problems)
    entries = tuple(_entries(body, problems))
    problems += _of_order(times, entries)
    problems += _of_text(text)
    return Timeline(name, title, words, times, entries, review, tuple(problems))


def _parts(text: str) -> tuple[str, list[str], list[str], str]:
    """Return the title, the lines before the first heading, those of the timeline, and the text of the review."""
    title, part = "", "head"
    lines: dict[str, list[str]] = {"head": [], "timeline": [], "review": [], "": []}
    for line in text.splitlines():
        if line.startswith("## "):
            part = {"timeline": "timeline", "review": "review"}.get(line[3:].strip().lower(), "")
        elif line.startswith("# ") and not title and part == "head":
            title = printable(line[2:].strip(), limit=_LIMIT)
        else:
            lines[part].append(line)
    return title, lines["head"], lines["timeline"], "\n".join(lines["review"]).strip()


def _of_name(name: str) -> Iterator[str]:
    found = _NAME.fullmatch(name)
    try:
        if found is not None:
            date.fromisoformat(found[1])
            return
    except ValueError:
        pass
    yield "its name is not of the form 2026-11-27-what-happened.md"


def _fields(lines: list[str], problems: list[str]) -> tuple[dict[str, str], dict[str, datetime]]:
    words: dict[str, str] = {}
    times: dict[str, datetime] = {}
    for line in lines:
        if not line.strip():
            continue
        found = _FIELD.fullmatch(line)
        if found is None or found[1] not in FIELDS:
            problems.append(f"at its top stands {_quoted(line)}, which is none of: {', '.join(FIELDS)}")
        elif found[1] in words or found[1] in times:
            problems.append(f"{found[1]} is said twice")
        elif found[1] not in TIMES:
            words[found[1]] = printable(found[2], limit=_LIMIT)
        elif (at := _time(found[2])) is not None:
            times[found[1]] = at
        else:
            problems.append(
                f"{found[1]}: {_quoted(found[2])} is no time with its zone, as 2026-11-27T09:30:00+11:00 is"
            )
    problems += [f"{name} is not said" for name in _REQUIRED if name not in words and name not in times]
    if words.get(SEVERITY, SEVERITIES[0]) not in SEVERITIES:
        problems.append(f"Severity is one of {', '.join(SEVERITIES)}, not {_quoted(words[SEVERITY])}")
    if words.get(BREACH, "no") not in {"yes", "no"}:
        problems.append(f"{BREACH} is yes or no, not {_quoted(words[BREACH])}")
    return words, times


def _entries(lines: list[str], problems: list[str]) -> Iterator[Entry]:
    count = 0
    for line in lines:
        if not line.strip() or line.startswith("  "):  # a longer entry goes on, indented
            continue
        found = _ENTRY.fullmatch(line)
        at = _time(found[1]) if found is not None else None
        if found is None or at is None:
            problems.append(f"the timeline says {_quoted(line)}, which begins with no time with its zone")
            continue
        count += 1
        yield Entry(at, printable(found[2], limit=2000))
    if not count:
        problems.append("its timeline is empty")


def _of_order(times: Mapping[str, datetime], entries: tuple[Entry, ...]) -> Iterator[str]:
    for before, after in itertools.pairwise(entries):
        if after.at < before.at:
            yield f"the entry of {after.at.isoformat()} stands after that of {before.at.isoformat()}"
    for earlier, later in ((DETECTED, DECLARED), (DETECTED, RESOLVED), (RESOLVED, HELD), (DETECTED, NOTIFIED)):
        if earlier in times and later in times and times[later] < times[earlier]:
            yield f"{later} ({times[later].isoformat()}) is before {earlier} ({times[earlier].isoformat()})"


def _of_text(text: str) -> Iterator[str]:
    """Yield what no file may hold: leftovers of the template, and personal data, of which only the line is told."""
    redact = Redactor()
    for number, line in enumerate(text.splitlines(), 1):
        if (found := _PLACEHOLDER.search(line)) is not None:
            yield f"line {number} is not filled in: {_quoted(found[0])}"
        if redact(line) != line:
            yield f"line {number} holds what looks like a tax file number, an account number or a secret"
        yield from (f"line {number} holds {what}" for what, pattern in _PERSONAL if pattern.search(line))


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None and "T" in text else None


def _line(text: str) -> str:
    return printable(text, limit=2000)


def _quoted(text: str) -> str:
    """Return hostile text in quotes, without what is secret in it."""
    clean = Redactor()(text)
    for _, pattern in _PERSONAL:
        clean = pattern.sub("***", clean)
    return f'"{printable(clean.strip(), limit=80)}"'
