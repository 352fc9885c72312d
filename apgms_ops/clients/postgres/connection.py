"""One connection to a server, driven in threads: a server that hangs holds up nobody for longer than a deadline."""

import contextlib
import os
import queue
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from apgms_ops.clients.postgres.errors import translated
from apgms_ops.deadline import Deadline
from apgms_ops.errors import DeadlineExceeded
from apgms_ops.secret import MASK, Secret

if TYPE_CHECKING:
    import psycopg

_QUEUED: Final = 16
"""Pieces of an answer that wait to be taken: a server that is faster than we are is made to wait."""
_PIECE: Final = 1 << 18
"""Bytes of a piece, at least, but for the last."""
_SHORTEST: Final = 2
"""Seconds: libpq takes no shorter patience for a connection. The deadline holds all the same."""
_MODE: Final = (
    "SET TIME ZONE 'UTC'; SET DateStyle = 'ISO'; SET client_min_messages = warning; "
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
)


class Failed:
    """What a thread hands over in place of an answer."""

    def __init__(self, error: "psycopg.Error") -> None:
        """Take the driver's error."""
        self.error = error


Piece = bytes | Failed | None
"""A part of an answer, its end (None), or why there is none."""


class Connection:
    """A read-only transaction with one snapshot. What is not read to its end is broken off with the connection."""

    def __init__(self, dsn: Secret, where: str) -> None:
        """Describe the connection; nothing is opened yet.

        Args:
            dsn: libpq's connection string.
            where: What it leads to, in a form that may be shown.
        """
        self._dsn = dsn
        self._where = where
        self._driver: psycopg.Connection[Any] | None = None
        self._closed = threading.Event()
        self._busy = False

    def open(self, deadline: Deadline) -> None:
        """Connect, and begin the transaction.

        Raises:
            Unobserved: It cannot be.
        """
        import psycopg  # noqa: PLC0415 — heavy

        def work(pieces: "queue.Queue[Piece]") -> None:
            patience = max(_SHORTEST, int(deadline.remaining) + 1)
            driver = psycopg.connect(
                self._dsn.reveal(), connect_timeout=patience, autocommit=True, application_name="apgms-ops"
            )
            self._driver = driver
            if not self._closed.is_set():
                driver.execute(_MODE)
            self._put(pieces, None)

        for _ in self._answer(work, deadline, "connecting"):
            pass

    def copy(self, statement: str, deadline: Deadline, doing: str) -> Iterator[bytes]:
        """Yield what a COPY sends, in pieces.

        Raises:
            Unobserved: It broke off, was refused, or is not over by the deadline.
        """

        def work(pieces: "queue.Queue[Piece]") -> None:
            driver = self._driver
            if driver is None:
                return
            milliseconds = max(1, round(deadline.remaining * 1000))
            driver.execute("SELECT set_config('statement_timeout', %s, true)", (str(milliseconds),))
            gathered = bytearray()
            with driver.cursor().copy(statement) as copied:
                for block in copied:
                    gathered += block
                    if len(gathered) >= _PIECE:
                        self._put(pieces, bytes(gathered))
                        gathered.clear()
            self._put(pieces, bytes(gathered))
            self._put(pieces, None)

        yield from self._answer(work, deadline, doing)

    def close(self) -> None:
        """End it, whatever is under way."""
        import psycopg  # noqa: PLC0415 — heavy

        self._closed.set()
        driver = self._driver
        if driver is None or driver.closed:
            return
        if not self._busy:
            driver.close()
            return
        # A thread is in the driver, which must not be freed under it: its socket is shut, it returns, and closes.
        with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(driver.fileno())) as own:
            own.shutdown(socket.SHUT_RDWR)

    def _answer(self, work: Any, deadline: Deadline, doing: str) -> Iterator[bytes]:  # noqa: ANN401 — a closure of ours
        import psycopg  # noqa: PLC0415 — heavy

        pieces: queue.Queue[Piece] = queue.Queue(_QUEUED)

        def run() -> None:
            try:
                work(pieces)
            except psycopg.Error as error:
                self._put(pieces, Failed(error))
            finally:
                self._busy = False
                if self._closed.is_set() and self._driver is not None:
                    self._driver.close()

        self._busy = True
        thread = threading.Thread(target=run, name="postgres", daemon=True)
        thread.start()
        complete = False
        try:
            while True:
                try:
                    piece = pieces.get(timeout=deadline.require(doing))
                except queue.Empty:
                    msg = f"PostgreSQL at {self._where} did not answer within {deadline.seconds:.3g} s while {doing}"
                    raise DeadlineExceeded(msg) from None
                if piece is None:
                    thread.join()  # it has nothing left to do; the next one must not overlap with it
                    complete = True
                    return
                if isinstance(piece, Failed):
                    raise self._translated(piece.error, doing, deadline.seconds)
                yield piece
        finally:
            if not complete:
                self.close()

    def _put(self, pieces: "queue.Queue[Piece]", piece: Piece) -> None:
        """Hand over a piece, or drop it once nobody takes any more."""
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                pieces.put(piece, timeout=0.1)
                return

    def _translated(self, error: "psycopg.Error", doing: str, seconds: float) -> Exception:
        failure = translated(error, self._where, doing, seconds)
        # libpq does not repeat a password; should it ever, we do not.
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 — heavy

        password = str(conninfo_to_dict(self._dsn.reveal()).get("password") or "")
        if password and password in str(failure):
            return type(failure)(str(failure).replace(password, MASK))
        return failure
