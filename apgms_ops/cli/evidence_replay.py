"""`apgms-ops evidence replay`: judges what a run observed with today's checks and limits, and shows what differs."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from apgms_ops.cli import report
from apgms_ops.environment.loading import find, folder_of_environments
from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence.run import RecordedRun, read_run
from apgms_ops.redact import printable
from apgms_ops.sandbox import location
from apgms_ops.verdict import EXIT_FAIL, EXIT_GREEN, EXIT_UNKNOWN

EXIT_DIFFERS = 1
_SANDBOX = "sandbox"
_EPILOG = """It opens no connection. Without --env, and where no file of the run's environment is there, the recorded
limits are used. Exit 0: every check comes to the verdict that was recorded. Exit 1: some do not."""


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evidence replay`."""
    text = "judge what a run observed with today's checks and limits, and show what differs"
    parser = commands.add_parser("replay", help=text, description=text, epilog=_EPILOG)
    parser.add_argument("wanted", metavar="RUN", help=f"its id in {report.RUNS}, or its folder")
    parser.add_argument("--env", metavar="NAME|FILE", help="the environment file (default: today's of the same name)")
    parser.add_argument("--recorded", action="store_true", help="use the limits that were in force then")
    parser.add_argument("--limits", metavar="FILE", type=Path, help="use the limits in the table [limits] of this file")
    parser.set_defaults(run=_replay)


def _replay(arguments: argparse.Namespace) -> int:
    recorded = report.find(arguments.wanted, Path.cwd())
    file = _environment(arguments, recorded)
    files, gone = _files(recorded, Path.cwd())
    if not files:
        msg = f"none of the checks of {recorded.path.name} is here: run this in the checkout that holds them"
        raise ConfigurationError(msg)
    again = _judge(recorded, files, file, arguments.limits)
    limits = "those recorded" if file is None else str(file)
    _say(f"replay of {recorded.path.name}, with today's checks; limits: {printable(limits)}")
    if arguments.limits is not None:
        _say(f"  but those that {printable(str(arguments.limits))} names")
    different = 0
    for line in _differences(recorded, again.verdicts, gone):
        different += 1
        _say(line)
    same = len(recorded.verdicts) - different
    new = len(set(again.verdicts) - set(recorded.verdicts))
    later = f"; {new} checks are new since then" if new else ""
    _say(f"{same} of {len(recorded.verdicts)} verdicts are the same{later}")
    return EXIT_DIFFERS if different else 0


def _environment(arguments: argparse.Namespace, recorded: RecordedRun) -> Path | None:
    """Return the file whose limits are used; None for the recorded ones."""
    if arguments.recorded:
        if arguments.env is not None:
            msg = "--recorded and --env: the limits that were in force then, or those of a file?"
            raise ConfigurationError(msg)
        return None
    folder = folder_of_environments(None, os.environ, Path.cwd())
    wanted = arguments.env or recorded.environment
    if wanted == _SANDBOX:
        # Its file is a template; a running sandbox has its own copy, with what is pinned filled in.
        running = location.root(os.environ) / f"{_SANDBOX}.toml"
        return running if running.is_file() else None
    if arguments.env is None and not (folder / f"{wanted}.toml").is_file():
        return None
    return find(wanted, folder).resolve()


def _files(recorded: RecordedRun, site: Path) -> tuple[list[str], set[str]]:
    """Return the files of checks that were planned and are still there, and the checks whose file is not."""
    files: dict[str, None] = {}
    gone: set[str] = set()
    for check in recorded.plan["checks"]:
        name = str(check["id"]).partition("::")[0]
        path = site / name
        if path.is_file() and path.resolve().is_relative_to(site.resolve()):
            files[name] = None
        else:
            gone.add(str(check["id"]))
    return list(files), gone


def _judge(recorded: RecordedRun, files: list[str], file: Path | None, limits: Path | None) -> RecordedRun:
    options = [f"--replay={recorded.path.resolve()}", f"--rootdir={Path.cwd()}"]
    if file is not None:
        options.append(f"--env={file}")
    if limits is not None:
        options.append(f"--limits={limits.resolve()}")
    with tempfile.TemporaryDirectory(prefix="apgms-ops-replay-") as folder:
        told = Path(folder) / "run"
        command = [sys.executable, "-P", "-m", "pytest", *files, *options, f"--run-file={told}", "-q"]
        environ = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
        done = subprocess.run(  # noqa: S603 — our own interpreter, no shell
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        run = Path(told.read_text(encoding="utf-8")) if told.is_file() else None
    if done.returncode in (EXIT_GREEN, EXIT_FAIL, EXIT_UNKNOWN) and run is not None:
        return read_run(run)
    said = printable((done.stderr or done.stdout).strip()[-2000:], limit=2000)
    msg = f"the replay did not come to its end (exit {done.returncode}): {said}"
    raise EvidenceInvalid(msg)


def _differences(recorded: RecordedRun, again: Mapping[str, Mapping[str, Any]], gone: set[str]) -> Iterator[str]:
    for check, body in recorded.verdicts.items():
        then = str(body.get("raw") or body["verdict"])
        if check not in again:
            why = "its file is not here" if check in gone else "it is no longer one of the checks"
            yield f"  {then} → not judged  {printable(check)}: {why}"
            continue
        now = str(again[check].get("raw") or again[check]["verdict"])
        if now != then:
            seen = printable(str(again[check].get("seen", "")), limit=300)
            yield f"  {then} → {now}  {printable(check)}" + (f"\n      {seen}" if seen else "")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
