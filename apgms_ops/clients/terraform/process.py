"""One run of the program, in a process group of its own, ended with it."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, ConfigurationError, DeadlineExceeded

_LARGEST: Final = 64 << 20
"""Bytes of an answer."""
_POLL: Final = 0.05
_GRACE: Final = 20.0
"""Seconds that it has to end well once it is interrupted: it writes its state then."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run came to."""

    exit_code: int
    out: str
    err: str


class Broken(Exception):
    """It was broken off; what it had said by then."""

    def __init__(self, ran: Ran, cause: BaseException) -> None:
        """Take what was heard, and why it was broken off."""
        super().__init__(str(cause))
        self.ran = ran
        self.cause = cause


def run(command: Sequence[str], folder: Path, env: Mapping[str, str], deadline: Deadline) -> Ran:
    """Run a command to its end.

    Raises:
        ConfigurationError: There is no such program.
        Broken: It was interrupted, is not over by the deadline, or says too much. Its whole group has been ended.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            child = subprocess.Popen(  # noqa: S603 — the program that the environment names
                list(command),
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except OSError as error:
            msg = f"{command[0]} cannot be run in {folder}: {error.strerror}"
            raise ConfigurationError(msg) from error
        try:
            _await(child, (out, err), deadline, command)
        except BaseException as error:
            _end(child)
            raise Broken(Ran(child.returncode, _text(out), _text(err)), error) from error
        return Ran(child.returncode, _text(out), _text(err))


def _await(
    child: "subprocess.Popen[bytes]", files: Sequence[IO[bytes]], deadline: Deadline, command: Sequence[str]
) -> None:
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_POLL)
            return
        if deadline.expired:
            msg = f"{' '.join(command[:2])} is not over within {deadline.seconds:g} s"
            raise DeadlineExceeded(msg)
        if any(os.fstat(file.fileno()).st_size > _LARGEST for file in files):
            msg = f"{' '.join(command[:2])} says more than {_LARGEST >> 20} MiB"
            raise BadAnswer(msg)


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Interrupt the group, so that it writes down what it did; then kill it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGINT)
    ends = time.monotonic() + _GRACE
    while child.poll() is None and time.monotonic() < ends:
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            child.wait(_POLL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(_LARGEST).decode("utf-8", "replace")
