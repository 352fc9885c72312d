"""What the report says of a check beside its verdict: HTML of ours, in which every text of others is text. Pure."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from apgms_ops.observation import Observation
from apgms_ops.reports.svg import escaped
from apgms_ops.reports.told import Told
from apgms_ops.verdict import Verdict

_SEEN: Final = 4000
"""Characters."""
IN_WORDS: Final[Mapping[Verdict, str]] = {
    Verdict.PASS: "the promise was seen to hold",
    Verdict.FAIL: "the promise was seen not to hold",
    Verdict.UNKNOWN: "it could not be observed, which is never green",
    Verdict.WAIVED: "the promise was seen not to hold (raw verdict FAIL), under a waiver",
    Verdict.SKIPPED: "the environment declares absent what it looks at",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a probe of the check saw, and the digest under which the run keeps it; None where it cannot be shown."""

    probe: str
    digest: str | None
    observation: Observation | None
    trouble: str = ""
    """Why it cannot be shown."""


def describe(
    check: Told, limits: Iterable[str], evidence: Iterable[Evidence], pictures: Iterable[tuple[str, str]]
) -> str:
    """Return the description: promise, verdict, what was seen against which limit, runbook, evidence, pictures.

    Args:
        check: The check.
        limits: What its facts are compared with, a line each.
        evidence: What its probes saw.
        pictures: The name and the SVG of each drawing.
    """
    rows = [
        ("Promise", escaped(check.promise, limit=_SEEN)),
        ("Verdict", f"<b>{check.verdict}</b>: {IN_WORDS[check.verdict]}"),
        ("Seen", _seen(check)),
        *(("Waiver", line) for line in _waiver(check.waiver)),
        ("Limits", "<br>".join(escaped(line) for line in limits) or "none in numbers"),
        ("Runbook", f"{escaped(check.section)}, step {check.step}: {escaped(check.step_title)}"),
        ("Controls", ", ".join(map(escaped, check.controls)) or "none"),
        *(("Evidence", line) for line in map(_evidence, evidence)),
    ]
    # A long word is broken: a table as wide as a digest would be cut off on a telephone.
    broken = 'style="white-space:normal;overflow-wrap:anywhere"'
    table = "".join(
        f'<tr><th align="left" valign="top">{name}</th><td {broken}>{text}</td></tr>' for name, text in rows
    )
    return f"<table>{table}</table>" + "".join(f"<p>{_image(name, drawing)}</p>" for name, drawing in pictures)


def _seen(check: Told) -> str:
    if check.seen:
        return escaped(check.seen, limit=_SEEN)
    return "nothing against it; the facts are attached below" if check.probes else "nothing against it"


def _waiver(waiver: Mapping[str, Any] | None) -> Iterator[str]:
    if waiver is not None:
        told = (
            f"{name}: {escaped(str(waiver[name]))}"
            for name in ("reason", "owner", "approver", "approval", "issued", "expires", "link")
            if waiver.get(name) is not None
        )
        yield "<br>".join(told)


def _evidence(one: Evidence) -> str:
    if one.observation is None:
        return f"<b>{escaped(one.probe)}</b>: {escaped(one.trouble)}"
    seen = one.observation
    by = ", ".join(f"{i.system} {i.id}" for i in seen.identities)
    when = f"{seen.observed_at:%Y-%m-%d %H:%M:%S} UTC, took {seen.took:.2f} s"
    answered = f"; answered by {escaped(by)}" if by else ""
    failed = f"; no answer: {escaped(seen.failure.cause, limit=_SEEN)}" if seen.failure is not None else ""
    return f"<b>{escaped(one.probe)}</b> at {when}{answered}{failed}<br><code>observations/{one.digest}.json</code>"


def _image(name: str, drawing: str) -> str:
    # As an image: nothing in it runs or loads.
    data = base64.b64encode(drawing.encode()).decode()
    return f'<img alt="{escaped(name)}" style="max-width:100%" src="data:image/svg+xml;base64,{data}">'
