"""Commands that a drill runs: as another user where it is told so, each ended with all it started."""

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import DeadlineExceeded, Unobserved

_PASSED_ON: Final = ("PATH", "HOME", "TMPDIR", "TZ")
"""What is passed on of our environment: pgBackRest takes options from PGBACKREST_*, libpq from PG*."""
_KEPT: Final = 200
"""Last lines that are kept of what a command says."""
_LONGEST: Final = 4000
"""Characters of a line that are kept."""
_GRACE: Final = 3.0
"""Seconds between SIGTERM and SIGKILL."""
_DISTURBING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a command."""

    exit_code: int
    lines: tuple[str, ...]
    """The last ones of what it said, standard output and error together."""

    @property
    def said(self) -> str:
        """The last lines, as one."""
        return " ".join(" ".join(line.split()) for line in self.lines[-4:] if line.strip()) or "it said nothing"


class Child:
    """A command that runs, whose output is read as it comes."""

    def __init__(self, command: Sequence[str], given: str | None = None) -> None:
        """Start it, in a session of its own: Ctrl-C reaches us alone, and we end it.

        Raises:
            Unobserved: It cannot be started.
        """
        try:
            self._process = subprocess.Popen(  # noqa: S603 — what the environment declares
                list(command),
                stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"LC_ALL": "C"},
            )
        except OSError as error:
            msg = f"{command[0]} cannot be run: {error.strerror}"
            raise Unobserved(msg) from error
        self.lines: deque[str] = deque(maxlen=_KEPT)
        self._heard: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, name="drill output", daemon=True).start()
        if given is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self._process.stdin as into:
                into.write(given.encode())

    def _read(self) -> None:
        out = self._process.stdout
        if out is not None:
            with out:
                for line in out:
                    self._heard.put(line.decode(errors="replace").rstrip("\n")[:_LONGEST])
        self._heard.put(None)

    def heard(self, seconds: float = 0.0) -> Iterator[str]:
        """Yield the lines that have come, and wait for as long for the first."""
        with contextlib.suppress(queue.Empty):
            line = self._heard.get(timeout=seconds) if seconds else self._heard.get_nowait()
            while line is not None:
                self.lines.append(line)
                yield line
                line = self._heard.get_nowait()
            self._heard.put(None)  # the end stays the end

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll()

    def end(self) -> None:
        """End it, and what is in its session; harmless where it has ended."""
        for number, seconds in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
            if self._process.poll() is not None:
                return
            with contextlib.suppress(ProcessLookupError, PermissionError):  # of another user: the sweep finds it
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs commands behind what must stand before each, such as `runuser -u postgres --`."""

    before: tuple[str, ...] = ()

    def start(self, command: Sequence[str | Path]) -> Child:
        """Start a command.

        Raises:
            Unobserved: It cannot be started.
        """
        return Child([*self.before, *map(str, command)])

    def run(
        self,
        command: Sequence[str | Path],
        deadline: Deadline,
        *,
        given: str | None = None,
        heard: Callable[[str], None] = lambda _line: None,
    ) -> Ended:
        """Run a command to its end; broken off, it is ended with all that it started.

        Args:
            command: Program and arguments.
            deadline: For all of it.
            given: What it reads.
            heard: Takes each line that it says, as it comes.

        Raises:
            Unobserved: It could not be started, or did not end in time.
        """
        name = Path(command[0]).name
        deadline.require(f"running {name}")
        child = Child([*self.before, *map(str, command)], given)
        try:
            while (code := child.exit_code) is None:
                for line in child.heard(min(0.2, deadline.remaining or 0.01)):
                    heard(line)
                if deadline.expired:
                    msg = f"{name} did not end within {deadline.seconds:g} s"
                    raise DeadlineExceeded(msg)
            for line in child.heard(1.0):
                heard(line)
        finally:
            child.end()
        return Ended(code, tuple(child.lines))


def processes_of(folder: Path, proc: Path = Path("/proc")) -> tuple[int, ...]:
    """Return the processes, but for ourselves, whose command names the folder or something in it."""
    marks = (f"{folder}/".encode(), f"{folder}\0".encode())
    found = []
    for one in proc.iterdir():
        if one.name.isdecimal() and int(one.name) != os.getpid():
            with contextlib.suppress(OSError):
                command = (one / "cmdline").read_bytes()
                if any(mark in command for mark in marks):
                    found.append(int(one.name))
    return tuple(sorted(found))


class Interruption:
    """SIGINT, SIGTERM and SIGHUP, of which the first breaks off what is done, and no other is heard.

    So what is being cleared away is cleared away, however often somebody presses Ctrl-C.
    """

    def __init__(self) -> None:
        """Hear nothing yet."""
        self._armed = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear them within: KeyboardInterrupt."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._interrupt) for number in _DISTURBING}
        self._armed = True
        try:
            yield
        finally:
            self._armed = False
            for number, old in before.items():
                signal.signal(number, old)

    def disarm(self) -> None:
        """Be broken off by none of them any more."""
        self._armed = False

    def _interrupt(self, _number: int, _frame: object) -> None:
        if self._armed:
            self._armed = False
            raise KeyboardInterrupt
