"""What commands about an incident have in common: the environment, its timeline files, and who is asked and told."""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from apgms_ops.cli import acting
from apgms_ops.cli.asking import seconds
from apgms_ops.cli.evidence_trust import environment_file
from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load, read_secrets
from apgms_ops.environment.model import Environment, Oncall
from apgms_ops.errors import ApgmsOpsError, ConfigurationError, WrongTarget
from apgms_ops.estate import Estate
from apgms_ops.incidents.ending import Files, Paged
from apgms_ops.incidents.folder import TimelineFolder
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor, printable

_LIMIT = "90s"


def register(
    parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], int], *, changes: bool = True
) -> None:
    """Add what such a command is asked with."""
    parser.add_argument("--env", metavar="NAME", required=True, help="a name of `env list`, or the path of a file")
    parser.add_argument("--environments", metavar="DIR", help="folder of environment files")
    parser.add_argument("--deadline", metavar="DURATION", default=_LIMIT, help=f"for all of it (default {_LIMIT})")
    if changes:
        acting.register(parser)
    parser.set_defaults(run=run)


def time_of(option: str, text: str) -> datetime:
    """Return a time with its zone.

    Raises:
        ConfigurationError: It is none, or has no zone.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        msg = f"{option} {printable(text, limit=60)}: expected a time with its zone, such as 2026-11-27T09:30+11:00"
        raise ConfigurationError(msg)
    return found


class Unfinished(ApgmsOpsError):
    """Part of it was done; the text says what is missing. So it is recorded."""


@dataclass(frozen=True)
class Session:
    """An environment whose incidents are written down."""

    environment: Environment
    oncall: Oncall
    folder: TimelineFolder
    recorder: Recorder
    estate: Estate
    deadline: Deadline

    @cached_property
    def zone(self) -> ZoneInfo:
        """In which times are written down."""
        return ZoneInfo(self.oncall.time_zone)

    @property
    def files(self) -> Files:
        """The timeline files."""
        return Files(self.folder, self.zone, self.oncall.incidents.reviewed.value)

    @property
    def paged(self) -> Paged:
        """PagerDuty, to read and to write."""
        return Paged(self.estate.pagerduty, self.estate.pagerduty_commands, self.recorder.redact)

    def require_pinned(self, service: str, deadline: Deadline) -> None:
        """See that it is the account that the environment pins, before anything is changed there.

        Raises:
            WrongTarget: It is another.
        """
        self.estate.pagerduty.service(service, deadline)
        pinned = self.environment.identities.pagerduty
        found = {one.id for one in self.recorder.seen[0] if one.system == "pagerduty"}
        if pinned is not None and found != {pinned}:
            names = ", ".join(printable(name, limit=60) for name in sorted(found)) or "of no name"
            msg = f"PagerDuty's account is {names}, not the pinned {pinned}: nothing was changed"
            raise WrongTarget(msg)

    def action(self, command: str, does: str, steps: tuple[str, ...]) -> acting.Action:
        """Return what is about to be done."""
        identities = {one.system: one.id for one in self.recorder.seen[0]}
        return acting.Action(command, does, steps, self.environment.name, identities, self.recorder.redact)


def opened(arguments: argparse.Namespace, *, online: bool = True) -> Session:
    """Open an environment.

    Args:
        arguments: What was asked.
        online: Whether anything but files is needed: then the secrets that are needed for it are read.

    Raises:
        ConfigurationError: It declares no `[oncall]`, or cannot be read.
    """
    deadline = Deadline(seconds("--deadline", arguments.deadline))
    path = environment_file(arguments.env, arguments.environments)
    environment = load(path)
    reason = environment.absence("oncall")
    oncall = environment.oncall
    if reason is not None or not isinstance(oncall, Oncall):
        msg = f"environment {environment.name} has no oncall: {reason}"
        raise ConfigurationError(msg)
    # No more secrets than are needed: an incident is not to wait for one that it has no use for.
    secrets = read_secrets((oncall.token,), os.environ) if online else {}
    recorder = Recorder(Redactor(secrets.values()))
    return Session(
        environment,
        oncall,
        timeline_folder(oncall, path),
        recorder,
        Estate(environment, secrets, recorder),
        deadline,
    )


def timeline_folder(oncall: Oncall, file: Path) -> TimelineFolder:
    """Return the folder of the timeline files, which may be relative to the folder of the environment's file."""
    folder = Path(oncall.incidents.folder)
    return TimelineFolder(folder if folder.is_absolute() else file.parent / folder)


def now() -> datetime:
    """Return the present, in whole seconds: what is written down has no more."""
    return datetime.now(UTC).replace(microsecond=0)
