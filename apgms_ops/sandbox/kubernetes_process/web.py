"""The HTTP server: a thread a connection, which is kept; answers whole, in pieces, or by giving the connection away."""

import contextlib
import select
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qsl

from apgms_ops.sandbox.kubernetes_process.message import Answer, Request, Response, Stream, Takeover, problem
from apgms_ops.sandbox.kubernetes_process.status import TOO_LARGE, Refused, bad_request, internal
from apgms_ops.sandbox.service_process.guard import guarded

_LONGEST: Final = 3 << 20
"""Bytes of a body: as much as a real API server takes."""
_IDLE: Final = 300.0
_POLL: Final = 0.1
_BODYLESS: Final = (204, 304)

Handle = Callable[[Request], Answer]


class Server:
    """One port on 127.0.0.1, which can be closed and opened again."""

    def __init__(self, port: int, handle: Handle, name: str) -> None:
        """Take what answers; `open` begins to listen."""
        self._address = ("127.0.0.1", port)
        self._handle = handle
        self._name = name
        self._server: _Server | None = None
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        """Where it listens; of port 0, which one it got."""
        return self._address[1]

    def open(self) -> None:
        """Listen and answer; harmless if it does."""
        with self._lock:
            if self._server is None:
                self._server = _Server(self._address, self._handle)
                self._address = ("127.0.0.1", self._server.server_port)
                threading.Thread(target=self._server.serve_forever, args=(_POLL,), name=self._name, daemon=True).start()

    def close(self) -> None:
        """Refuse connections, and break off those that there are; harmless if it does not listen."""
        with self._lock:
            if self._server is not None:
                self._server.shutdown()
                self._server.server_close()
                self._server.break_off()
                self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handle: Handle) -> None:
        self.handle = handle
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind, without asking a name server for our name, which nobody needs."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Remember the connection, to be able to break it off."""
        if isinstance(request, socket.socket):
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget it."""
        if isinstance(request, socket.socket):
            self._connections.discard(request)
        super().shutdown_request(request)

    def break_off(self) -> None:
        """Break off every connection."""
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hung up; of all else the traceback."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # handed through


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"  # connections are kept
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet an answer
    timeout = _IDLE

    def _serve(self) -> None:
        body = self._body()
        if isinstance(body, Refused):
            self.close_connection = True
            self._whole(problem(body))
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        parameters = parse_qsl(query, keep_blank_values=True)
        request = Request(self.command, path, parameters, headers, body, query)
        handle: Handle = self.server.handle  # type: ignore[attr-defined]  # it is ours
        answer = guarded(lambda: handle(request), _failed)
        if isinstance(answer, Response):
            self._whole(answer)
        elif isinstance(answer, Stream):
            self._stream(answer)
        else:
            self._give_away(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 — the names are the library's

    def _body(self) -> bytes | Refused:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            return bad_request("the body has no good length")
        if int(length) > _LONGEST:
            return Refused(TOO_LARGE, f"Request entity too large: limit is {_LONGEST}")
        return self.rfile.read(int(length))

    def _chunks(self) -> bytes | Refused:
        body = b""
        while len(body) <= _LONGEST:
            try:
                size = int(self.rfile.readline(64).partition(b";")[0], 16)
            except ValueError:
                return bad_request("the body comes in pieces that have no good length")
            body += self.rfile.read(size)
            self.rfile.readline(64)
            if size == 0:
                return body
        return Refused(TOO_LARGE, f"Request entity too large: limit is {_LONGEST}")

    def _whole(self, response: Response) -> None:
        self._head(response)
        if response.status not in _BODYLESS:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def _stream(self, stream: Stream) -> None:
        self._head(stream)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        try:
            for piece in stream.pieces:
                if piece:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.flush()
                elif self._gone():
                    self.close_connection = True
                    return
            self.wfile.write(b"0\r\n\r\n")
        except OSError:  # the client is gone, or what stands behind broke off: so does this, without an end
            self.close_connection = True
        finally:
            close = getattr(stream.pieces, "close", None)
            if close is not None:
                close()

    def _give_away(self, takeover: Takeover) -> None:
        self.close_connection = True
        takeover.run(self.connection, self._early())

    def _early(self) -> bytes:
        """Return what the client sent already and nobody has read."""
        self.connection.setblocking(False)  # noqa: FBT003 — the socket's own
        try:
            return self.rfile.peek()  # type: ignore[attr-defined,no-any-return]  # it is a buffered reader
        except OSError:
            return b""
        finally:
            self.connection.setblocking(True)  # noqa: FBT003 — the socket's own

    def _gone(self) -> bool:
        readable = select.select([self.connection], [], [], 0)[0]
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _head(self, answer: Response | Stream) -> None:
        self.send_response_only(answer.status)
        self.send_header("Cache-Control", "no-cache, private")
        self.send_header("Date", self.date_time_string())
        if answer.content_type:
            self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)

    def log_message(self, *_arguments: object) -> None:
        """Keep the log for what is worth reading."""


def _failed(trace: str) -> Answer:
    sys.stderr.write(trace)
    sys.stderr.flush()
    return problem(internal(f"Internal error occurred: {trace.strip().splitlines()[-1]}"))
