"""Runs pytest as a child of the gate, and reads what it recorded.

The child is a session of its own: a terminal's Ctrl-C reaches the gate alone, which passes it on once. Twice would end
pytest while it closes its ledger.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence.run import RecordedRun, read_run

_NOT_HANDED_ON: Final = ("PYTEST_ADDOPTS",)
"""What would select other checks than were asked for."""


class Interrupts:
    """Turns the signals that end a process into one Ctrl-C of the child; a second Ctrl-C ends the child by force."""

    def __init__(self) -> None:
        """Have seen none."""
        self.seen = False
        self._child: subprocess.Popen[bytes] | None = None
        self._waiting = False

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Take the signals, and give them back at the end. In the main thread only, as Python has it."""
        before: dict[signal.Signals, Any] = {}
        try:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                    continue  # nohup: whoever said so wants it to go on
                before[number] = signal.signal(number, self._take)
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let a signal end what is waited for, where no child is there to pass it to.

        Raises:
            KeyboardInterrupt: One came.
        """
        self._waiting = True
        try:
            if self.seen:
                raise KeyboardInterrupt
            yield
        finally:
            self._waiting = False

    def adopt(self, child: "subprocess.Popen[bytes] | None") -> None:
        """Pass signals on to this child from now on; None: it is over."""
        self._child = child
        if child is not None and self.seen:
            self._send(signal.SIGINT)  # it came while the child was being started

    def _take(self, number: int, _frame: FrameType | None) -> None:
        again, self.seen = self.seen, True
        if self._waiting:
            raise KeyboardInterrupt
        if not again:
            self._send(signal.SIGINT)
        elif number == signal.SIGINT:
            self._send(signal.SIGKILL)
        # A SIGTERM after a SIGINT says what the child was told already, and is now about: to close its ledger.

    def _send(self, number: signal.Signals) -> None:
        if self._child is None or self._child.returncode is not None:
            return
        try:
            os.killpg(self._child.pid, number)
        except ProcessLookupError:
            return  # it is over, and its end not yet noticed


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended."""

    code: int
    """Its exit code; negative where a signal ended it."""
    run: RecordedRun | None
    """What it recorded; None where there is no ledger that verifies."""
    trouble: str
    """Why there is none."""


@dataclass(frozen=True, slots=True)
class Child:
    """What is run, and where."""

    site: Path
    """The checkout that holds the checks."""
    folders: tuple[str, ...]
    options: tuple[str, ...]
    """Of pytest: `--env …`."""
    environ: Mapping[str, str]

    def require_folders(self) -> None:
        """See that every folder of checks is there.

        Raises:
            ConfigurationError: The text names those that are not.
        """
        missing = [folder for folder in self.folders if not (self.site / folder).is_dir()]
        if missing:
            msg = (
                f"there is no folder {', '.join(missing)} in {self.site}: the gate is run in the checkout that holds "
                "the checks, and leaves none of them out"
            )
            raise ConfigurationError(msg)

    def run(self, interrupts: Interrupts) -> Ended:
        """Run it to its end, with its output where ours goes.

        Raises:
            ConfigurationError: It cannot be started.
        """
        with tempfile.TemporaryDirectory(prefix="apgms-ops-gate-") as folder:
            told = Path(folder) / "run"
            # -P: as the command `pytest` does it, which does not look for modules in the current folder either.
            command = [sys.executable, "-P", "-m", "pytest", *self.folders, f"--rootdir={self.site}", *self.options]
            code = self._wait([*command, f"--run-file={told}"], interrupts)
            return _read(code, told)

    def _wait(self, command: list[str], interrupts: Interrupts) -> int:
        environ = {name: value for name, value in self.environ.items() if name not in _NOT_HANDED_ON}
        try:
            child = subprocess.Popen(  # noqa: S603 — our own interpreter, no shell
                command, cwd=self.site, env=environ, stdin=subprocess.DEVNULL, start_new_session=True
            )
        except OSError as error:
            msg = f"pytest cannot be started: {error.strerror}"
            raise ConfigurationError(msg) from error
        interrupts.adopt(child)
        try:
            return child.wait()
        finally:
            interrupts.adopt(None)


def _read(code: int, told: Path) -> Ended:
    try:
        path = Path(told.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Ended(code, None, "it did not come as far as that")
    if not path.is_dir():
        # Nothing was run, so that nothing was kept: pytest only answered, or refused.
        return Ended(code, None, "no check was run")
    try:
        return Ended(code, read_run(path), "")
    except EvidenceInvalid as error:
        return Ended(code, None, str(error))
