"""The driver, held at arm's length.

librdkafka aborts the process it lives in when a broker goes away while consumer groups are being read (its issues 3663
and 4605: a use after free in requests to group coordinators). A check must come to UNKNOWN then, not take the run with
it. So the driver lives in a process of its own, and its end is an answer too.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from typing import Any, Final

from apgms_ops import errors
from apgms_ops.clients.kafka.wire import Json
from apgms_ops.deadline import Deadline
from apgms_ops.errors import DeadlineExceeded, Unobserved, Unreachable
from apgms_ops.secret import Secret

READER: Final = "apgms_ops.clients.kafka.reader_process"
WINDOW: Final = "apgms_ops.clients.kafka.window_process"
_CHUNK: Final = 1 << 20
_KINDS: Final[Mapping[str, type[Unobserved]]] = {
    kind.__name__: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Unobserved)
}


class ReaderProcess:
    """One process that reads one Kafka cluster; started at the first question, and again after it died."""

    def __init__(self, settings: Mapping[str, Any], program: str = READER) -> None:
        """Take what it is told at its start: what JSON can carry, and secrets; nothing is started yet."""
        self._settings = settings
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def ask(self, verb: str, deadline: Deadline, doing: str, **arguments: Any) -> Json:  # noqa: ANN401 — JSON
        """Ask one question and return its answer.

        Raises:
            Unreachable: The driver died: its connection to the brokers broke off.
            DeadlineExceeded: There is no answer; the process is ended.
            Unobserved: What it answered instead.
        """
        with self._lock:
            process = self._started()
            question = {"verb": verb, "seconds": deadline.require(doing), **arguments}
            line = self._exchange(process, question, deadline, doing)
        answer = json.loads(line)
        if "error" in answer:
            raise _KINDS.get(answer["error"], Unobserved)(answer["text"])
        found: Json = answer["ok"]
        return found

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            # Its stderr is librdkafka's, which has nothing to say that its errors do not.
            process = subprocess.Popen(  # noqa: S603 — our own program
                [sys.executable, "-m", self._program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,  # Ctrl-C is for the runner, which ends this one
            )
            weakref.finalize(self, _end, process)
            self._process = process
            self._write(process, {k: v.reveal() if isinstance(v, Secret) else v for k, v in self._settings.items()})
        return self._process

    def _exchange(self, process: "subprocess.Popen[bytes]", question: Json, deadline: Deadline, doing: str) -> bytes:
        try:
            self._write(process, question)
            return _line(process, deadline)
        except (BrokenPipeError, EOFError):
            self._forget(process)
            msg = f"Kafka went away while {doing}: {_cause_of_death(process.returncode)}"
            raise Unreachable(msg) from None
        except TimeoutError:
            self._forget(process)
            msg = f"Kafka did not answer within {deadline.seconds:g} s while {doing}"
            raise DeadlineExceeded(msg) from None

    def _write(self, process: "subprocess.Popen[bytes]", data: Mapping[str, Any]) -> None:
        if process.stdin is not None:
            process.stdin.write(json.dumps(data).encode() + b"\n")

    def _forget(self, process: "subprocess.Popen[bytes]") -> None:
        _end(process)
        self._process = None


def _line(process: "subprocess.Popen[bytes]", deadline: Deadline) -> bytes:
    """Read one line.

    Raises:
        EOFError: The process closed its end.
        TimeoutError: It did not come in time.
    """
    if process.stdout is None:
        raise EOFError
    parts: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not (parts and parts[-1].endswith(b"\n")):
            if not selector.select(deadline.remaining):
                raise TimeoutError
            part = os.read(process.stdout.fileno(), _CHUNK)
            if not part:
                raise EOFError
            parts.append(part)
    return b"".join(parts)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _cause_of_death(code: int) -> str:
    if code >= 0:
        return f"the process that reads it ended with exit code {code}"
    return f"its driver, librdkafka, was ended by {signal.Signals(-code).name}"
