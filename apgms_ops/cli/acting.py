"""What every command has in common that changes something: it says what it will do, asks, and records what it did."""

import argparse
import getpass
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from apgms_ops.cli import asking
from apgms_ops.cli.asking import say
from apgms_ops.environment.loading import folder_of_environments
from apgms_ops.errors import ApgmsOpsError, ConfigurationError
from apgms_ops.evidence.action import DONE, FAILED, INTERRUPTED, ActionRecord, Intent
from apgms_ops.redact import printable


def register(parser: argparse.ArgumentParser) -> None:
    """Add what such a command is asked with."""
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    text = "where it is recorded (default: reports/actions beside the folder of environments)"
    parser.add_argument("--records", metavar="DIR", type=Path, help=text)


@dataclass(frozen=True, slots=True)
class Action:
    """What a command is about to do."""

    command: str
    does: str
    """After "this": `tags v1.4.3 in apgms/platform`."""
    steps: tuple[str, ...]
    environment: str
    identities: Mapping[str, str]
    redact: Callable[[str], str]
    """Masks secrets in what a failure says."""


def agreed(arguments: argparse.Namespace, action: Action) -> bool:
    """Say what will be done, and ask; False where it is only shown.

    Raises:
        ConfigurationError: Nobody is there to ask, or the answer is no.
    """
    return asking.agreed(arguments, action.does, action.steps)


@contextmanager
def recorded(arguments: argparse.Namespace, action: Action) -> Iterator[None]:
    """Record what is done within: that it is about to be, and what came of it.

    Raises:
        ConfigurationError: It cannot be recorded; nothing was done.
    """
    environments = folder_of_environments(arguments.environments, os.environ, Path.cwd())
    folder = arguments.records or environments.absolute().parent / "reports" / "actions"
    intent = Intent(action.command, action.environment, action.does, action.steps, by(), action.identities)
    try:
        record = ActionRecord(folder, intent, datetime.now(UTC))
    except OSError as error:
        msg = (
            f"{folder}: it cannot be recorded there, so nothing was done: {error.strerror}; name another with --records"
        )
        raise ConfigurationError(msg) from error
    try:
        yield
    except ApgmsOpsError as error:
        record.close(FAILED, printable(action.redact(str(error)), limit=1000))
        raise
    except BaseException as error:
        record.close(INTERRUPTED, type(error).__name__)
        raise
    record.close(DONE)
    say(f"recorded in {record.path}")


def by() -> str:
    """Return who runs this: the user, and the machine."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may know no names
        user = f"user {os.getuid()}"
    return f"{user} on {platform.node() or 'a machine without a name'}"
