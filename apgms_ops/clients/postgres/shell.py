"""A read-only transaction held by `psql`, where there is only a shell beside the server: the same rows, as strictly.

`psql` is talked with over its standard input and output: statements go in as `COPY … TO STDOUT`, whose text format is
that of a direct connection, and a mark that nobody can guess ends each answer. A statement that fails ends `psql`.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from apgms_ops.clients.postgres.errors import of_state
from apgms_ops.deadline import Deadline
from apgms_ops.errors import DeadlineExceeded, Incomplete, Unobserved, Unreachable
from apgms_ops.redact import printable

_MODE: Final = (
    "SET default_transaction_read_only = on;\nSET TIME ZONE 'UTC';\nSET DateStyle = 'ISO';\n"
    "SET client_min_messages = warning;\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"
)
_ERROR: Final = re.compile(r"(?:ERROR|FATAL|PANIC):\s+(?:([0-9A-Z]{5}): )?(.*)")
_COMPLAINTS: Final = 64 * 1024
"""Bytes of what `psql` says on its standard error that are kept."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The next thing that came from a program: a piece of one of its outputs, or how it ended."""

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int | None = None


class Line(Protocol):
    """A program that runs somewhere, and is talked with."""

    def send(self, data: bytes) -> None:
        """Write to its standard input.

        Raises:
            Unobserved: It is gone.
        """

    def receive(self, deadline: Deadline) -> Heard:
        """Return the next thing that comes from it.

        Raises:
            Unobserved: Nothing does.
        """

    def close(self) -> None:
        """Leave it, whatever is under way."""


OpenLine = Callable[[Sequence[str], Deadline], Line]
"""Runs a program with its arguments."""


@dataclass(frozen=True, slots=True)
class Host:
    """A place beside one server where `psql` can be run."""

    where: str
    """For people: the pod."""
    line: OpenLine


class ShellConnection:
    """A read-only transaction with one snapshot. What is not read to its end is broken off with it."""

    def __init__(self, host: Host, database: str, user: str) -> None:
        """Describe it; nothing is run yet."""
        self._host = host
        self._command = (
            *("psql", "-X", "-q", "-A", "-t", "--no-password", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"),
            *("-U", user, "-d", database),
        )
        self._line: Line | None = None
        self._complaints = bytearray()
        self.where = f"{host.where}/{database}"

    def open(self, deadline: Deadline) -> None:
        """Run `psql`, and begin the transaction.

        Raises:
            Unobserved: It cannot be.
        """
        self._line = self._host.line(self._command, deadline)
        for _ in self._answer(_MODE, deadline, "connecting"):
            pass

    def copy(self, statement: str, deadline: Deadline, doing: str) -> Iterator[bytes]:
        """Yield what a COPY sends, in pieces.

        Raises:
            Unobserved: It broke off, was refused, or is not over by the deadline.
        """
        milliseconds = max(1, round(deadline.require(doing) * 1000))
        yield from self._answer(f"SET LOCAL statement_timeout = {milliseconds};\n{statement};\n", deadline, doing)

    def close(self) -> None:
        """End it, whatever is under way."""
        if self._line is not None:
            self._line.close()

    def _answer(self, script: str, deadline: Deadline, doing: str) -> Iterator[bytes]:
        line = self._line
        if line is None:
            msg = f"PostgreSQL at {self.where}: nothing is open while {doing}"
            raise Unreachable(msg)
        mark = f"-- {secrets.token_hex(16)}".encode()
        complete = False
        try:
            line.send(script.encode() + b"\\echo '" + mark + b"'\n")
            rest = b""
            while True:
                heard = line.receive(deadline)
                self._complaints += heard.stderr[: max(0, _COMPLAINTS - len(self._complaints))]
                if heard.exit_code is not None:
                    raise self._ended(heard.exit_code, doing, deadline.seconds)
                rest += heard.stdout
                # The mark stands alone on the last line; whole lines before it are rows.
                if rest == mark + b"\n" or rest.endswith(b"\n" + mark + b"\n"):
                    yield rest[: -len(mark) - 1]
                    complete = True
                    return
                whole = rest.rfind(b"\n", 0, max(0, len(rest) - len(mark) - 1)) + 1
                if whole:
                    yield rest[:whole]
                    rest = rest[whole:]
        except DeadlineExceeded:
            msg = f"PostgreSQL at {self.where} did not answer within {deadline.seconds:.3g} s while {doing}"
            raise DeadlineExceeded(msg) from None
        finally:
            if not complete:
                self.close()

    def _ended(self, code: int, doing: str, seconds: float) -> Unobserved:
        """Say why `psql` ended: its transaction is over, whatever its exit code."""
        said = self._complaints.decode(errors="replace")
        told = _ERROR.search(said)
        if told is not None:
            return of_state(told[1] or "", printable(told[2], limit=300), self.where, doing, seconds)
        last = next((text for text in reversed(said.splitlines()) if text.strip()), "it said nothing")
        msg = f"PostgreSQL at {self.where}: psql ended with {code} while {doing}: {printable(last, limit=300)}"
        return Incomplete(msg)


@dataclass(frozen=True, slots=True)
class Shells:
    """Where `psql` can be run, and beside which kind of server it must be."""

    hosts: Callable[[Deadline], Sequence[Host]]
    """Finds the places, the likeliest first."""
    source: str
    """For people."""
    replica: bool
    """Whether a replica is wanted, and not the primary."""
    database: str
    user: str
