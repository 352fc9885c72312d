"""`apgms-ops gate --env NAME --release TAG`: may the release stay? Called after a deploy, by a pipeline or a person."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from apgms_ops.cli.gate_files import Files
from apgms_ops.environment.loading import find, folder_of_environments, load
from apgms_ops.environment.model import Environment
from apgms_ops.environment.types import parse_duration
from apgms_ops.errors import ConfigurationError
from apgms_ops.evidence.run import RecordedRun
from apgms_ops.probes.release_tag import VERSION
from apgms_ops.redact import printable
from apgms_ops.releases.gate_advice import Case, advise
from apgms_ops.releases.gate_agreement import EXIT_INTERRUPTED, Asked, judge
from apgms_ops.releases.gate_child import Child, Interrupts
from apgms_ops.releases.gate_rollback import release_before
from apgms_ops.releases.gate_soak import Window, repeat
from apgms_ops.reports.gate.lines import ending, findings, round_line
from apgms_ops.reports.gate.model import Advice, GateResult, Round
from apgms_ops.reports.gate.recorded import checks_of
from apgms_ops.sandbox import location
from apgms_ops.verdict import EXIT_GREEN

FOLDERS = ("checks/deployment", "smoke", "checks/service_levels")
_EVERY = "60s"
_SANDBOX = "sandbox"


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `gate` to the command line."""
    text = "after a deploy: exit 0 the release may stay, 1 roll back, 10 could not tell; 2 to 5 are pytest's own"
    gate = commands.add_parser("gate", help=text, description=f"{text}. One run of {', '.join(FOLDERS)}.")
    gate.add_argument("--env", metavar="NAME", required=True, help="a name of `env list`, or the path of a file")
    gate.add_argument("--release", metavar="TAG", required=True, help="the release that must run: v1.4.2")
    gate.add_argument("--soak", metavar="DURATION", help="repeat until this is over, or a round is not green: 10m")
    gate.add_argument("--every", metavar="DURATION", help=f"from one round to the next (default {_EVERY}); with --soak")
    gate.add_argument("--deadline", metavar="DURATION", help="no probe takes longer (default: its own)")
    gate.add_argument(
        "--summary", metavar="FILE", type=Path, help="append a summary in Markdown (default: $GITHUB_STEP_SUMMARY)"
    )
    gate.add_argument(
        "--junit", metavar="FILE", type=Path, help="write the checks of the round that decided as JUnit XML"
    )
    gate.add_argument(
        "--environments", metavar="DIR", help="folder of environment files ($APGMS_ENVIRONMENTS, ./environments)"
    )
    gate.set_defaults(run=_gate)


@dataclass(slots=True)
class Gate:
    """One gate on its way to a verdict."""

    environment: Environment
    release: str
    child: Child
    window: Window
    soak: str | None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    interrupts: Interrupts = field(default_factory=Interrupts)
    rounds: list[Round] = field(default_factory=list)
    decided: RecordedRun | None = None
    """The run of the last round."""

    def go(self, asked: str) -> GateResult:
        """Make the rounds, and say what they come to.

        Args:
            asked: The environment as the command line names it.
        """
        with self.interrupts.handled():
            try:
                for done in repeat(self._round, self.window, green=_green, clock=self.clock, wait=self._wait):
                    self.rounds.append(done)
                    _say(round_line(done))
                    for line in findings(done):
                        _say(line)
            except KeyboardInterrupt:
                _say("gate: interrupted between two rounds")
        code = self.rounds[-1].code if self.rounds else EXIT_INTERRUPTED
        if self.interrupts.seen and code == EXIT_GREEN:
            code = EXIT_INTERRUPTED
        run = self.decided
        before = None
        if run is not None:
            before = release_before(run.path.parent, self.environment.name, self.release, run.path.name)
        found = advise(Case(self.environment, asked, self.release, code, run, before))
        advice = None if found is None else Advice(found.title, found.sentences, found.commands)
        return GateResult(
            self.environment.name, self.release, code, tuple(self.rounds), self.soak, advice, self.interrupts.seen
        )

    def _round(self, number: int) -> Round:
        began, start = datetime.now(UTC), self.clock()
        ended = self.child.run(self.interrupts)
        run = self.decided = ended.run
        judged = judge(Asked(self.environment.name, self.release, self.child.folders), ended.code, run, ended.trouble)
        return Round(
            number=number,
            began=f"{began:%Y-%m-%d %H:%M:%S} UTC",
            took=self.clock() - start,
            code=judged.code,
            findings=judged.findings,
            checks=() if run is None else checks_of(run),
            run=None if run is None else run.path.name,
            folder="" if run is None else os.path.relpath(run.path),
            head="" if run is None else run.head,
        )

    def _wait(self, seconds: float) -> None:
        with self.interrupts.waiting():
            if seconds > 0:
                _say(f"gate: the next round begins in {seconds:.0f} s (soak {self.soak})")
                self.sleep(seconds)


def _green(done: Round) -> bool:
    return done.code == EXIT_GREEN


def _gate(arguments: argparse.Namespace) -> int:
    gate = _prepare(arguments)
    files = Files.of(arguments.summary, arguments.junit, os.environ)
    for trouble in files.begin(gate.environment.name, gate.release):
        sys.stderr.write(f"apgms-ops: {trouble}\n")
    result = gate.go(arguments.env)
    for line in ending(result):
        _say(line)
    for trouble in files.write(result):
        sys.stderr.write(f"apgms-ops: {trouble}\n")
    return result.code


def _prepare(arguments: argparse.Namespace) -> Gate:
    """See that everything that was asked for can be done, before anything is started."""
    release: str = arguments.release
    if not (release.isascii() and VERSION.fullmatch(release)):
        msg = f"--release {printable(release, limit=100)}: expected vMAJOR.MINOR.PATCH, such as v1.4.2"
        raise ConfigurationError(msg)
    if arguments.every is not None and arguments.soak is None:
        msg = "--every says how often a soak looks: say --soak as well"
        raise ConfigurationError(msg)
    options = [f"--release={release}"]
    if arguments.deadline is not None:
        _seconds("--deadline", arguments.deadline)
        options.append(f"--deadline={arguments.deadline}")
    soak = _seconds("--soak", arguments.soak) if arguments.soak is not None else 0.0
    window = Window(soak, _seconds("--every", arguments.every or _EVERY))
    path = find(arguments.env, folder_of_environments(arguments.environments, os.environ, Path.cwd())).resolve()
    child = Child(Path.cwd(), FOLDERS, (f"--env={path}", *options), dict(os.environ))
    child.require_folders()
    return Gate(_load(path), release, child, window, arguments.soak)


def _load(path: Path) -> Environment:
    if path.stem != _SANDBOX:
        return load(path)
    # A running sandbox has written its own copy, with its addresses filled in. One that a round starts proves nothing.
    running = location.root(os.environ) / path.name
    if not running.is_file():
        msg = "the sandbox does not run: `apgms-ops sandbox up`"
        raise ConfigurationError(msg)
    return load(running)


def _seconds(option: str, text: str) -> float:
    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        msg = f"{option}: {error}"
        raise ConfigurationError(msg) from error


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()  # the child writes to the same place
