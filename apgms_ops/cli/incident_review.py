"""`apgms-ops incident review schedule|hold`: the review of an incident, planned and held within the time it is due in.

Exit codes: 0 done; 1 it is written down, and was held too late; 4 refused, misused or not configured.
"""

import argparse
from pathlib import Path

from apgms_ops.cli import acting, incident_session
from apgms_ops.cli.asking import say
from apgms_ops.cli.incident_session import now, time_of
from apgms_ops.errors import ConfigurationError
from apgms_ops.verdict import Verdict, exit_code

_LONGEST = 100_000
"""Bytes of what a review came to."""


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `review`."""
    text = "plan the review of an incident, and write down what it came to"
    review = verbs.add_parser("review", help=text, description=text)
    actions = review.add_subparsers(metavar="COMMAND", required=True)
    text = "write down when the review will be held; refused where that is too late"
    schedule = actions.add_parser("schedule", help=text, description=text)
    text = "write down that the review was held, and what it came to"
    hold = actions.add_parser("hold", help=text, description=text)
    for parser in (schedule, hold):
        parser.add_argument("incident", metavar="INCIDENT", help="PagerDuty's id, or the name of the timeline file")
    schedule.add_argument("--at", metavar="TIME", required=True, help="with its zone: 2026-11-28T10:00+11:00")
    hold.add_argument("--at", metavar="TIME", help="when it was held, with its zone (default: now)")
    came = hold.add_mutually_exclusive_group(required=True)
    came.add_argument("--outcome", metavar="TEXT", help="what was found, and who does what")
    came.add_argument("--outcome-file", metavar="FILE", type=Path, help="the same, as a file in Markdown")
    incident_session.register(schedule, _schedule)
    incident_session.register(hold, _hold)


def _schedule(arguments: argparse.Namespace) -> int:
    session = incident_session.opened(arguments, online=False)
    file, at = session.files.of(arguments.incident), time_of("--at", arguments.at)
    step = f"{file.name}: review scheduled for {session.files.local(at).isoformat()}"
    action = session.action(f"incident review schedule {file.name}", f"plans the review of {file.title!r}", (step,))
    if not acting.agreed(arguments, action):
        return 0
    with acting.recorded(arguments, action):
        session.files.planned(file, at, now(), session.deadline)
    say(f"{file.name}: the review is planned; it is due by {session.files.local(session.files.due(file)).isoformat()}")
    return 0


def _hold(arguments: argparse.Namespace) -> int:
    session = incident_session.opened(arguments, online=False)
    file = session.files.of(arguments.incident)
    at = now() if arguments.at is None else time_of("--at", arguments.at)
    outcome = arguments.outcome if arguments.outcome_file is None else _read(arguments.outcome_file)
    due = session.files.due(file)
    step = f"{file.name}: review held at {session.files.local(at).isoformat()}, and what it came to"
    action = session.action(f"incident review hold {file.name}", f"closes the review of {file.title!r}", (step,))
    if not acting.agreed(arguments, action):
        return 0
    with acting.recorded(arguments, action):
        session.files.held(file, outcome, at, now(), session.deadline)
    say(f"{file.name}: the review is written down")
    if at > due:
        say(f"it was held too late: it was due by {session.files.local(due).isoformat()}")
        return exit_code([Verdict.FAIL])
    return 0


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LONGEST:
            msg = f"--outcome-file {path}: longer than {_LONGEST} bytes"
            raise ConfigurationError(msg)
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"--outcome-file {path} cannot be read: {error}"
        raise ConfigurationError(msg) from error
