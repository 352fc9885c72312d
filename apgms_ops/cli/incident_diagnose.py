"""`apgms-ops incident diagnose`: keep what an incident leaves behind, before it is gone. It changes nothing.

Exit codes: 0 everything was had, 10 something was not (the bundle says what), 4 configuration, 3 no bundle.
"""

import argparse
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from apgms_ops.cli import acting
from apgms_ops.cli.asking import say, seconds
from apgms_ops.cli.evidence_trust import environment_file
from apgms_ops.cli.incident_session import time_of, timeline_folder
from apgms_ops.compliance import timelines
from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import load, read_secrets, secrets_of
from apgms_ops.environment.model import Environment, Oncall
from apgms_ops.errors import ApgmsOpsError, ConfigurationError, Unobserved
from apgms_ops.estate import Estate
from apgms_ops.evidence.run import RecordedRun
from apgms_ops.incidents.diagnostics import About, Gathering, Taken, collect, pieces_of_run, write
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor, printable
from apgms_ops.releases.gate_child import Child, Interrupts
from apgms_ops.secret import Secret, SecretReference
from apgms_ops.verdict import EXIT_GREEN, EXIT_UNKNOWN

_LIMIT: Final = "5m"
_CHECKS: Final = ("checks/service_levels", "checks/daily", "checks/deployment")


def register(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `diagnose`."""
    text = "logs, states, events, rollouts and a run of the checks since the incident began, in one bundle; read-only"
    diagnose = verbs.add_parser("diagnose", help=text, description=text)
    diagnose.add_argument("--env", metavar="NAME", required=True, help="a name of `env list`, or the path of a file")
    text = "when the incident began, with its zone: 2026-11-27T09:30+11:00 (default: as its timeline says)"
    diagnose.add_argument("--since", metavar="TIME", help=text)
    text = "PagerDuty's id of it, or the name of its timeline file; with --since, any name for the bundle"
    diagnose.add_argument("--incident", metavar="NAME", default="", help=text)
    diagnose.add_argument("--output", metavar="FILE", type=Path, help="default: reports/diagnostics/TIME-ENV.zip")
    diagnose.add_argument("--no-checks", action="store_true", help=f"do not run {', '.join(_CHECKS)}")
    diagnose.add_argument("--deadline", metavar="DURATION", default=_LIMIT, help=f"for all of it (default {_LIMIT})")
    diagnose.add_argument("--environments", metavar="DIR", help="folder of environment files")
    diagnose.set_defaults(run=_diagnose)


def _diagnose(arguments: argparse.Namespace) -> int:
    at = datetime.now(UTC)
    deadline = Deadline(seconds("--deadline", arguments.deadline))
    file = environment_file(arguments.env, arguments.environments)
    environment = load(file)
    since = _since(arguments, environment, file)
    if since > at:
        msg = f"the incident is said to begin at {since.isoformat()}: that is in the future"
        raise ConfigurationError(msg)
    output = _output(arguments.output, environment.name, at)
    secrets, unread = _secrets(environment)
    redactor = Redactor(secrets.values())
    recorder = Recorder(redactor)
    say(f"collecting from {environment.name} what happened since {since:%Y-%m-%d %H:%M:%S %Z}")
    with tempfile.TemporaryDirectory(prefix="apgms-ops-diagnose-") as name:
        cluster, checks = Path(name) / "cluster", Path(name) / "checks"
        cluster.mkdir()
        checks.mkdir()
        collecting = Gathering(Estate(environment, secrets, recorder), since, redactor, cluster, deadline, _tell)
        collecting.start()
        run = None if arguments.no_checks else _checked(arguments)
        collecting.join()
        told = collect(() if run is None else tuple(pieces_of_run(run)), checks, redactor, deadline)
        if run is None and not arguments.no_checks:
            told = (*told, Taken("checks", "a run of the checks", 0, missing="it recorded nothing: see above"))
        taken = (*collecting.taken, *told, *unread)
        identities = {one.system: one.id for one in recorder.seen[0]}
        about = About(
            environment.name, printable(arguments.incident, limit=200), since, at, {"user": acting.by()}, identities
        )
        try:
            write(output, about, taken)
        except OSError as error:
            msg = f"{output}: the bundle cannot be written there: {error.strerror}"
            raise Unobserved(msg) from error
    return _conclude(taken, output)


def _tell(one: Taken) -> None:
    if one.missing:
        say(f"not had: {one.what}: {one.missing}", indent="  ")


def _checked(arguments: argparse.Namespace) -> RecordedRun | None:
    """Run the checks, and return what they recorded; what they come to is in the bundle, whatever it is."""
    file = environment_file(arguments.env, arguments.environments)
    name = arguments.env if arguments.env == "sandbox" else str(file.resolve())
    child = Child(Path.cwd(), _CHECKS, (f"--env={name}", "-q", "-p", "no:cacheprovider"), dict(os.environ))
    interrupts = Interrupts()
    with interrupts.handled():
        ended = child.run(interrupts)
    if interrupts.seen:
        raise KeyboardInterrupt
    return ended.run


def _secrets(environment: Environment) -> tuple[dict[SecretReference, Secret], tuple[Taken, ...]]:
    """Read what secrets can be read, to mask them; say of the others that they are masked by their looks alone."""
    found: dict[SecretReference, Secret] = {}
    unread: list[Taken] = []
    for reference in secrets_of(environment):
        try:
            found |= read_secrets((reference,), os.environ)
        except ApgmsOpsError:
            what = f"secret {reference}"
            unread.append(Taken("secrets", what, 0, missing="not readable here: it is masked by its looks alone"))
    return found, tuple(unread)


def _output(asked: Path | None, environment: str, at: datetime) -> Path:
    path = asked or Path("reports", "diagnostics", f"{at:%Y%m%dT%H%M%SZ}-{environment}.zip")
    if path.exists():
        msg = f"--output {path}: it is there already, and nothing is written over"
        raise ConfigurationError(msg)
    return path


def _since(arguments: argparse.Namespace, environment: Environment, file: Path) -> datetime:
    """Return when the incident began: as it is said, or as its timeline says."""
    if arguments.since is not None:
        return time_of("--since", arguments.since)
    if not arguments.incident or not isinstance(environment.oncall, Oncall):
        msg = "say when the incident began, with --since, or which it is, with --incident"
        raise ConfigurationError(msg)
    found = timeline_folder(environment.oncall, file).find(arguments.incident)
    if found is None or timelines.DETECTED not in found.times:
        msg = f"no timeline says when incident {printable(arguments.incident, limit=60)} was detected: say --since"
        raise ConfigurationError(msg)
    return found.times[timelines.DETECTED]


def _conclude(taken: tuple[Taken, ...], output: Path) -> int:
    there = [one for one in taken if one.file is not None]
    missing = sum(bool(one.missing) for one in taken)
    size = sum(one.size for one in there)
    packed = output.stat().st_size
    say(f"{len(there)} files, {size:,} bytes, in {output} ({packed:,} bytes); begin at its index.html")
    if not missing:
        return EXIT_GREEN
    say(f"{missing} could not be had, or not whole; the index says what and why")
    return EXIT_UNKNOWN
