"""`apgms-ops sandbox …`: the embedded platform, up and down, broken on purpose and healed."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from apgms_ops.deadline import Deadline
from apgms_ops.environment.loading import folder_of_environments
from apgms_ops.errors import ConfigurationError, SandboxError
from apgms_ops.sandbox import composition, location, status
from apgms_ops.sandbox.breaking import Breaker
from apgms_ops.sandbox.faults import Fault, by_id
from apgms_ops.sandbox.kubernetes import choice
from apgms_ops.sandbox.platform import FILLED, Platform
from apgms_ops.sandbox.progress import Progress

if TYPE_CHECKING:
    from apgms_ops.sandbox.world import World

EXIT_NOT_WELL = 1
EXIT_NOTHING_TO_DO = 2
_UP = 900.0
"""Seconds: a first start on a new machine fetches packages."""
_UP_BUILDING = 3600.0
"""Seconds, where Kubernetes's programs may have to be built first."""
_FAULT = 120.0
_LOOK = 10.0
_FEW = 3


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `sandbox` and its sub-commands."""
    sandbox = subparsers.add_parser("sandbox", help="the embedded platform that checks are developed against")
    verbs = sandbox.add_subparsers(title="sandbox commands", metavar="VERB", required=True)

    def verb(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        parser = verbs.add_parser(name, help=text, description=text)
        parser.add_argument("--name", help="one of several sandboxes side by side")
        parser.set_defaults(run=run)
        return parser

    up = verb("up", _up, "start the sandbox, or what died in it; says so if it runs already")
    up.add_argument("--deadline", type=_seconds, metavar="SECONDS", help=f"for all of it (default {_UP:g})")
    up.add_argument(
        "--real-kubernetes",
        action="store_true",
        help="on etcd, kube-apiserver and its like in place of the stand-in; built the first time, about ten minutes",
    )
    verb("status", _status, "show what runs, and what is broken on purpose; exit 0 only if all is well")
    logs = verb("logs", _logs, "print the last lines of the logs")
    logs.add_argument("component", nargs="?", help="only this component's")
    logs.add_argument("-n", "--lines", type=int, default=20, help="lines a log (default 20)")
    logs.add_argument("-f", "--follow", action="store_true", help="go on printing what is added, until interrupted")
    verb("down", _down, "stop everything and forget it; what was downloaded is kept")
    faults = verb("faults", _faults, "list the ways to break the sandbox, and the verdicts that must notice")
    faults.add_argument("--all", action="store_true", help="name every check")
    break_ = verb("break", _break, "break the sandbox in one way")
    break_.add_argument("fault", metavar="FAULT", help="its id, as `faults` lists it")
    heal = verb("heal", _heal, "undo a fault; without one, all of them")
    heal.add_argument("fault", metavar="FAULT", nargs="?", help="its id")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError
    return seconds


def _platform(arguments: argparse.Namespace, report: Callable[[str], None] | None = None) -> Platform:
    root = location.root(os.environ, arguments.name)
    template = folder_of_environments(None, os.environ, Path.cwd()) / "sandbox.toml"
    chosen = {choice.CHOICE: choice.REAL} if getattr(arguments, "real_kubernetes", False) else {}
    return composition.platform(root, template, report or _say_aside, os.environ | chosen)


def _running(arguments: argparse.Namespace) -> "World":
    world = _platform(arguments).world()
    if not world.exists():
        name = f" --name {arguments.name}" if arguments.name else ""
        msg = f"no sandbox runs in {world.root}; start it with `apgms-ops sandbox up{name}`"
        raise SandboxError(msg)
    return world


def _up(arguments: argparse.Namespace) -> int:
    progress = Progress(sys.stderr)
    platform = _platform(arguments, progress.note)
    world = platform.world()
    if arguments.real_kubernetes:
        choice.require_real(world)
    seconds = arguments.deadline or (_UP_BUILDING if arguments.real_kubernetes else _UP)
    began = time.monotonic()
    with _terminable():
        started = platform.up(Deadline(seconds), progress.tick)
    if started:
        _say(f"sandbox up after {time.monotonic() - began:.1f} s, in {world.root}")
    else:
        _say(f"sandbox runs already, in {world.root}")
    _say(f"  gateway      {world.get('edge.url', '-')}")
    _say(f"  Kafka        {world.get('kafka.bootstrap', '-')}  ({world.get('kafka.broker', '-')})")
    _say(f"  Kubernetes   {world.get('kubernetes.url', '-')}  ({world.get('kubernetes.kind', '-')})")
    _say(f"  Prometheus   {world.get('prometheus.url', '-')}")
    _say(f"  Alertmanager {world.get('alertmanager.url', '-')}")
    _say(f"  environment  {world.root / FILLED}")
    if broken := world.faults():
        _say(f"broken on purpose: {', '.join(broken)}")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    world = _running(arguments)
    found = status.inspect(world, composition.components(), Deadline(_LOOK))
    _say(f"sandbox in {world.root}: {'all well' if found.well else 'NOT well'}")
    for component in found.components:
        pids = " ".join(f"{'' if name == component.name else f'{name} '}pid {pid}" for name, pid in component.pids)
        numbers = " ".join(f"{name}:{number}" for name, number in component.ports)
        _say(f"  {component.name:<13} {component.problem or 'well':<6}  {pids}  {numbers}".rstrip())
    _say(f"broken on purpose: {', '.join(found.faults) or 'nothing'}")
    return 0 if found.well else EXIT_NOT_WELL


def _logs(arguments: argparse.Namespace) -> int:
    world = _running(arguments)
    known = [component.name for component in composition.components()]
    if arguments.component is not None and arguments.component not in known:
        msg = f"no component {arguments.component!r}: there are {', '.join(known)}"
        raise ConfigurationError(msg)
    wanted = [arguments.component] if arguments.component else known
    ends: dict[Path, int] = {}
    for path in (path for name in wanted for path in sorted((world.root / name).glob("*.log"))):
        ends[path] = path.stat().st_size
        _say(f"==> {path} <==")
        _say(world.log_tail(path.parent.name, arguments.lines, process=path.stem))
    while arguments.follow:
        time.sleep(0.5)
        for path, end in ends.items():
            try:
                with path.open("rb") as log:
                    # A process that was started again begins a log of its own.
                    begin = end if log.seek(0, os.SEEK_END) >= end else 0
                    log.seek(begin)
                    added = log.read()
            except FileNotFoundError:  # it is being started again
                continue
            ends[path] = begin + len(added)
            for line in added.decode(errors="replace").splitlines():
                _say(f"{path.stem}: {line}")
    return 0


def _down(arguments: argparse.Namespace) -> int:
    platform = _platform(arguments)
    _say("sandbox down" if platform.down() else f"no sandbox in {platform.root}")
    return 0


def _faults(arguments: argparse.Namespace) -> int:
    world = _platform(arguments).world()
    in_force = world.faults() if world.exists() else {}
    for name, fault in by_id().items():
        _say(f"{name}{'   ** broken now **' if name in in_force else ''}")
        _say(f"    {fault.title}  [{', '.join((fault.component, *fault.references))}]")
        for line in _verdicts(fault, in_full=arguments.all):
            _say(f"    {line}")
    return 0


def _verdicts(fault: Fault, *, in_full: bool) -> Iterator[str]:
    """Yield the verdicts that a fault must lead to; many alike of one file in one line, unless all are asked for."""
    alike: dict[tuple[str, str], list[str]] = {}
    for check, verdict in fault.expected.items():
        alike.setdefault((str(verdict), check.partition("::")[0]), []).append(check)
    for (name, file), checks in alike.items():
        if len(checks) > _FEW and not in_full:
            yield f"{name:<8} {file} ({len(checks)} checks)"
        else:
            yield from (f"{name:<8} {check}" for check in checks)


def _break(arguments: argparse.Namespace) -> int:
    world = _running(arguments)
    breaker = Breaker(world, by_id())
    fault = breaker.find(arguments.fault)
    with _platform(arguments).exclusive():
        if not breaker.break_(fault.id, Deadline(_FAULT)):
            sys.stderr.write(f"{fault.id} is broken already; `apgms-ops sandbox heal {fault.id}` undoes it\n")
            return EXIT_NOTHING_TO_DO
    _say(f"broken: {fault.title}")
    for line in _verdicts(fault, in_full=False):
        _say(f"  must give {line}")
    return 0


def _heal(arguments: argparse.Namespace) -> int:
    world = _running(arguments)
    breaker = Breaker(world, by_id())
    with _platform(arguments).exclusive():
        wanted = [breaker.find(arguments.fault).id] if arguments.fault else breaker.in_force()[::-1]
        healed = [fault for fault in wanted if breaker.heal(fault, Deadline(_FAULT))]
    if arguments.fault and not healed:
        sys.stderr.write(f"{arguments.fault} is not broken\n")
        return EXIT_NOTHING_TO_DO
    _say(f"healed: {', '.join(healed) or 'nothing was broken'}")
    return 0


@contextmanager
def _terminable() -> Iterator[None]:
    """Treat the end of the terminal and SIGTERM like Ctrl-C, so that a start that is broken off leaves nothing."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _say_aside(text: str) -> None:
    sys.stderr.write(f"{text}\n")
