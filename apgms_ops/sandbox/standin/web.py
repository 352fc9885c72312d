"""The two HTTP servers of a stand-in: the vendor's own port, and the one for orders. Both on 127.0.0.1."""

import json
import signal
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl

from apgms_ops.sandbox.standin.answer import Answer, Gate
from apgms_ops.sandbox.standin.control import Control
from apgms_ops.sandbox.standin.records import RefusedError

_LONGEST: Final = 1024 * 1024
_FORM: Final = "application/x-www-form-urlencoded"
_NO_CONTENT: Final = 204


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind, without asking a name server for our name, which nobody needs."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 300.0

    def _body(self) -> Any:  # noqa: ANN401 — JSON
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LONGEST:
            self.close_connection = True
            return None
        raw = self.rfile.read(int(length))
        try:
            if self.headers.get("Content-Type", "").partition(";")[0].strip().lower() == _FORM:
                return dict(parse_qsl(raw.decode(), keep_blank_values=True))
            return json.loads(raw or b"null")
        except (ValueError, RecursionError):
            return None

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.body:
            self.send_header("Content-Type", answer.content_type)
        if answer.status != _NO_CONTENT:  # which has no length either
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002 — the library's names
        """Keep the log short: what was asked, without its query, which may hold a ticket."""
        self.log_message("%s %s %s", self.command, self.path.partition("?")[0], str(code))


def api_server(port: int, name: str, gate: Gate) -> ThreadingHTTPServer:
    """Return the vendor's own server, for a thread to run; `name` is what it says that it is."""

    class Handler(_Handler):
        server_version = name

        def _serve(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(gate.answer(self.command, self.path, headers, self._body()))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 — the names are the library's

    return _Server(("127.0.0.1", port), Handler)


def control_server(port: int, control: Control) -> ThreadingHTTPServer:
    """Return the server of orders, for a thread to run."""

    class Handler(_Handler):
        def _reply(self, *, order: bool) -> None:
            body = self._body()
            try:
                answer = control.post(self.path, body) if order else control.get(self.path)
            except (RefusedError, KeyError) as error:
                self._send(Answer(400, json.dumps({"error": str(error)}).encode()))
                return
            self._send(Answer(200, json.dumps(answer).encode()))

        def do_GET(self) -> None:
            self._reply(order=False)

        def do_POST(self) -> None:
            self._reply(order=True)

    return _Server(("127.0.0.1", port), Handler)


def run(*servers: ThreadingHTTPServer) -> None:
    """Serve until SIGTERM."""
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: asked_to_end.set())
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    asked_to_end.wait()
