"""`apgms-ops report`: one HTML file that shows a run."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence.run import RecordedRun, read_run
from apgms_ops.redact import printable
from apgms_ops.reports.html import AllureTool, Renderer

RUNS = Path("reports") / "runs"
_DRAWING = 300.0
"""Seconds: the first report on a machine fetches the renderer."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `report` to the command line."""
    text = "draw a run as one HTML file, which opens from the disk and asks no other host for anything"
    report = subparsers.add_parser("report", help=text, description=text)
    report.add_argument(
        "wanted", metavar="RUN", nargs="?", help=f"its id in {RUNS}, or its folder; default: the newest"
    )
    report.add_argument("--output", metavar="FILE", type=Path, help="default: report.html in the run's folder")
    report.set_defaults(run=_report)


def _report(arguments: argparse.Namespace) -> int:
    run = find(arguments.wanted, Path.cwd())
    output: Path = arguments.output or run.path / "report.html"
    if output.is_dir():
        msg = f"--output {output}: this is a folder; name the file to write"
        raise ConfigurationError(msg)
    renderer = Renderer(AllureTool(_cache(os.environ), os.environ, _say_aside))
    count = renderer.render(run, output, Deadline(_DRAWING))
    size = output.stat().st_size / 1_000_000
    where = printable(os.path.relpath(output))
    sys.stdout.write(f"{where}: {count} results of {run.path.name}, {size:.1f} MB\n")
    return 0


def find(wanted: str | None, start: Path) -> RecordedRun:
    """Return the run that is asked for, or the newest that is kept; its ledger verifies.

    Args:
        wanted: Its id, or its folder; None for the newest.
        start: The current folder: the nearest reports/runs above it is where runs are kept.

    Raises:
        ConfigurationError: There is none.
        EvidenceInvalid: Its ledger does not verify: what was altered is not dressed up as a report.
    """
    runs = next((p / RUNS for p in (start, *start.parents) if (p / RUNS).is_dir()), start / RUNS)
    if wanted is None:
        return _newest(runs)
    folder = runs / wanted if "/" not in wanted and (runs / wanted).is_dir() else Path(wanted)
    if not folder.is_dir():
        msg = f"{printable(wanted, limit=200)}: no run of that name in {runs}, and no such folder"
        raise ConfigurationError(msg)
    return read_run(folder.resolve())


def _newest(runs: Path) -> RecordedRun:
    # A run's name starts with its time, so the names sort by age. One that is going on now is not drawn by itself.
    folders = sorted((f for f in runs.iterdir() if f.is_dir()), reverse=True) if runs.is_dir() else []
    for folder in folders:
        try:
            run = read_run(folder)
        except EvidenceInvalid:
            if (folder / "ledger.jsonl").exists():
                raise
            continue
        if run.close is not None:
            return run
    msg = f"there is no finished run in {runs}; `pytest checks/ --env NAME` makes one"
    raise ConfigurationError(msg)


def _cache(environ: Mapping[str, str]) -> Path:
    """Return this user's cache folder of apgms-ops."""
    return Path(environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "apgms-ops"


def _say_aside(text: str) -> None:
    sys.stderr.write(f"{text}\n")
