"""`apgms-ops …`: thin commands over the packages below. Only argument parsing and printing may enter.

A module a command, each with `register(subparsers)`; the parser of a sub-command sets `run`, which takes the parsed
arguments and returns the exit code.
"""

import argparse
import sys
from collections.abc import Sequence

from apgms_ops.cli import (
    backups,
    controls,
    docs,
    doctor,
    drill,
    environment,
    evidence,
    gate,
    incident,
    release,
    report,
    restore_topic,
    runs,
    sandbox,
    smoke,
    waivers,
)
from apgms_ops.errors import ApgmsOpsError, ConfigurationError
from apgms_ops.verdict import EXIT_CONFIGURATION

EXIT_FAILED = 3
"""What was asked for could not be done."""
EXIT_INTERRUPTED = 130

_COMMANDS = (
    environment,
    docs,
    doctor,
    release,
    gate,
    incident,
    smoke,
    sandbox,
    evidence,
    controls,
    runs,
    waivers,
    backups,
    drill,
    restore_topic,
    report,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 misused, 3 not possible, 4 configuration, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="apgms-ops", description="The operations runbook of APGMS, made executable.")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.register(subparsers)
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except ConfigurationError as error:
        _complain(error)
        return EXIT_CONFIGURATION
    except ApgmsOpsError as error:
        _complain(error)
        return EXIT_FAILED
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever read our output has enough
        sys.stderr.close()
        return EXIT_FAILED


def _complain(error: ApgmsOpsError) -> None:
    sys.stderr.write(f"apgms-ops: {error}\n")
