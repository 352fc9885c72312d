"""`apgms-ops evidence period`: what an auditor asks of a quarter."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from apgms_ops.cli import report
from apgms_ops.cli.runs import daily_steps
from apgms_ops.compliance import load_controls
from apgms_ops.environment.evidence import Evidence
from apgms_ops.environment.loading import find, folder_of_environments, load
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import ConfigurationError
from apgms_ops.evidence.period import Period, Red, of_control, tell
from apgms_ops.redact import printable

ZONE = ZoneInfo("Australia/Sydney")
_SHOWN = 10
"""Runs of a kind that are listed."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evidence period`."""
    text = "per control: runs expected and performed, what was red and for how long, waivers used"
    dates = "Days are those of Australia/Sydney, both inclusive; a time with its zone is taken as it is."
    parser = commands.add_parser("period", help=text, description=f"{text}. {dates}")
    parser.add_argument("--from", dest="start", metavar="DATE", required=True, help="first day, such as 2026-07-01")
    parser.add_argument("--to", dest="end", metavar="DATE", required=True, help="last day, such as 2026-09-30")
    parser.add_argument("--env", metavar="NAME", default="production", help="whose runs (default: production)")
    parser.add_argument("--environments", metavar="DIR", help="folder of environment files")
    parser.add_argument("--runs", metavar="DIR", type=Path, help=f"folder of runs (default: {report.RUNS})")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.set_defaults(run=_period)


def _period(arguments: argparse.Namespace) -> int:
    start, end = moment(arguments.start, "--from"), moment(arguments.end, "--to", whole_day=True)
    if start >= end:
        msg = "--to: not before --from"
        raise ConfigurationError(msg)
    here = Path.cwd()
    environment = load(find(arguments.env, folder_of_environments(arguments.environments, os.environ, here)))
    evidence = environment.evidence
    every = evidence.every.value if isinstance(evidence, Evidence) and evidence.every else None
    runs = arguments.runs or report.folder_of_runs(here)
    now = datetime.now(UTC)
    found = tell(runs, environment.name, start, end, every=every, steps=daily_steps(), now=now)
    if arguments.json:
        sys.stdout.write(json.dumps(as_json(found), indent=1) + "\n")
    else:
        sys.stdout.writelines(f"{printable(line, limit=500)}\n" for line in _lines(found, now))
    return 0


def moment(text: str, option: str, *, whole_day: bool = False) -> datetime:
    """Return the moment at which a day in Sydney begins, or at which it is over; a time with its zone as it is.

    Raises:
        ConfigurationError: It is neither.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{option}: expected a day such as 2026-07-01, or a time with its zone, not {printable(text, limit=60)!r}"
        raise ConfigurationError(msg) from error
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    if at.time() != time():
        msg = f"{option}: a time needs its zone, such as 2026-07-01T09:00:00+10:00"
        raise ConfigurationError(msg)
    # The day after is a date of the calendar: on two days of the year it is not 24 hours away.
    day = at.date() + timedelta(days=1) if whole_day else at.date()
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def _lines(period: Period, now: datetime) -> Iterator[str]:
    span = f"{period.start.astimezone(ZONE):%Y-%m-%d %H:%M %z} to {period.end.astimezone(ZONE):%Y-%m-%d %H:%M %z}"
    yield f"{period.environment}, {span}"
    often = "nobody says how often" if period.every is None else f"one every {format_duration(period.every)}"
    expected = "?" if period.expected is None else period.expected
    yield f"daily checks: {period.daily} runs of {expected} expected ({often}); {period.performed} runs in all"
    yield "seals: missing ones are told, and none is verified here: `apgms-ops evidence verify` does that"
    for missed in period.missed:
        yield f"- EXCEPTION {missed.count} missed between {_utc(missed.since)} and {_utc(missed.until)}"
    broken = {"does not verify": period.invalid, "UNSEALED": period.unsealed, "never closed": period.unfinished}
    for what, runs in broken.items():
        for run in runs[:_SHOWN]:
            yield f"- EXCEPTION {what}: {run}"
        if len(runs) > _SHOWN:
            yield f"- EXCEPTION {what}: {len(runs) - _SHOWN} more runs"
    for control in load_controls().controls:
        reds = of_control(period.reds, control.name)
        judged = period.judged.get(control.name, 0)
        state = f"judged in {judged} runs" if judged else "GAP: no run has judged it"
        yield f"{control.name}: {state}, {len(reds)} exceptions"
        for red in reds:
            yield from _red(red, now)
    others = [red for red in period.reds if not red.controls]
    if others:
        yield f"of no control: {len(others)} exceptions"
        for red in others:
            yield from _red(red, now)
    yield f"{period.exceptions} exceptions"


def _red(red: Red, now: datetime) -> Iterator[str]:
    lasted = _span((red.until or now) - red.since)
    over = f"{lasted}, until {_utc(red.until)}" if red.until else f"{lasted}, STILL RED"
    yield f"- {red.verdict} since {_utc(red.since)} for {over}: {red.check}"
    if red.until:
        where = f"{red.green_run}, run by {red.green_by}, checks at {red.green_at_commit[:12]}"
        yield f"- - green again in {where}; who mended it is not recorded"
    for waiver in red.waived:
        yield f"- - waived until {waiver['expires']}: {waiver['reason']}; {waiver['approver']} ({waiver['approval']})"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _span(span: timedelta) -> str:
    hours, minutes = divmod(int(span.total_seconds()) // 60, 60)
    days, rest = divmod(hours, 24)
    return f"{days} d {rest} h" if days else f"{hours} h {minutes} min"


def as_json(period: Period) -> dict[str, Any]:
    """Return a period as JSON; times in UTC."""
    return {
        "environment": period.environment,
        "from": period.start.isoformat(),
        "to": period.end.isoformat(),
        "runs": {"expected": period.expected, "daily": period.daily, "performed": period.performed},
        "missed": [{"from": m.since.isoformat(), "to": m.until.isoformat(), "count": m.count} for m in period.missed],
        "invalid": period.invalid,
        "unsealed": period.unsealed,
        "seals_verified": False,
        "unfinished": period.unfinished,
        "controls": {
            control.name: {
                "judged": period.judged.get(control.name, 0),
                "red": [_red_json(red) for red in of_control(period.reds, control.name)],
            }
            for control in load_controls().controls
        },
        "exceptions": period.exceptions,
    }


def _red_json(red: Red) -> dict[str, Any]:
    return {
        "check": red.check,
        "verdict": str(red.verdict),
        "since": red.since.isoformat(),
        "until": None if red.until is None else red.until.isoformat(),
        "run": red.run,
        "green_run": red.green_run or None,
        "green_by": red.green_by,
        "green_at_commit": red.green_at_commit,
        "waived": [dict(waiver) for waiver in red.waived],
    }
