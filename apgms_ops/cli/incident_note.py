"""`apgms-ops incident note|timeline|resolve|breach`: what happens to an incident, written down as it happens.

Exit codes: 0 done; 1 part of it is missing, and what is said; 10 PagerDuty could not be asked; 4 refused or misused.
"""

import argparse
import shlex
import sys
from collections.abc import Callable

from apgms_ops.cli import acting, incident_session
from apgms_ops.cli.asking import say
from apgms_ops.cli.incident_session import Session, Unfinished, now, time_of
from apgms_ops.compliance import timelines
from apgms_ops.compliance.timelines import Timeline
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import ApgmsOpsError, ConfigurationError, Unobserved
from apgms_ops.redact import printable
from apgms_ops.verdict import Verdict, exit_code


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verbs."""
    text = "write down what happened, in the timeline and as a note at PagerDuty"
    note = _verb(verbs, "note", text, _note)
    note.add_argument("--text", metavar="TEXT", required=True, help="in one line, without personal data")
    note.add_argument("--at", metavar="TIME", help="when it happened, with its zone (default: now)")
    text = "show the timeline, and what is wrong with it"
    _verb(verbs, "timeline", text, _timeline, changes=False)
    text = "resolve it at PagerDuty, and write down when, and how"
    resolve = _verb(verbs, "resolve", text, _resolve)
    resolve.add_argument("--text", metavar="TEXT", required=True, help="how it ended, in one line")
    text = "write down that personal data was breached, and when the ATO was notified"
    breach = _verb(verbs, "breach", text, _breach)
    breach.add_argument("--ato-notified", metavar="TIME", help="when the ATO was told, with its zone")


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    text: str,
    run: Callable[[argparse.Namespace], int],
    *,
    changes: bool = True,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("incident", metavar="INCIDENT", help="PagerDuty's id of it, or the name of its timeline file")
    incident_session.register(parser, run, changes=changes)
    return parser


def _note(arguments: argparse.Namespace) -> int:
    session = incident_session.opened(arguments)
    file = session.files.of(arguments.incident)
    at = now() if arguments.at is None else time_of("--at", arguments.at)
    text = " ".join(printable(arguments.text, limit=2000).split())
    steps = (f"an entry of {session.files.local(at).isoformat()} in {file.name}", f"a note on {_page(file)}")
    action = session.action(f"incident note {file.name}", f"writes {text!r} down", steps)
    if not acting.agreed(arguments, action):
        return 0
    try:
        with acting.recorded(arguments, action):
            new = session.files.note(file, text, at, session.deadline)
            say(f"{file.name}: {'written' if new else 'that stood there already'}")
            _note_there(session, file, text)
    except Unfinished as error:
        say(f"MISSING: the note at PagerDuty: {session.recorder.redact(str(error))}")
        words = [file.incident or file.name, "--text", text, "--at", at.isoformat(), "--env", arguments.env]
        say("what is done is not done twice; to finish, run it again:")
        say(f"apgms-ops incident note {shlex.join(words)}", indent="  ")
        return exit_code([Verdict.FAIL])
    return 0


def _note_there(session: Session, file: Timeline, text: str) -> None:
    """Write the same at PagerDuty.

    Raises:
        Unfinished: It is not there, and the text says why.
    """
    if not file.incident:
        msg = f"{file.name} does not name its incident: declare it again, as it was declared, and then note it again"
        raise Unfinished(msg)
    try:
        _require_pinned(session)
        new = session.paged.note(file.incident, text, session.deadline)
    except ApgmsOpsError as error:
        raise Unfinished(str(error)) from error
    say(f"PagerDuty: {'written' if new else 'that stood there already'}")


def _timeline(arguments: argparse.Namespace) -> int:
    session = incident_session.opened(arguments, online=False)
    file = session.files.of(arguments.incident)
    said = {**file.words, **{name: at.isoformat() for name, at in file.times.items()}}
    say(f"{file.title} ({file.name})")
    for name in (name for name in timelines.FIELDS if name in said):
        say(f"{name}: {said[name]}", indent="  ")
    for entry in file.entries:
        say(f"{entry.at.isoformat()}  {entry.text}", indent="  ")
    for problem in file.problems:
        say(f"WRONG: {problem}")
    if timelines.RESOLVED in file.times and timelines.HELD not in file.times:
        say(f"its review is due by {session.files.local(session.files.due(file)).isoformat()}")
    return exit_code([Verdict.FAIL if file.problems else Verdict.PASS])


def _resolve(arguments: argparse.Namespace) -> int:
    session = incident_session.opened(arguments)
    file = session.files.of(arguments.incident)
    if not file.incident:
        msg = f"{file.name} does not name PagerDuty's incident: `apgms-ops incident declare` again, as it was declared"
        raise ConfigurationError(msg)
    text = " ".join(printable(arguments.text, limit=2000).split())
    session.files.require_resolvable(file, text, now())
    steps = (f"PUT {session.oncall.url}/incidents/{file.incident}: resolved", f"the end, and how, in {file.name}")
    try:
        _require_pinned(session)
        action = session.action(f"incident resolve {file.incident}", f"resolves {file.title!r}", steps)
        if not acting.agreed(arguments, action):
            return 0
        with acting.recorded(arguments, action):
            found, at = session.paged.resolve(file.incident, session.deadline)
            say(f"PagerDuty says of incident {found.number}: resolved at {session.files.local(at).isoformat()}")
            new = session.files.resolved(file, text, at, session.deadline)
            say(f"{file.name}: {'written' if new else 'that stood there already'}")
    except Unobserved as error:
        sys.stderr.write(f"apgms-ops: {printable(session.recorder.redact(str(error)), limit=1000)}\n")
        return exit_code([Verdict.UNKNOWN])
    due, within = (
        session.files.due(session.files.of(file.name)),
        format_duration(session.oncall.incidents.reviewed.value),
    )
    say(f"its review is due within {within}, by {session.files.local(due).isoformat()}:")
    say(f"apgms-ops incident review schedule {file.incident} --at TIME --env {arguments.env}", indent="  ")
    return 0


def _breach(arguments: argparse.Namespace) -> int:
    session = incident_session.opened(arguments, online=False)
    file = session.files.of(arguments.incident)
    notified = None if arguments.ato_notified is None else time_of("--ato-notified", arguments.ato_notified)
    told = "" if notified is None else f", and the ATO notified at {session.files.local(notified).isoformat()}"
    action = session.action(
        f"incident breach {file.name}", "says that personal data was breached", (f"{file.name}: a breach{told}",)
    )
    if not acting.agreed(arguments, action):
        return 0
    with acting.recorded(arguments, action):
        session.files.breached(file, notified, now(), session.deadline)
    if notified is None and timelines.NOTIFIED not in file.times:
        say("the ATO must be notified; then: incident breach … --ato-notified TIME")
    return 0


def _require_pinned(session: Session) -> None:
    session.require_pinned(next(iter(session.oncall.services.values())).id, session.deadline)


def _page(file: Timeline) -> str:
    return f"incident {file.incident} at PagerDuty" if file.incident else "PagerDuty's incident, which it does not name"
