"""What commands that restore a topic have in common: the environment, its clients, and which snapshot is meant."""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from apgms_ops.cli import acting
from apgms_ops.cli.asking import say, seconds
from apgms_ops.cli.evidence_trust import environment_file
from apgms_ops.deadline import Deadline
from apgms_ops.drills.topic_restore import Plan, TopicRestore
from apgms_ops.environment.loading import load, read_secrets, secrets_of
from apgms_ops.errors import ConfigurationError
from apgms_ops.estate import Estate
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor

_LIMIT = "30m"


def register(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], int]) -> None:
    """Add what such a command is asked with."""
    parser.add_argument("--topic", metavar="TOPIC", required=True, help="a declared topic, or its dead-letter topic")
    text = "the newest snapshot of then or before; in seconds since 1970, or in milliseconds"
    parser.add_argument("--timestamp", metavar="EPOCH", required=True, help=text)
    parser.add_argument("--env", metavar="NAME", required=True, help="a name of `env list`, or the path of a file")
    parser.add_argument("--environments", metavar="DIR", help="folder of environment files")
    parser.add_argument("--deadline", metavar="DURATION", default=_LIMIT, help=f"for all of it (default {_LIMIT})")
    acting.register(parser)
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True)
class Session:
    """An environment in which topics can be restored."""

    restore: TopicRestore
    recorder: Recorder
    deadline: Deadline
    folder: Path
    """Of the environment's file."""

    def action(self, command: str, does: str, plan: Plan, more: tuple[str, ...] = ()) -> acting.Action:
        """Return what is about to be done."""
        steps = (f"read the snapshot {plan.snapshot.epoch}, taken at {plan.taken}", *plan.steps, *more)
        name = self.restore.environment.name
        return acting.Action(command, does, steps, name, self.restore.identities(), self.recorder.redact)


def opened(arguments: argparse.Namespace, *more: str) -> Session:
    """Open it.

    Args:
        arguments: What was asked.
        more: Sections that are needed besides.

    Raises:
        ConfigurationError: The environment has no such sections, or cannot be read.
    """
    deadline = Deadline(seconds("--deadline", arguments.deadline))
    file = environment_file(arguments.env, arguments.environments)
    environment = load(file)
    sections = ["backups", "kafka", "kubernetes", *more]
    for name in sections:
        reason = environment.absence(name)
        if reason is not None:
            msg = f"environment {environment.name} has no {name}: {reason}"
            raise ConfigurationError(msg)
    secrets = read_secrets(secrets_of(environment, sections), os.environ)
    recorder = Recorder(Redactor(secrets.values()))
    restore = TopicRestore(Estate(environment, secrets, recorder), recorder, lambda line: say(recorder.redact(line)))
    return Session(restore, recorder, deadline, file.parent)
