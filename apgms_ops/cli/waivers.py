"""`apgms-ops waivers`: every waiver of the site, whether it is in force, and who answers for it."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from apgms_ops.cli import docs
from apgms_ops.compliance.waivers import FILE, UNPROVEN, Waiver, load_waivers
from apgms_ops.environment.loading import folder_of_environments
from apgms_ops.errors import ConfigurationError
from apgms_ops.redact import printable

EXIT_EXPIRED = 1


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `waivers`."""
    text = f"list the waivers in environments/{FILE}, and whether each is in force"
    exits = "Exit 1: one has expired, or names no check or no environment that there is."
    parser = subparsers.add_parser("waivers", help=text, description=f"{text}. {exits}")
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
    at, astray = now(), 0
    checks, why = _checks(Path.cwd())
    for waiver in sorted(waivers, key=lambda waiver: waiver.expires):
        wrong = tuple(_astray(waiver, folder, checks))
        astray += bool(wrong)
        sys.stdout.writelines(f"{printable(line, limit=2000)}\n" for line in (*_lines(waiver, at), *wrong))
    if checks is None:
        sys.stdout.write(f"whether each names a check was not looked up: {printable(why, limit=300)}\n")
    return EXIT_EXPIRED if astray or any(at >= waiver.expires for waiver in waivers) else 0


def _checks(root: Path) -> tuple[frozenset[str] | None, str]:
    """Return the ids of the checks there are, without parameters; None, and why, where they cannot be collected."""
    try:
        return frozenset(check.id for check in docs.collected(root)), ""
    except ConfigurationError as error:
        return None, str(error)


def _astray(waiver: Waiver, folder: Path, checks: frozenset[str] | None) -> Iterator[str]:
    """Yield what a waiver names that is not there: it excuses nothing, and whoever wrote it thinks that it does."""
    if checks is not None and waiver.check.partition("[")[0] not in checks:
        yield "- NAMES NO CHECK that there is: correct its id, or remove it"
    for name in waiver.environments:
        if not (folder / f"{name}.toml").is_file():
            yield f"- NAMES NO ENVIRONMENT that there is: {name}"


def _lines(waiver: Waiver, at: datetime) -> tuple[str, ...]:
    state = "in force" if waiver.in_force(at) else "EXPIRED" if at >= waiver.expires else "not in force yet"
    return (
        f"{state}, {waiver.issued.isoformat()} to {waiver.expires.isoformat()}: {waiver.check}",
        f"- in {', '.join(waiver.environments)}: {waiver.reason}",
        f"- owner {waiver.owner}; approved by {waiver.approver} ({UNPROVEN}: see {waiver.link})",
    )
