"""A gate as Markdown: the summary of a step of GitHub Actions. Pure.

GitHub takes a megabyte a step, and shows none of what is longer: everything here is bounded.
"""

from collections.abc import Iterator
from typing import Final

from apgms_ops.redact import printable
from apgms_ops.reports.gate.escaping import code, fenced, markdown
from apgms_ops.reports.gate.model import Advice, GateResult, Round
from apgms_ops.reports.model import CheckResult
from apgms_ops.verdict import EXIT_FAIL, EXIT_GREEN, Verdict

_SEEN: Final = 500
"""Characters of what was seen that are shown; the report shows it whole."""
_CHECKS: Final = 100
"""Checks that are shown."""
_ROUNDS: Final = 30
"""Rounds that are shown, the newest."""
_LINE: Final = 1000
_ID: Final = 300
_SIGNS: Final = {
    Verdict.FAIL: "❌",
    Verdict.UNKNOWN: "❓",
    Verdict.WAIVED: "⚠️",
    Verdict.SKIPPED: "⏭️",
    Verdict.PASS: "✅",
}


def summary(result: GateResult) -> str:
    """Return the whole of it; it ends with an empty line, so that more may follow."""
    return "\n".join([*_head(result), *_advice(result.advice), *_rounds(result), *_last(result)]) + "\n\n"


def _head(result: GateResult) -> Iterator[str]:
    green = "⚠️" if result.waived else "✅"
    sign = {EXIT_GREEN: green, EXIT_FAIL: "❌"}.get(result.code, "❓")
    environment, release = markdown(result.environment, limit=100), markdown(result.release, limit=100)
    yield f"## {sign} {environment} {release}: {result.decision}"
    yield ""
    last = result.rounds[-1] if result.rounds else None
    counts = last.tally if last else "no run was made"
    yield f"**{counts}** (exit {result.code})"
    yield ""
    if result.interrupted:
        yield "The gate was interrupted: whatever was green until then, it was not seen to the end."
        yield ""
    for sentence in last.findings if last else ():
        yield f"- ❗ {code(sentence, limit=_LINE)}"
    if last and last.findings:
        yield ""


def _advice(advice: Advice | None) -> Iterator[str]:
    if advice is None:
        return
    yield f"### {markdown(advice.title, limit=200)}"
    yield ""
    yield from (f"- {markdown(sentence, limit=_LINE)}" for sentence in advice.sentences)
    yield ""
    if advice.commands:
        yield from fenced(tuple(printable(command, limit=_LINE) for command in advice.commands), "sh")
        yield ""


def _rounds(result: GateResult) -> Iterator[str]:
    if result.soak is None:
        return
    shown = result.rounds[-_ROUNDS:]
    yield f"### Rounds (soak {markdown(result.soak, limit=50)})"
    yield ""
    yield "| round | began | took | decision | checks |"
    yield "| ---: | --- | ---: | --- | --- |"
    for told in shown:
        yield f"| {told.number} | {told.began} | {told.took:.1f} s | {told.decision} | {told.tally} |"
    if len(shown) < len(result.rounds):
        yield ""
        yield f"{len(result.rounds) - len(shown)} rounds before these are not shown."
    yield ""


def _last(result: GateResult) -> Iterator[str]:
    if not result.rounds:
        return
    last = result.rounds[-1]
    yield from _table("Not green", last.not_green)
    passed = tuple(check for check in last.checks if check.verdict is Verdict.PASS)
    if passed:
        yield f"<details><summary>{len(passed)} checks passed</summary>"
        yield ""
        yield from (f"- {_promise(check)}{_of_what(check)}" for check in passed[:_CHECKS])
        if len(passed) > _CHECKS:
            yield f"- and {len(passed) - _CHECKS} more"
        yield ""
        yield "</details>"
        yield ""
    yield from _evidence(last)


def _table(title: str, checks: tuple[CheckResult, ...]) -> Iterator[str]:
    if not checks:
        return
    yield f"### {title}"
    yield ""
    yield "| verdict | promised | seen | runbook |"
    yield "| --- | --- | --- | --- |"
    for check in checks[:_CHECKS]:
        step = markdown(f"{check.section} {check.step}, {check.step_title}", limit=200)
        where = code(check.id, limit=_ID)
        seen = code(check.seen, limit=_SEEN)
        yield f"| {_SIGNS[check.verdict]} {check.verdict} | {_promise(check)}<br>{where} | {seen} | {step} |"
    if len(checks) > _CHECKS:
        yield ""
        yield f"{len(checks) - _CHECKS} more are not shown; the ledger holds them."
    yield ""


def _promise(check: CheckResult) -> str:
    return markdown(check.promise, limit=_ID)


def _of_what(check: CheckResult) -> str:
    """Return the parameters of a check, of which there may be several with one promise."""
    _, _, parameters = check.id.rstrip("]").partition("[")
    return f" ({markdown(parameters, limit=200)})" if parameters else ""


def _evidence(last: Round) -> Iterator[str]:
    if last.run is not None:
        yield f"Evidence: {code(last.folder, limit=_ID)}, ledger head {code(last.head, limit=64)}"
