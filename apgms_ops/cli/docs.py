"""`apgms-ops docs runbook|environments [--check]`: the pages that are generated from code and data."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from apgms_ops.compliance import coverage, load_controls, load_runbook, render
from apgms_ops.compliance.written import FOLDERS
from apgms_ops.environment import reference
from apgms_ops.errors import ConfigurationError
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_STALE = 1
RUNBOOK = Path("docs/runbook.md")
ENVIRONMENTS = Path("environments/README.md")
_COLLECTING = 120.0
"""Seconds that collecting the checks may take."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `docs` to the command line."""
    docs = commands.add_parser("docs", help="generate the pages that come from code and data", description=__doc__)
    pages = docs.add_subparsers(metavar="PAGE", required=True)
    for name, make, path in (("runbook", _runbook, RUNBOOK), ("environments", _environments, ENVIRONMENTS)):
        page = pages.add_parser(name, help=f"write {path}")
        page.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is not current")
        page.set_defaults(run=_run, make=make, path=path)


def _run(arguments: argparse.Namespace) -> int:
    make: Callable[[], str] = arguments.make
    path: Path = arguments.path
    text = make()
    current = path.read_text(encoding="utf-8") if path.is_file() else ""
    if text == current:
        sys.stdout.write(f"{path} is current\n")
        return 0
    if arguments.check:
        sys.stdout.write(
            f"{path} is not current: run apgms-ops docs {'runbook' if path == RUNBOOK else 'environments'}\n"
        )
        return EXIT_STALE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{path} written\n")
    return 0


def _environments() -> str:
    return reference.markdown()


def _runbook() -> str:
    return runbook_page(collected(Path.cwd()))


def runbook_page(checks: tuple[coverage.Check, ...]) -> str:
    """Return docs/runbook.md.

    Raises:
        ConfigurationError: A step has neither check nor command, or a check names a step that does not exist.
    """
    runbook, controls = load_runbook(), load_controls()
    missing = coverage.gaps(runbook, controls, checks)
    if missing:
        raise ConfigurationError("\n  ".join(["the runbook and the checks do not fit together:", *missing]))
    return render.markdown(runbook, controls, checks)


def collected(root: Path) -> tuple[coverage.Check, ...]:
    """Return the checks below `root`, as pytest collects them in a process of its own.

    Raises:
        ConfigurationError: pytest does not collect them; the text ends with what it said.
    """
    folders = [name for name in FOLDERS if any((root / name).rglob("test_*.py"))]
    if not folders:
        msg = f"{root}: expected checks/ or smoke/ with checks in it"
        raise ConfigurationError(msg)
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan.json"
        argv = [sys.executable, "-m", "pytest", *folders, "--collect-only", "-q", "-p", "no:cacheprovider"]
        try:
            run = subprocess.run(  # noqa: S603 — our own interpreter and fixed arguments
                [*argv, "--env", "sandbox", "--plan-json", str(plan)],
                cwd=root,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_COLLECTING,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            msg = f"pytest did not collect the checks within {_COLLECTING:g} s"
            raise ConfigurationError(msg) from error
        if run.returncode != 0 or not plan.is_file():
            said = printable((run.stdout + run.stderr)[-1500:])
            msg = f"pytest could not collect the checks (exit {run.returncode}): {said}"
            raise ConfigurationError(msg)
        return coverage.parse_plan(plan.read_text(encoding="utf-8"))
