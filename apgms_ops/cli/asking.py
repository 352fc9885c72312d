"""What commands that change something share: to say what will be done, to ask, and to read a time."""

import argparse
import sys

from apgms_ops.environment.types import parse_duration
from apgms_ops.errors import ConfigurationError
from apgms_ops.redact import printable


def agreed(arguments: argparse.Namespace, what: str, steps: tuple[str, ...]) -> bool:
    """Say what will be done, and ask; False where it is only shown (`--dry-run`).

    Raises:
        ConfigurationError: Nobody is there to ask, or the answer is no.
    """
    say(f"this {what}:")
    for step in steps:
        say(step, indent="  ")
    if arguments.dry_run:
        say("nothing was done (--dry-run)")
        return False
    if arguments.yes:
        return True
    if not sys.stdin.isatty():
        msg = "nobody is there to ask: say --yes, or --dry-run"
        raise ConfigurationError(msg)
    sys.stdout.write("Type yes to go on: ")
    sys.stdout.flush()
    if sys.stdin.readline().strip() == "yes":
        return True
    msg = "not agreed; nothing was done"
    raise ConfigurationError(msg)


def seconds(option: str, text: str) -> float:
    """Return a duration's seconds.

    Raises:
        ConfigurationError: It is none.
    """
    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        msg = f"{option}: {error}"
        raise ConfigurationError(msg) from error


def say(line: str, *, indent: str = "") -> None:
    """Print a line."""
    sys.stdout.write(f"{indent}{printable(line, limit=2000)}\n")
    sys.stdout.flush()
