"""A real server on 127.0.0.1 that answers each request with a handler of the test's choice."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

Handler = Callable[[socket.socket, bytes], object]


class WireServer:
    """Accepts connections and hands each request's head to the next handler; the last handler repeats."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.handlers: list[Handler] = []
        self.heads: list[bytes] = []
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def answers(self, *handlers: Handler | bytes) -> None:
        """Set what the first, second, … request gets; bytes are sent, and the connection is then closed."""
        self.handlers = [_sender(h) if isinstance(h, bytes) else h for h in handlers]

    def close(self) -> None:
        """End everything that still waits."""
        self.over.set()
        with contextlib.suppress(OSError):  # not connected: said by some kernels, and accept ends all the same
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._talk, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            try:
                head = connection.recv(65536)
                if not head:
                    return
                self.heads.append(head)
                position = min(len(self.heads), len(self.handlers)) - 1
                self.handlers[position](connection, head)
            except OSError:
                return


def _sender(data: bytes) -> Handler:
    def send(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(data)

    return send


@pytest.fixture
def server() -> Iterator[WireServer]:
    """A wire server for one test."""
    it = WireServer()
    yield it
    it.close()
