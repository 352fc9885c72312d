"""The world of one sandbox: its folder, ports, processes and published values, which any later process can reopen."""

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import ports, processes
from apgms_ops.sandbox.processes import Entry, Identity, ProcessTable
from apgms_ops.sandbox.state import StateFile

_GRACE: Final = 10.0
"""Seconds between SIGTERM and SIGKILL, at most; never more than half of what the deadline leaves."""
_POLL: Final = 0.02
_TAIL_BYTES: Final = 65536


def user_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Return this user's cache folder of apgms-ops: $XDG_CACHE_HOME or ~/.cache, and in it `apgms-ops`."""
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "apgms-ops"


def _to_stderr(text: str) -> None:
    sys.stderr.write(f"{text}\n")


class World:
    """Everything that the components of one sandbox share. It survives the process that made it."""

    def __init__(
        self,
        root: Path,
        *,
        cache: Path | None = None,
        report: Callable[[str], None] = _to_stderr,
        table: ProcessTable | None = None,
    ) -> None:
        """Open the world in `root`, which is made on the first change.

        Args:
            root: The folder of its state.
            cache: Where downloads live, across sandboxes; by default the user's cache folder.
            report: Takes a line of progress.
            table: The processes of this machine.
        """
        self.root = root.expanduser().resolve()  # one folder has one name: processes are known by it
        self.cache = (cache or user_cache()).expanduser().absolute()
        self.report = report
        self._table = table or ProcessTable()
        self._state = StateFile(self.root)
        self._random = random.Random()  # noqa: S311 — port numbers, not secrets

    # Folders and ports

    def folder(self, component: str) -> Path:
        """Return the component's own folder, made private to this user."""
        self._state.require_open()
        path = self.root / component
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def port(self, name: str) -> int:
        """Return the port on 127.0.0.1 that carries this name, the same for this world's life.

        Raises:
            SandboxError: No port is free.
        """
        known = self._state.read()["ports"].get(name)
        if isinstance(known, int):
            return known
        with self._state.change() as state:
            if name not in state["ports"]:
                state["ports"][name] = ports.reserve(self._register, self.root, self._random)
            return int(state["ports"][name])

    def ports(self) -> dict[str, int]:
        """Return every port that was given out, by name."""
        return dict(self._state.read()["ports"])

    @property
    def _register(self) -> Path:
        return self.cache / "ports.json"

    # Published values

    def get(self, key: str, default: str | None = None) -> str:
        """Return a published value.

        Raises:
            SandboxError: Nobody has published it, and there is no default.
        """
        value = self._state.read()["values"].get(key, default)
        if value is None:
            msg = f"the sandbox has not published {key}: the component that does is not ready"
            raise SandboxError(msg)
        return str(value)

    def set(self, key: str, value: str) -> None:
        """Publish a value, for other components and for the environment file."""
        with self._state.change() as state:
            state["values"][key] = value

    def values(self) -> dict[str, str]:
        """Return every published value."""
        return dict(self._state.read()["values"])

    # Faults in force: id → memo, in the order in which they were broken; None while one is being broken

    def faults(self) -> dict[str, dict[str, Any] | None]:
        """Return what `heal` must know of each fault that is in force."""
        return dict(self._state.read()["faults"])

    def set_fault(self, fault: str, memo: dict[str, Any] | None) -> None:
        """Write down that a fault is being broken (None), or is broken."""
        with self._state.change() as state:
            state["faults"][fault] = memo

    def clear_fault(self, fault: str) -> None:
        """Write down that a fault is healed."""
        with self._state.change() as state:
            state["faults"].pop(fault, None)

    # Processes

    def spawn(
        self,
        component: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        process: str | None = None,
    ) -> int:
        """Start a program in a session of its own, its output appended to `<folder>/<process or component>.log`.

        Args:
            component: The component it belongs to.
            argv: Program and arguments; the program is looked up in PATH.
            env: Added to the small environment that every process gets.
            cwd: Where it runs; by default the component's folder.
            process: Its name, where the component has several; by default the component's.

        Returns:
            Its pid.

        Raises:
            SandboxError: There is no such program, or a process of that name lives already.
        """
        name = process or component
        if self.alive(component, process=name):
            msg = f"{name} runs already"
            raise SandboxError(msg)
        environment = processes.environment(self.root, f"{component}/{name}", os.environ, env)
        program = shutil.which(argv[0], path=environment.get("PATH"))
        if program is None:
            msg = f"{component}: program {argv[0]} is not on this machine"
            raise SandboxError(msg)
        folder = self.folder(component)
        with self._state.change() as state:
            pid = processes.launch([program, *argv[1:]], environment, cwd or folder, folder / f"{name}.log")
            # A child of ours keeps its number until we reap it, so this reads the right process, or finds it dead.
            identity = self._table.identify(pid) or Identity(pid, started=-1, boot=self._table.boot)
            state["processes"].setdefault(component, {})[name] = asdict(identity)
        return pid

    def processes(self) -> dict[str, dict[str, Identity]]:
        """Return what was started and not stopped since: component → process → identity."""
        return {
            component: {name: Identity(**identity) for name, identity in named.items()}
            for component, named in self._state.read()["processes"].items()
        }

    def alive(self, component: str, *, process: str | None = None) -> bool:
        """Whether the process lives; without a name, whether every process of the component does, and there is one."""
        named = self._named(component, process)
        for identity in named.values():
            processes.reap(identity.pid)
        return bool(named) and all(self._table.alive(identity) for identity in named.values())

    def signal(self, component: str, number: signal.Signals, *, process: str | None = None) -> None:
        """Send a signal to a process and all it started; without a name, to every process of the component.

        Raises:
            SandboxError: Nothing of the kind lives.
        """
        members = self._members(component, self._named(component, process))
        if not members:
            msg = f"{process or component} does not run"
            raise SandboxError(msg)
        for entry in members:
            processes.send(entry.pid, number)

    def stop(self, component: str, deadline: Deadline, *, process: str | None = None) -> None:
        """End a process and all it started; without a name, every process of the component. Harmless if none lives.

        SIGTERM first (with SIGCONT, for a stopped process does not hear it otherwise), SIGKILL once the grace is over.

        Raises:
            SandboxError: Something outlived SIGKILL.
        """
        named = self._named(component, process)
        grace = deadline.within(min(_GRACE, max(_POLL, deadline.remaining / 2))) if named else deadline
        for attempt, numbers in enumerate(((signal.SIGTERM, signal.SIGCONT), (signal.SIGKILL,))):
            for entry in self._members(component, named):
                for number in numbers:
                    processes.send(entry.pid, number)
            if self._gone(component, named, deadline if attempt else grace):
                break
        else:
            msg = f"{process or component} does not end, even by SIGKILL: pids {sorted(i.pid for i in named.values())}"
            raise SandboxError(msg)
        with self._state.change() as state:
            left = state["processes"].get(component, {})
            for name in named:
                left.pop(name, None)
            if not left:
                state["processes"].pop(component, None)

    def log_tail(self, component: str, lines: int = 20, *, process: str | None = None) -> str:
        """Return the last lines of a process's log, or a note that it wrote none."""
        path = self.root / component / f"{process or component}.log"
        try:
            with path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(0, size - _TAIL_BYTES))
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            return f"(no log at {path})"
        return "\n".join(text.splitlines()[-lines:]) or f"(nothing in {path})"

    def exists(self) -> bool:
        """Whether a sandbox was begun here."""
        return self._state.exists()

    def leftovers(self) -> list[int]:
        """Return the pid of every living process of this sandbox, written down or not."""
        recorded = [entry for component, named in self.processes().items() for entry in self._members(component, named)]
        return sorted({entry.pid for entry in (*recorded, *self._table.marked(self.root))})

    def destroy(self, deadline: Deadline) -> None:
        """End every process at once, give back the ports and remove the folder, even if its state is damaged.

        A folder that holds no sandbox is left alone. Threads that would still start something here are refused.

        Raises:
            SandboxError: Something outlived SIGKILL, or the folder cannot be removed.
        """
        self._state.close()
        while left := self._kill_all():
            if deadline.expired:
                msg = f"processes of the sandbox do not end, even by SIGKILL: pids {left}"
                raise SandboxError(msg)
            time.sleep(_POLL)
        while self.exists():
            try:
                shutil.rmtree(self.root)
            except OSError as error:  # a thread of ours may be writing a last file
                if deadline.expired:
                    msg = f"{self.root} cannot be removed: {error.strerror}"
                    raise SandboxError(msg) from error
                time.sleep(_POLL)
        ports.release(self._register, self.root)

    def _kill_all(self) -> list[int]:
        try:
            left = self.leftovers()
        except SandboxError:  # damaged state: what was started for this folder is found by its mark
            left = sorted(entry.pid for entry in self._table.marked(self.root))
        for pid in left:
            processes.send(pid, signal.SIGKILL)
            processes.reap(pid)
        return left

    def _named(self, component: str, process: str | None) -> dict[str, Identity]:
        named = self.processes().get(component, {})
        return named if process is None else {name: i for name, i in named.items() if name == process}

    def _members(self, component: str, named: Mapping[str, Identity]) -> list[Entry]:
        parts = ((identity, f"{component}/{name}") for name, identity in named.items())
        return [entry for identity, part in parts for entry in self._table.members(identity, self.root, part)]

    def _gone(self, component: str, named: Mapping[str, Identity], deadline: Deadline) -> bool:
        while True:
            for identity in named.values():
                processes.reap(identity.pid)
            if not self._members(component, named):
                return True
            if deadline.expired:
                return False
            time.sleep(_POLL)
