"""Connections to PostgreSQL for the threads of a service; a server that was away, or hangs, ends no thread."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from apgms_ops.sandbox.service_process.unavailable import Unavailable

Connection = psycopg.Connection[tuple[object, ...]]
_MOST: Final = 6
"""Connections of one process."""
_WAIT: Final = 2.0
"""Seconds to wait for a connection that another thread has."""
_CONNECT: Final = 2
_LONGEST: Final = 8.0
"""Seconds that a transaction may take; then its connection is cut, for a hung server answers no request to cancel."""
_POLL: Final = 0.25
_AWAY: Final = "database"


class Database:
    """A small pool. Every error of the driver that says the server is away comes out as Unavailable."""

    def __init__(self, dsn: str, application: str) -> None:
        """Prepare; nothing is connected before it is needed.

        Args:
            dsn: The owner's DSN, a secret.
            application: What the server shows the connections as.
        """
        self._dsn = dsn
        self._application = application
        self._idle: list[Connection] = []
        self._busy: dict[int, tuple[Connection, float]] = {}
        self._places = threading.BoundedSemaphore(_MOST)
        self._lock = threading.Lock()
        threading.Thread(target=self._watch, name="database watch", daemon=True).start()

    @contextmanager
    def transaction(self, seconds: float = _LONGEST) -> Iterator[Connection]:
        """Yield a connection in a transaction: committed at the end, rolled back where an exception comes through.

        Args:
            seconds: How long it may take.

        Raises:
            Unavailable: The server is away, hangs, or went away meanwhile.
        """
        if not self._places.acquire(timeout=min(_WAIT, seconds)):
            raise Unavailable(_AWAY, "every connection is in use")
        try:
            yield from self._lent(time.monotonic() + seconds)
        finally:
            self._places.release()

    def ping(self) -> None:
        """Ask the server for an answer.

        Raises:
            Unavailable: There is none in time.
        """
        with self.transaction(seconds=_WAIT) as connection:
            connection.execute("SELECT 1")

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _lent(self, until: float) -> Iterator[Connection]:
        connection: Connection | None = None
        try:
            connection = self._take(until)
            with connection.transaction():
                yield connection
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self._discard(connection)
            raise Unavailable(_AWAY, type(error).__name__) from None  # its text may quote the DSN
        finally:
            self._give_back(connection)

    def _take(self, until: float) -> Connection:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
                if connection is not None:
                    self._busy[id(connection)] = (connection, until)
            if connection is None:
                connection = psycopg.connect(
                    self._dsn, connect_timeout=_CONNECT, application_name=self._application, autocommit=True
                )
                with self._lock:
                    self._busy[id(connection)] = (connection, until)
                return connection
            try:
                connection.execute("")  # the server may have been away since
            except (psycopg.OperationalError, psycopg.InterfaceError):
                self._discard(connection)
                if time.monotonic() >= until:
                    raise
            else:
                return connection

    def _give_back(self, connection: Connection | None) -> None:
        if connection is None:
            return
        with self._lock:
            if self._busy.pop(id(connection), None) is None:
                return  # discarded
            if not connection.closed and not connection.broken:
                self._idle.append(connection)

    def _discard(self, connection: Connection | None) -> None:
        """Close a connection, and those that are idle: what cut one has cut all of them."""
        if connection is not None:
            with self._lock:
                self._busy.pop(id(connection), None)
            connection.close()
        self.close()

    def _watch(self) -> None:
        while True:
            time.sleep(_POLL)
            now = time.monotonic()
            with self._lock:
                overdue = [connection for connection, until in self._busy.values() if now >= until]
                for connection in overdue:
                    _cut(connection)


def _cut(connection: Connection) -> None:
    """End a connection from outside: the thread that waits for the server's answer gets an error instead."""
    if connection.closed:
        return
    try:
        twin = socket.socket(fileno=os.dup(connection.fileno()))
    except (OSError, psycopg.Error):  # it is being closed at this moment
        return
    with twin:
        try:
            twin.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
