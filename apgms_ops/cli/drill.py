"""`apgms-ops drill …`: restores, rehearsed, each into a place of its own; what came of one is kept as evidence."""

from typing import TYPE_CHECKING

from apgms_ops.cli import drill_database, drill_topic

if TYPE_CHECKING:
    import argparse

_DRILLS = (drill_database, drill_topic)
"""Each adds its command to the group."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `drill` to the command line."""
    drill = commands.add_parser("drill", help="rehearse a restore, and keep what came of it", description=__doc__)
    actions = drill.add_subparsers(metavar="COMMAND", required=True)
    for one in _DRILLS:
        one.register(actions)
