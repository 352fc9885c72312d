"""The end of a run on the terminal: a line for each check that is not green, what changed, the counts. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from apgms_ops.redact import printable
from apgms_ops.reports.model import CheckResult, ProbeResult, RunResult, SealResult
from apgms_ops.verdict import EXIT_FAIL, EXIT_GREEN, EXIT_UNKNOWN, Verdict

Style = Literal["red", "yellow", "green", "dim", "plain"]
SEEN_LIMIT = 700
"""Characters of what was seen that the terminal shows; the report shows it whole."""
_PROBES_SHOWN = 8
_STYLES: dict[Verdict, Style] = {
    Verdict.FAIL: "red",
    Verdict.UNKNOWN: "yellow",
    Verdict.WAIVED: "yellow",
    Verdict.SKIPPED: "dim",
    Verdict.PASS: "green",
}
_IN_WORDS = {
    2: "interrupted, not green",
    3: "pytest failed, not green",
    EXIT_GREEN: "all green",
    EXIT_FAIL: "something FAILED",
    EXIT_UNKNOWN: "nothing failed, and not all could be observed: not green",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the terminal, and its style."""

    text: str
    style: Style = "plain"


def summary(run: RunResult) -> list[Line]:
    """Return the lines that end a run; every text in them is harmless on a terminal."""
    troubles = (Line(f"waiver   {printable(text)}", "yellow") for text in run.waivers)
    return [*_not_green(run), *troubles, *_changes(run), *_probes(run.probes), *_counts(run)]


def check_line(check: CheckResult) -> Line:
    """Return one line: what was promised, what was seen against which limit, and the step of the runbook to open."""
    seen = printable(check.seen, limit=SEEN_LIMIT)
    step = f"runbook {check.section} {check.step}, {check.step_title}"
    text = " | ".join([f"{check.verdict:<7} {printable(check.promise)}", seen, step])
    return Line(text, _STYLES[check.verdict])


def _not_green(run: RunResult) -> Iterator[Line]:
    order = [Verdict.FAIL, Verdict.UNKNOWN, Verdict.WAIVED, Verdict.SKIPPED]
    for verdict in order:
        for check in run.checks:
            if check.verdict is verdict:
                yield check_line(check)
                yield Line(f"        {printable(check.id)}", "dim")
                if check.waiver is not None:
                    yield Line(f"        {waiver_line(check.waiver)}", "yellow")


def waiver_line(waiver: Mapping[str, Any]) -> str:
    """Return under what a FAIL is waived, for people."""
    approved = f"{waiver['approver']} ({waiver['approval']}, {waiver['link']})"
    text = (
        f"FAIL, waived until {waiver['expires']}: {waiver['reason']}; owner {waiver['owner']}, approved by {approved}"
    )
    return printable(text, limit=SEEN_LIMIT)


def _changes(run: RunResult) -> Iterator[Line]:
    if run.replay_of is not None:
        yield Line(f"replay of {run.replay_of}: nothing was read anew", "dim")
    if run.previous is None:
        return
    if not run.changes:
        yield Line(f"changed  nothing since {run.previous.run}", "dim")
        return
    yield Line(f"changed  since {run.previous.run}:")
    for change in run.changes:
        worse = change.now is not None and not change.now.green
        yield Line(f"         {change.before} → {change.now}  {printable(change.id)}", "red" if worse else "green")


def _probes(probes: tuple[ProbeResult, ...]) -> Iterator[Line]:
    if not probes:
        return
    slowest = sorted(probes, key=lambda probe: probe.took, reverse=True)
    shown = " · ".join(
        f"{probe.name} {probe.took:.2f} s{'' if probe.failure is None else ' (no answer)'}"
        for probe in slowest[:_PROBES_SHOWN]
    )
    more = f" · {len(probes) - _PROBES_SHOWN} more" if len(probes) > _PROBES_SHOWN else ""
    yield Line(f"probes   {shown}{more}", "dim")


def _counts(run: RunResult) -> Iterator[Line]:
    counts = " · ".join(f"{number} {verdict}" for verdict, number in run.counts.items()) or "no checks"
    unsealed = run.seal is not None and run.seal.failed and run.exit_code not in (EXIT_FAIL, EXIT_UNKNOWN)
    doubted = run.seal is not None and run.seal.doubted and run.exit_code not in (EXIT_FAIL, EXIT_UNKNOWN)
    why = "not sealed, not green" if unsealed else "who ran it is not proven, not green" if doubted else ""
    verdict = why or _IN_WORDS.get(run.exit_code, f"exit {run.exit_code}")
    if run.exit_code == EXIT_GREEN and run.counts.get(Verdict.WAIVED):
        verdict = "green, but for what is WAIVED"
    worst = next(iter(run.counts), Verdict.UNKNOWN)
    style: Style = "green" if run.exit_code == EXIT_GREEN else "red" if worst is Verdict.FAIL else "yellow"
    yield Line(f"{printable(run.environment)}: {counts}: {verdict} (exit {run.exit_code})", style)
    yield Line(f"evidence {printable(run.folder)}, ledger head {run.head[:16]}", "dim")
    if run.seal is not None:
        yield from _seal(run.seal)


def _seal(seal: SealResult) -> Iterator[Line]:
    if seal.ran_by:
        loud: Style = "red" if seal.doubted else "dim" if seal.ran_by.startswith("proven") else "yellow"
        yield Line(f"ran by   {printable(seal.ran_by)}", loud)
    if seal.unsealed:
        yield Line(f"UNSEALED {printable(seal.unsealed)}", "red" if seal.failed else "yellow")
        return
    dated = f", dated {seal.dated}" if seal.dated else ""
    yield Line(f"sealed   by {printable(seal.key)}{dated}, {seal.place or 'in no chain'}, head {seal.head}", "dim")
    if seal.undated:
        yield Line(f"UNTIMESTAMPED {printable(seal.undated)}", "yellow")
    if seal.unchained:
        yield Line(f"UNCHAINED {printable(seal.unchained)}", "yellow")
