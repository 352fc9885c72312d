"""`apgms-ops report`: the front page over all runs, and a run as one HTML file; opened, or served on this machine."""

import argparse
import os
import sys
import webbrowser
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from apgms_ops.cli.evidence_trust import belief
from apgms_ops.compliance.controls import load_controls
from apgms_ops.compliance.supplied import load_supplied
from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import folder_of_environments
from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence.run import RecordedRun, read_run
from apgms_ops.redact import printable
from apgms_ops.reports.front import Documents, front_page, read_front
from apgms_ops.reports.html import HISTORY, AllureTool, Renderer, write_page
from apgms_ops.reports.serving import Server

RUNS = Path("reports") / "runs"
_DRAWING = 300.0
"""Seconds: the first report on a machine installs the renderer."""
_SAID_EVERY = 100
"""Runs."""
_ANY_PORT = 0
_HIGHEST_PORT = 65535


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `report` to the command line; alone it is `report build`."""
    text = "draw the front page over all runs and a run as one HTML file; both open from the disk and ask nobody"
    report = subparsers.add_parser("report", help=text, description=text)
    report.set_defaults(run=_build, wanted=None, output=None, runs=HISTORY)
    commands = report.add_subparsers(title="commands", metavar="COMMAND")
    drawn = "draw reports/index.html over all runs, and the report of a run; what `apgms-ops report` alone does"
    build = commands.add_parser("build", help=drawn, description=drawn)
    build.add_argument("wanted", metavar="RUN", nargs="?", help=f"its id in {RUNS}, or its folder; default: the newest")
    build.add_argument("--output", metavar="FILE", type=Path, help="of the run; default: reports/html/<run>.html")
    build.add_argument("--runs", metavar="N", type=_count, default=HISTORY, help="runs that trends and tables show")
    build.set_defaults(run=_build)
    shown = "open the front page, or the report of a run, in the browser; print where it is if there is none"
    opening = commands.add_parser("open", help=shown, description=shown)
    opening.add_argument("wanted", metavar="RUN", nargs="?", help="its id; default: the front page")
    opening.set_defaults(run=_open)
    served = "serve the reports on 127.0.0.1, to be read and not changed, until Ctrl-C"
    serve = commands.add_parser("serve", help=served, description=served)
    serve.add_argument("--port", metavar="PORT", type=_port, default=_ANY_PORT, help="default: one that is free")
    serve.set_defaults(run=_serve)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:  # noqa: PLR2004 — as many as a page can show
        msg = "a number from 1 to 10000"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _HIGHEST_PORT:
        msg = f"a port, at most {_HIGHEST_PORT}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _build(arguments: argparse.Namespace) -> int:
    runs = folder_of_runs(Path.cwd())
    output: Path | None = arguments.output
    if output is not None and output.is_dir():
        msg = f"--output {output}: this is a folder; name the file to write"
        raise ConfigurationError(msg)
    try:
        # Whatever is wrong with the run that was asked for, the page that says so is drawn.
        run = find(arguments.wanted, Path.cwd())
        place = output or run.path.parent.parent / "html" / f"{run.path.name}.html"
        renderer = Renderer(AllureTool(_cache(os.environ), os.environ, _say_aside), arguments.runs)
        count = renderer.render(run, place, Deadline(_DRAWING))
    finally:
        _front(runs, arguments.runs)
    size = place.stat().st_size / 1_000_000
    _say(f"{printable(os.path.relpath(place))}: {count} results of {run.path.name}, {size:.1f} MB")
    return 0


def _front(runs: Path, latest: int) -> None:
    if not runs.is_dir():
        return
    front = read_front(runs, latest, lambda name: belief(name, runs), _tick)
    place = runs.parent / "index.html"
    reports = frozenset(file.stem for file in (runs.parent / "html").glob("*.html"))
    now = datetime.now(UTC)
    write_page(place, "".join(front_page(front, load_controls().controls, reports, now, _documents(now))))
    broken = sum(len(estate.broken) for estate in front.estates)
    invalid = f", {broken:,} of them INVALID" if broken else ""
    chains = "".join(f"; the chain of {e.name} does not hold" for e in front.estates if e.chain.findings)
    _say(f"{printable(os.path.relpath(place))}: {front.runs:,} run{'' if front.runs == 1 else 's'}{invalid}{chains}")


def _documents(now: datetime) -> Documents:
    """Return what people supply; that it cannot be read is told on the page, which is drawn all the same."""
    folder = folder_of_environments(None, os.environ, Path.cwd())
    try:
        return Documents([(document, document.trouble(folder, now)) for document in load_supplied(folder)])
    except ConfigurationError as error:
        return Documents(unread=str(error))


def _tick(what: str, count: int) -> None:
    if count % _SAID_EVERY == 0:
        _say_aside(f"{count:,} runs {what}")


def _open(arguments: argparse.Namespace) -> int:
    runs = folder_of_runs(Path.cwd())
    if arguments.wanted is None:
        place, how = runs.parent / "index.html", "apgms-ops report build"
    else:
        run = find(arguments.wanted, Path.cwd())
        place = run.path.parent.parent / "html" / f"{run.path.name}.html"
        how = f"apgms-ops report build {run.path.name}"
    if not place.is_file():
        msg = f"{printable(os.path.relpath(place))} does not exist; `{how}` draws it"
        raise ConfigurationError(msg)
    if not _desktop(os.environ) or not webbrowser.open(place.resolve().as_uri()):
        _say(printable(str(place.resolve())))
    return 0


def _desktop(environ: Mapping[str, str]) -> bool:
    """Say whether there is a screen: without one, a browser of the terminal would take the terminal away."""
    return sys.platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def _serve(arguments: argparse.Namespace) -> int:
    root = folder_of_runs(Path.cwd()).parent
    if not (root / "index.html").is_file():
        msg = f"there is no front page in {root}; `apgms-ops report build` draws it"
        raise ConfigurationError(msg)
    try:
        serving = Server(root, arguments.port)
    except OSError as error:
        msg = f"port {arguments.port}: {error.strerror}; another one goes with --port, or any that is free without it"
        raise ConfigurationError(msg) from error
    with serving:
        _say(f"http://127.0.0.1:{serving.server_port}/ shows {printable(os.path.relpath(root))}; Ctrl-C ends it")
        sys.stdout.flush()
        serving.serve_forever()
    return 0


def folder_of_runs(start: Path) -> Path:
    """Return where runs are kept: the nearest reports/runs above the folder `start`, else the one in it."""
    return next((p / RUNS for p in (start, *start.parents) if (p / RUNS).is_dir()), start / RUNS)


def find(wanted: str | None, start: Path) -> RecordedRun:
    """Return the run that is asked for, or the newest that is kept; its ledger verifies.

    Args:
        wanted: Its id, or its folder; None for the newest.
        start: The current folder: the nearest reports/runs above it is where runs are kept.

    Raises:
        ConfigurationError: There is none.
        EvidenceInvalid: Its ledger does not verify: what was altered is not dressed up as a report.
    """
    if wanted is None:
        return _newest(folder_of_runs(start))
    return read_run(folder_of(wanted, start))


def folder_of(wanted: str, start: Path) -> Path:
    """Return the folder of the run that is asked for, by its id or its path; what is in it is not looked at.

    Raises:
        ConfigurationError: There is none.
    """
    runs = folder_of_runs(start)
    folder = runs / wanted if "/" not in wanted and (runs / wanted).is_dir() else Path(wanted)
    if not folder.is_dir():
        msg = f"{printable(wanted, limit=200)}: no run of that name in {runs}, and no such folder"
        raise ConfigurationError(msg)
    return folder.resolve()


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


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _say_aside(text: str) -> None:
    sys.stderr.write(f"{text}\n")
