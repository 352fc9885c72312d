"""`apgms-ops doctor --env NAME`: can the checks be run from here? Every target, asked at once; nothing is changed."""

import argparse
import os
import sys
from pathlib import Path

from apgms_ops.deadline import Deadline
from apgms_ops.doctor import examine, table, targets_of
from apgms_ops.doctor.targets import absent_of
from apgms_ops.environment.loading import find, folder_of_environments, load, read_secrets, secrets_of
from apgms_ops.environment.types import parse_duration
from apgms_ops.errors import ConfigurationError
from apgms_ops.sandbox import location
from apgms_ops.verdict import EXIT_CONFIGURATION, Verdict, exit_code

_DEADLINE = "20s"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `doctor` to the command line."""
    text = "ask every target whether it is there, lets us in, and is the right one; read-only"
    doctor = commands.add_parser("doctor", help=text, description=text)
    doctor.add_argument("--env", metavar="NAME", required=True, help="a name of `env list`, or the path of a file")
    doctor.add_argument(
        "--deadline", metavar="DURATION", default=_DEADLINE, help=f"for all targets (default {_DEADLINE})"
    )
    doctor.add_argument(
        "--environments", metavar="DIR", help="folder of environment files ($APGMS_ENVIRONMENTS, ./environments)"
    )
    doctor.set_defaults(run=_doctor)


def _doctor(arguments: argparse.Namespace) -> int:
    try:
        seconds = parse_duration(arguments.deadline).total_seconds()
    except ValueError as error:
        msg = f"--deadline: {error}"
        raise ConfigurationError(msg) from error
    path = find(arguments.env, folder_of_environments(arguments.environments, os.environ, Path.cwd()))
    running = location.root(os.environ) / path.name
    if arguments.env == "sandbox":
        if not running.is_file():
            msg = "the sandbox does not run: `apgms-ops sandbox up`"
            raise ConfigurationError(msg)
        path = running
    environment = load(path)
    targets = tuple(targets_of(environment))
    if not targets:
        sys.stderr.write(f"apgms-ops: environment {environment.name} declares no target that can be asked\n")
        return EXIT_CONFIGURATION
    secrets = read_secrets(secrets_of(environment, {target.section for target in targets}), os.environ)
    diagnoses = examine(environment, targets, secrets, Deadline(seconds))
    sys.stdout.write("".join(f"{line}\n" for line in table.lines(diagnoses, tuple(absent_of(environment)))))
    # What a kind of target does not tell is no reason to doubt the run.
    return exit_code(v for diagnosis in diagnoses for v in diagnosis.verdicts if v is not Verdict.SKIPPED)
