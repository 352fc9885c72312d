"""`apgms-ops runs overdue`: a dead man's switch for whatever starts the daily checks."""

import argparse
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apgms_ops.cli import report
from apgms_ops.compliance import load_runbook
from apgms_ops.environment.evidence import Evidence
from apgms_ops.environment.loading import find, folder_of_environments, load
from apgms_ops.environment.types import format_duration, parse_duration
from apgms_ops.errors import ConfigurationError
from apgms_ops.evidence import daily
from apgms_ops.redact import printable

EXIT_OVERDUE = 1
_EPILOG = """What counts: a run whose ledger verifies and is closed, that came to verdicts, that planned every step of
the daily checks, that is no replay, and that does not lie in the future. No run at all is overdue."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `runs`."""
    parser = subparsers.add_parser("runs", help="whether the daily checks were run when they had to be")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    text = "exit 1 where the daily checks have not been run for too long"
    overdue = commands.add_parser("overdue", help=text, description=f"{text}.", epilog=_EPILOG)
    overdue.add_argument("--every", metavar="DURATION", help="such as 24h (default: `every` in [evidence])")
    overdue.add_argument("--env", metavar="NAME", help="whose runs (default: every environment that has runs here)")
    overdue.add_argument("--environments", metavar="DIR", help="folder of environment files")
    overdue.add_argument("--runs", metavar="DIR", type=Path, help=f"folder of runs (default: {report.RUNS})")
    overdue.set_defaults(run=_overdue)


def _overdue(arguments: argparse.Namespace, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    runs = arguments.runs or report.folder_of_runs(Path.cwd())
    names = [arguments.env] if arguments.env else list(daily.environments(runs))
    if not names:
        sys.stdout.write(f"OVERDUE  there is no run in {printable(str(runs))}\n")
        return EXIT_OVERDUE
    steps = daily_steps()
    late = [_say(runs, name, _every(arguments, name), steps, clock()) for name in names]
    return EXIT_OVERDUE if any(late) else 0


def daily_steps() -> frozenset[int]:
    """Return the steps of the runbook's daily checks that have checks."""
    sections = (section for section in load_runbook().sections if section.name == daily.SECTION)
    return frozenset(
        step.number for section in sections for step in section.steps if not step.planned and step.command is None
    )


def _every(arguments: argparse.Namespace, name: str) -> timedelta:
    if arguments.every is not None:
        try:
            return parse_duration(arguments.every)
        except ValueError as error:
            msg = f"--every: {error}"
            raise ConfigurationError(msg) from error
    file = find(name, folder_of_environments(arguments.environments, os.environ, Path.cwd()))
    evidence = load(file).evidence
    if not isinstance(evidence, Evidence) or evidence.every is None:
        msg = f"how often? Say --every 24h, or `every` in [evidence] of {file}"
        raise ConfigurationError(msg)
    return evidence.every.value


def _say(runs: Path, name: str, every: timedelta, steps: frozenset[int], now: datetime) -> bool:
    """Say how an environment stands; return whether it is overdue."""
    last = daily.newest(runs, name, steps, now)
    name = printable(name, limit=100)
    if last is None:
        sys.stdout.write(f"OVERDUE  {name}: no run of the daily checks counts in {printable(str(runs))}\n")
        return True
    age = max(now - last.at, timedelta())
    late = age > every
    minutes = age // timedelta(minutes=1)
    words = f"{last.run} was {minutes // 60} h {minutes % 60} min ago; one is due every {format_duration(every)}"
    sys.stdout.write(f"{'OVERDUE ' if late else 'ok      '} {name}: {printable(words)}\n")
    return late
