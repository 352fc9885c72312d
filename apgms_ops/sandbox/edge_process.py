"""The load balancer before the gateways: `python -m apgms_ops.sandbox.edge_process PORT TLS CONTROL CRT KEY URL…`.

It listens without TLS and with it, for what is inside the estate and for the world outside. It hands each request to
the next gateway that accepts a connection. A request is sent to one gateway only: once sent, it is not tried elsewhere,
for it may have done its work.
"""

import contextlib
import http.client
import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from apgms_ops.sandbox.service_process.message import Refused
from apgms_ops.sandbox.service_process.switches import Spec, Switches

_CONNECT: Final = 1.0
"""Seconds for a connection to a gateway."""
_ANSWER: Final = 15.0
"""Seconds for its answer."""
_LONGEST: Final = 1 << 20
"""Bytes of a request's body."""
_OF_ONE_CONNECTION: Final = frozenset(
    ("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "server")
)
"""Headers, in lower case, that are not handed on: each connection has its own."""
SWITCHES: Final = Spec(flags=("staging", "tls_1_2"), shares=("drop_share",))
"""It answers `/version` as staging does; it speaks no newer TLS than 1.2; so many connections are closed unanswered."""
_VERSION: Final = "/version"
_STAGING: Final = {"environment": "staging", "version": "v0.0.2", "gitSha": "5" * 40}
_HANDSHAKE: Final = 5.0
"""Seconds for it."""
_WAITING: Final = 128
"""Connections that may wait to be accepted."""

Answer = tuple[int, list[tuple[str, str]], bytes]
"""Status, headers, body."""


class NoGatewayError(Exception):
    """No gateway took the request; the text says why."""

    def __init__(self, status: HTTPStatus, error: str, message: str) -> None:
        """Say how to answer."""
        super().__init__(message)
        self.status = status
        self.error = error


class Balancer:
    """The gateways, taking turns."""

    def __init__(self, urls: Sequence[str], *, answer_within: float = _ANSWER) -> None:
        """Take the gateways' URLs, and how many seconds each has for an answer."""
        parts = [urlsplit(url) for url in urls]
        self._gateways = [(part.hostname or "", part.port or 80) for part in parts]
        self._answer_within = answer_within
        self._turn = 0
        self._lock = threading.Lock()

    def forward(self, method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes) -> Answer:
        """Send a request to the next gateway that accepts a connection, and return its answer.

        Raises:
            NoGatewayError: None accepts one, or the one that did has no whole answer in time.
        """
        for connection in self._next():
            with contextlib.closing(connection):
                try:
                    connection.connect()
                except OSError:
                    continue
                return self._ask(connection, method, path, headers, body)
        raise NoGatewayError(HTTPStatus.SERVICE_UNAVAILABLE, "no_gateway", "no gateway accepts a connection")

    def _next(self) -> Iterator[http.client.HTTPConnection]:
        with self._lock:
            turn = self._turn
            self._turn = (turn + 1) % len(self._gateways)
        for host, port in self._gateways[turn:] + self._gateways[:turn]:
            yield http.client.HTTPConnection(host, port, timeout=_CONNECT)

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
    ) -> Answer:
        connection.sock.settimeout(self._answer_within)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                if name.lower() not in _OF_ONE_CONNECTION:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.putheader("Connection", "close")
            connection.endheaders(body)
            found = connection.getresponse()
            return found.status, found.getheaders(), found.read()
        except TimeoutError as error:
            message = f"a gateway did not answer within {self._answer_within:g} s"
            raise NoGatewayError(HTTPStatus.GATEWAY_TIMEOUT, "gateway_timeout", message) from error
        except (OSError, http.client.HTTPException) as error:
            message = "a gateway broke off its answer"
            raise NoGatewayError(HTTPStatus.BAD_GATEWAY, "bad_gateway", message) from error


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    disable_nagle_algorithm = True

    def log_message(self, *_arguments: object) -> None:
        """Keep the log for what is worth reading."""

    def body(self) -> bytes | None:
        """Return the request's body, or None, once that is answered, where its length is not to be had."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" not in self.headers and length.isdecimal() and int(length) <= _LONGEST:
            return self.rfile.read(int(length))
        self.close_connection = True
        self.reply(HTTPStatus.LENGTH_REQUIRED, {"error": "length_required", "message": f"at most {_LONGEST} bytes"})
        return None

    def reply(self, status: int, value: object) -> None:
        """Answer with JSON."""
        self.send(status, [("Content-Type", "application/json")], json.dumps(value).encode())

    def send(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        """Answer."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _OF_ONE_CONNECTION:
                self.send_header(name, value)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # whoever asked has gone
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = _WAITING

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hung up or speak another TLS; of all else the traceback."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError | ssl.SSLError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # handed through


class Tls:
    """How connections are encrypted, and as whom."""

    def __init__(self, certificate: str, key: str, switches: Switches) -> None:
        """Read the certificate and its key, which are PEM files."""
        self._switches = switches
        self._modern, self._old = (_context(certificate, key) for _ in range(2))
        self._modern.minimum_version = ssl.TLSVersion.TLSv1_3
        self._old.maximum_version = ssl.TLSVersion.TLSv1_2

    def accept(self, connection: socket.socket) -> ssl.SSLSocket:
        """Shake hands.

        Raises:
            OSError: The client hung up, took too long, or speaks no TLS that is spoken here.
        """
        connection.settimeout(_HANDSHAKE)
        context = self._old if self._switches.on("tls_1_2") else self._modern
        encrypted = context.wrap_socket(connection, server_side=True)
        encrypted.settimeout(None)
        return encrypted


def _context(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class _TlsServer(_Server):
    tls: Tls

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 — as the library has it
        """Shake hands in the connection's own thread, so that nobody waits for a slow client, and serve it."""
        with self.tls.accept(request) as encrypted:
            super().finish_request(encrypted, client_address)
            with contextlib.suppress(OSError):
                encrypted.shutdown(socket.SHUT_RDWR)


def edge(port: int, balancer: Balancer, switches: Switches, tls: Tls | None = None) -> ThreadingHTTPServer:
    """Return the server that clients ask, on 127.0.0.1, to be run; with TLS if it is said how."""

    def handle(self: _Handler) -> None:
        body = self.body()
        if body is None:
            return
        if switches.pick("drop_share"):
            self.close_connection = True  # and not a byte of an answer
            return
        try:
            status, headers, content = balancer.forward(self.command, self.path, self.headers.items(), body)
        except NoGatewayError as error:
            correlation = self.headers.get("X-Correlation-Id")
            self.reply(error.status, {"error": error.error, "message": str(error), "correlationId": correlation})
        else:
            if switches.on("staging") and self.path == _VERSION and status == HTTPStatus.OK:
                content = json.dumps(json.loads(content) | _STAGING).encode()
            self.send(status, headers, content)

    methods: dict[str, Any] = {f"do_{method}": handle for method in ("GET", "POST", "PUT", "DELETE", "PATCH")}
    handler = type("Edge", (_Handler,), methods)
    if tls is None:
        return _Server(("127.0.0.1", port), handler)
    server = _TlsServer(("127.0.0.1", port), handler)
    server.tls = tls
    return server


def control(port: int, switches: Switches) -> ThreadingHTTPServer:
    """Return the server of the switches, on 127.0.0.1, to be run."""

    class Control(_Handler):
        def do_GET(self) -> None:
            self._answer(lambda: None)

        def do_POST(self) -> None:
            body = self.body()
            if body is not None:
                self._answer(lambda: _order(switches, body))

        def _answer(self, work: Callable[[], None]) -> None:
            if self.path != "/switches":
                self.reply(HTTPStatus.NOT_FOUND, {"error": "not_found", "message": "GET or POST /switches"})
                return
            try:
                work()
            except Refused as refused:
                self.reply(refused.status, {"error": refused.error, "message": refused.message})
            else:
                self.reply(HTTPStatus.OK, switches.values)

    return _Server(("127.0.0.1", port), Control)


def _order(switches: Switches, body: bytes) -> None:
    try:
        wanted = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "body_invalid", "the body is no JSON") from error
    if not isinstance(wanted, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "body_invalid", "the body is no JSON object")
    switches.set(wanted)


def main(ports: Sequence[int], certificate: str, key: str, urls: Sequence[str]) -> None:
    """Run until the process is ended; the ports are those without TLS, with it, and of the switches."""
    switches, balancer = Switches(SWITCHES, common=Spec()), Balancer(urls)
    plain, encrypted, switched = ports
    for server in (control(switched, switches), edge(encrypted, balancer, switches, Tls(certificate, key, switches))):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    edge(plain, balancer, switches).serve_forever()


if __name__ == "__main__":
    main([int(port) for port in sys.argv[1:4]], sys.argv[4], sys.argv[5], sys.argv[6:])
