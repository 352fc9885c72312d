"""`apgms-ops smoke clean`: removes what walks of the customer journey left behind, after asking."""

import argparse
import os
import sys
from pathlib import Path

from apgms_ops.cli import acting
from apgms_ops.cli.asking import say, seconds
from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import find, folder_of_environments, load, read_secrets, secrets_of
from apgms_ops.errors import ConfigurationError, Unobserved
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.probes.journey.cleaning import Cleaning
from apgms_ops.redact import Redactor, printable
from apgms_ops.sandbox import location
from apgms_ops.verdict import Verdict, exit_code

_DEADLINE = "120s"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `smoke` to the command line; each command sets `run`, which takes the arguments."""
    smoke = commands.add_parser("smoke", help="clean up after the customer journey", description=__doc__)
    actions = smoke.add_subparsers(metavar="COMMAND", required=True)
    text = (
        "remove every synthetic employer, also one that somebody walks with just now: exit 0 gone, 1 something is left"
    )
    clean = actions.add_parser("clean", help=text, description=text)
    acting.register(clean)
    clean.add_argument("--deadline", metavar="DURATION", default=_DEADLINE, help=f"for all (default {_DEADLINE})")
    clean.add_argument("--env", metavar="NAME", required=True, help="a name of `env list`, or the path of a file")
    clean.add_argument(
        "--environments", metavar="DIR", help="folder of environment files ($APGMS_ENVIRONMENTS, ./environments)"
    )
    clean.set_defaults(run=_clean)


def _clean(arguments: argparse.Namespace) -> int:
    deadline = Deadline(seconds("--deadline", arguments.deadline))
    path = find(arguments.env, folder_of_environments(arguments.environments, os.environ, Path.cwd()))
    if arguments.env == "sandbox":
        path = location.root(os.environ) / path.name
        if not path.is_file():
            msg = "the sandbox does not run: `apgms-ops sandbox up`"
            raise ConfigurationError(msg)
    environment = load(path)
    reason = environment.absence("smoke")
    if reason is not None:
        msg = f"environment {environment.name} has no front door to walk through: {reason}"
        raise ConfigurationError(msg)
    secrets = read_secrets(secrets_of(environment, ["smoke"]), os.environ)
    recorder = Recorder(Redactor(secrets.values()))
    estate = Estate(environment, secrets, recorder)
    try:
        cleaning = Cleaning(estate, environment, deadline)
        found = cleaning.registered()
        if not found:
            say("no synthetic employer is registered: there is nothing to clean up")
            return exit_code([Verdict.PASS])
        steps = tuple(f"DELETE /v1/employers/{abn}" for abn in found)
        what = f"removes {len(found)} synthetic employers in {environment.name}, also those of walks that are alive"
        identities = {seen.system: seen.id for seen in recorder.seen[0]}
        action = acting.Action("smoke clean", what, steps, environment.name, identities, recorder.redact)
        if not acting.agreed(arguments, action):
            return exit_code([Verdict.PASS])
        with acting.recorded(arguments, action):
            left = cleaning.remove(found)
    except Unobserved as error:
        sys.stderr.write(f"apgms-ops: {printable(str(error), limit=1000)}\n")
        return exit_code([Verdict.UNKNOWN])
    for sentence in left:
        say(f"left: {sentence}")
    say(f"{len(found) - len(left)} of {len(found)} removed")
    return exit_code([Verdict.FAIL if left else Verdict.PASS])
