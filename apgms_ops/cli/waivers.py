"""`apgms-ops waivers`: every waiver of the site, whether it is in force, and who answers for it."""

import argparse
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from apgms_ops.compliance.waivers import FILE, UNPROVEN, Waiver, load_waivers
from apgms_ops.environment.loading import folder_of_environments
from apgms_ops.redact import printable

EXIT_EXPIRED = 1


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `waivers`."""
    text = f"list the waivers in environments/{FILE}, and whether each is in force"
    parser = subparsers.add_parser("waivers", help=text, description=f"{text}. Exit 1: one has expired; remove it.")
    parser.add_argument("--env", metavar="NAME", help="only those of this environment")
    parser.add_argument("--environments", metavar="DIR", help="folder of environment files")
    parser.set_defaults(run=_waivers)


def _waivers(arguments: argparse.Namespace, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    folder = folder_of_environments(arguments.environments, os.environ, Path.cwd())
    found = load_waivers(folder)
    waivers = found.waivers if arguments.env is None else found.of(arguments.env)
    if not waivers:
        sys.stdout.write(f"no waivers in {printable(str(folder / FILE))}: every FAIL is a FAIL\n")
        return 0
    at = now()
    for waiver in sorted(waivers, key=lambda waiver: waiver.expires):
        sys.stdout.write("\n".join(printable(line, limit=2000) for line in _lines(waiver, at)) + "\n")
    return EXIT_EXPIRED if any(at >= waiver.expires for waiver in waivers) else 0


def _lines(waiver: Waiver, at: datetime) -> tuple[str, ...]:
    state = "in force" if waiver.in_force(at) else "EXPIRED" if at >= waiver.expires else "not in force yet"
    return (
        f"{state}, {waiver.issued.isoformat()} to {waiver.expires.isoformat()}: {waiver.check}",
        f"- in {', '.join(waiver.environments)}: {waiver.reason}",
        f"- owner {waiver.owner}; approved by {waiver.approver} ({UNPROVEN}: see {waiver.link})",
    )
