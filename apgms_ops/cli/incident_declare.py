"""`apgms-ops incident declare`: calls people, and begins to write it down. Repeated, it finishes what is missing.

Exit codes: 0 all of it is there; 1 something is missing, and what is said; 4 misused or not configured.
"""

import argparse
import shlex
from datetime import datetime

from apgms_ops.cli import acting, incident_session
from apgms_ops.cli.asking import say
from apgms_ops.cli.incident_session import Session, Unfinished, now, time_of
from apgms_ops.clients.pagerduty.commands import PagerdutyCommands
from apgms_ops.compliance.timelines import SEVERITIES
from apgms_ops.errors import ConfigurationError, Unobserved, WrongTarget
from apgms_ops.incidents.declaring import Declaration, Declared, Declaring
from apgms_ops.redact import printable
from apgms_ops.verdict import Verdict, exit_code


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `declare`."""
    text = (
        "open an incident at PagerDuty, tell the channel, and begin the timeline; repeated, it finishes what is missing"
    )
    declare = verbs.add_parser("declare", help=text, description=text)
    declare.add_argument("--summary", metavar="TEXT", required=True, help="what is wrong, in one line")
    declare.add_argument("--severity", choices=SEVERITIES, required=True)
    declare.add_argument(
        "--service", metavar="NAME", help="whose on-call is called (default: oncall.incidents.service)"
    )
    text = "when it was noticed, with its zone (default: now)"
    declare.add_argument("--detected", metavar="TIME", help=text)
    declare.add_argument("--breach", action="store_true", help="personal data was breached")
    incident_session.register(declare, _declare)


def _declare(arguments: argparse.Namespace) -> int:
    session = incident_session.opened(arguments)
    at = now()
    detected = at if arguments.detected is None else time_of("--detected", arguments.detected)
    if detected > at:
        msg = f"--detected {arguments.detected}: that is in the future"
        raise ConfigurationError(msg)
    name = _service(session, arguments.service)
    what = Declaration(
        session.environment.name,
        " ".join(printable(arguments.summary, limit=1000).split()),
        arguments.severity,
        name,
        session.oncall.services[name].id,
        detected,
        arguments.breach,
        session.zone,
    )
    what.require_sound(at)
    _recognise(session, what)
    command = f"incident declare --severity {what.severity} --service {name}"
    action = session.action(command, f"declares {what.severity} of {name} in {what.environment}", _steps(session, what))
    if not acting.agreed(arguments, action):
        return 0
    declaring = Declaring(
        session.estate.pagerduty,
        session.estate.pagerduty_commands,
        session.folder,
        None,
        lambda deadline: session.require_pinned(what.service_id, deadline),
        now,
    )
    try:
        with acting.recorded(arguments, action):
            came = declaring.declare(what, session.deadline)
            _tell(came)
    except Unfinished:
        say("what is done is not done twice; to finish, run it again:")
        say(f"apgms-ops incident declare {_again(arguments, detected)}", indent="  ")
        return exit_code([Verdict.FAIL])
    if came.incident is not None:
        say(f"say so in Slack's #incidents, which is not told: {came.incident.title} {came.incident.url}")
        say(f"next: apgms-ops incident diagnose --env {arguments.env} --incident {came.incident.id}")
    return 0


def _service(session: Session, asked: str | None) -> str:
    name = asked or session.oncall.incidents.service
    known = ", ".join(sorted(session.oncall.services))
    if name is None:
        msg = f"say whose on-call is called, with --service: {known}"
        raise ConfigurationError(msg)
    if name not in session.oncall.services:
        msg = f"--service {printable(name, limit=60)} is not declared: there are {known}"
        raise ConfigurationError(msg)
    return name


def _recognise(session: Session, what: Declaration) -> None:
    """See that it is the right account, before anybody is asked; one that does not answer is not waited for here.

    Raises:
        WrongTarget: It is another.
    """
    try:
        session.require_pinned(
            what.service_id, session.deadline.within(session.deadline.require("asking PagerDuty") / 4)
        )
    except WrongTarget:
        raise
    except Unobserved as error:
        say(f"PagerDuty does not answer as it should: {session.recorder.redact(str(error))}")


def _steps(session: Session, what: Declaration) -> tuple[str, ...]:
    body = PagerdutyCommands.incident_body(what.title, what.service_id, key=what.key)["incident"]
    asked = f"{body['title']!r}, service {what.service_id}, urgency {body['urgency']}, incident_key {what.key}"
    return (
        f"POST {session.oncall.url}/incidents: {asked}; where one is open with that key, nothing",
        f"begin a timeline in {session.folder.path}, where the incident has none",
    )


def _tell(came: Declared) -> None:
    """Say what is there and what is not.

    Raises:
        Unfinished: Something is not.
    """
    for sentence in came.done:
        say(sentence)
    for sentence in came.missing:
        say(f"MISSING: {sentence}")
    if came.missing:
        raise Unfinished("; ".join(came.missing))


def _again(arguments: argparse.Namespace, detected: datetime) -> str:
    """Return the same declaration, as one types it: with the time that was meant, for by then it is later."""
    words = ["--summary", arguments.summary, "--severity", arguments.severity, "--detected", detected.isoformat()]
    words += ["--service", arguments.service] if arguments.service else []
    words += ["--breach"] if arguments.breach else []
    words += ["--environments", arguments.environments] if arguments.environments else []
    return shlex.join([*words, "--env", arguments.env])
