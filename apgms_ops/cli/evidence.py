"""`apgms-ops evidence …`: what an auditor is given, and what an auditor does with it; one module a sub-command."""

from types import ModuleType
from typing import TYPE_CHECKING

from apgms_ops.cli import (
    evidence_archive,
    evidence_bundle,
    evidence_index,
    evidence_oscal,
    evidence_period,
    evidence_replay,
    evidence_verify,
)

if TYPE_CHECKING:
    import argparse

_COMMANDS: tuple[ModuleType, ...] = (
    evidence_verify,
    evidence_replay,
    evidence_bundle,
    evidence_oscal,
    evidence_period,
    evidence_index,
    evidence_archive,
)


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; each module of `_COMMANDS` registers its own sub-commands."""
    parser = subparsers.add_parser("evidence", help="verify, replay, keep and hand over what runs recorded")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.register(commands)
