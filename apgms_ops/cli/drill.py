"""`apgms-ops drill …`: restores, rehearsed into a place of their own, and recorded as evidence."""

from typing import TYPE_CHECKING

from apgms_ops.cli import drill_topic

if TYPE_CHECKING:
    import argparse


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `drill` to the command line; each drill sets `run`, which returns the exit code."""
    drill = commands.add_parser("drill", help="rehearse a restore, and record it", description=__doc__)
    actions = drill.add_subparsers(metavar="DRILL", required=True)
    drill_topic.register(actions)
