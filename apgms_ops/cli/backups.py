"""`apgms-ops backups verify|check`: what pgBackRest finds out only when it is asked to."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from apgms_ops.cli import acting, asking
from apgms_ops.cli.asking import say, seconds
from apgms_ops.cli.evidence_trust import environment_file
from apgms_ops.deadline import Deadline
from apgms_ops.drills.recording import prepare
from apgms_ops.drills.verifying import verify
from apgms_ops.environment.loading import load, read_secrets, secrets_of
from apgms_ops.environment.model import Backups, Environment
from apgms_ops.errors import ConfigurationError, Unobserved
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor, printable
from apgms_ops.verdict import Verdict, exit_code


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `backups` to the command line; each command sets `run`, which returns the exit code."""
    backups = commands.add_parser("backups", help="look into the database's backups", description=__doc__)
    actions = backups.add_subparsers(metavar="COMMAND", required=True)
    text = "read every file of the repository, compare it with its checksum, and record what came of it"
    ends = (
        "Exit 0: all sound; 1: something is not; 10: it could not be found out. It changes nothing in the repository."
    )
    verifying = actions.add_parser("verify", help=text, description=f"{text}. {ends}")
    text = "have the primary begin another segment of its write-ahead log, and see that it is archived"
    checking = actions.add_parser("check", help=text, description=f"{text}. Exit 0: it is; 10: that was not seen.")
    for parser, run, limit in ((verifying, _verify, "6h"), (checking, _check, "2m")):
        parser.add_argument("--env", metavar="NAME", required=True, help="a name of `env list`, or the path of a file")
        parser.add_argument("--environments", metavar="DIR", help="folder of environment files")
        parser.add_argument("--deadline", metavar="DURATION", default=limit, help=f"for all of it (default {limit})")
        parser.set_defaults(run=run)
    checking.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    checking.add_argument("--yes", action="store_true", help="do not ask")
    checking.add_argument("--records", metavar="DIR", type=Path, help="where it is recorded (default: reports/actions)")


def _verify(arguments: argparse.Namespace) -> int:
    environment, section, estate, recorder, file = _opened(arguments, "archive")
    recording = prepare(environment, file.parent, estate.archive, recorder.redact)
    say(f"reading every file of stanza {section.database.stanza}: this takes as long as that does")
    found, known = verify(
        estate.pgbackrest, environment.name, section.database.stanza, acting.by(), _deadline(arguments)
    )
    for name, value in found.figures.items():
        say(f"  {name:<34} {value}")
    for problem in found.problems:
        say(f"  NOT SOUND: {printable(recorder.redact(problem), limit=400)}")
    say(f"recorded as {estate.archive.source}/{recording.keep(found, Deadline(60))}")
    if not known:
        return exit_code([Verdict.UNKNOWN])
    say("every file is sound" if found.passed else f"{len(found.problems)} findings")
    return exit_code([Verdict.PASS if found.passed else Verdict.FAIL])


def _check(arguments: argparse.Namespace) -> int:
    environment, section, estate, recorder, _ = _opened(arguments)
    stanza = section.database.stanza
    steps = (f"pgbackrest --stanza={stanza} check, beside the primary",)
    does = f"has the primary of {environment.name} begin another segment, and waits until it is archived"
    action = acting.Action("backups check", does, steps, environment.name, {}, recorder.redact)
    if not asking.agreed(arguments, does, steps):
        return 0
    try:
        with acting.recorded(arguments, action):
            estate.pgbackrest.check(_deadline(arguments))
    except Unobserved as error:
        sys.stderr.write(f"apgms-ops: {printable(recorder.redact(str(error)), limit=600)}\n")
        return exit_code([Verdict.UNKNOWN])
    say(f"what the primary of stanza {stanza} writes is archived")
    return 0


def _opened(arguments: argparse.Namespace, *more: str) -> tuple[Environment, Backups, Estate, Recorder, Path]:
    file = environment_file(arguments.env, arguments.environments)
    environment = load(file)
    for name in ("backups", *more):
        reason = environment.absence(name)
        if reason is not None:
            msg = f"environment {environment.name} has no {name}: {reason}"
            raise ConfigurationError(msg)
    section = environment.backups
    if not isinstance(section, Backups):
        msg = f"environment {environment.name} has no section [backups]"
        raise ConfigurationError(msg)
    secrets = read_secrets(secrets_of(environment, ["backups", *more]), os.environ)
    recorder = Recorder(Redactor(secrets.values()))
    return environment, section, Estate(environment, secrets, recorder), recorder, file


def _deadline(arguments: argparse.Namespace, make: Callable[[float], Deadline] = Deadline) -> Deadline:
    return make(seconds("--deadline", arguments.deadline))
