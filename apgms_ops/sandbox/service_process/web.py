"""The HTTP server of a service: routes, correlation ids, metrics and the log of what was asked."""

import re
import socketserver
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from apgms_ops.sandbox.service_process.guard import guarded
from apgms_ops.sandbox.service_process.log import Log
from apgms_ops.sandbox.service_process.message import Refused, Request, Response, problem
from apgms_ops.sandbox.service_process.metrics import RequestMetrics
from apgms_ops.sandbox.service_process.router import Match, Router
from apgms_ops.sandbox.service_process.unavailable import Unavailable

CORRELATION: Final = "x-correlation-id"
_CORRELATION_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_OPERATIONAL: Final = re.compile(r"/health/.*|/metrics|/version|/status|/switches")
_LONGEST: Final = 65536
"""Bytes of a body that are read."""
_IDLE: Final = 300.0
"""Seconds after which a connection that says nothing is closed."""
_GRACE: Final = 2.0
_POLL: Final = 0.25
"""Seconds between two looks at whether to stop; a request is answered at once."""


class Application:
    """Answers requests; knows nothing of sockets."""

    def __init__(
        self,
        router: Router,
        metrics: RequestMetrics | None,
        log: Log,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Take the routes.

        Args:
            router: What there is.
            metrics: Where answers are counted, if anywhere.
            log: Hears of each request for business, and of each failure.
            clock: Measures the answers, in seconds.
        """
        self._router = router
        self._metrics = metrics
        self._log = log
        self._clock = clock

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one request, and count it under the template that it matched; what matches none is not counted."""
        began = self._clock()
        parts = urlsplit(target)
        given = headers.get(CORRELATION, "")
        correlation_id = given if _CORRELATION_ID.fullmatch(given) else str(uuid.uuid4())
        match = self._router.find(method, parts.path)
        if match is None:
            return self._nothing(parts.path, correlation_id)
        route = match.route.template
        request = Request(method, route, match.values, dict(parse_qsl(parts.query)), headers, body, correlation_id)
        response = self._handled(match, request)
        took = self._clock() - began
        if self._metrics is not None:
            self._metrics.observe(method, route, response.status, took)
        if not _OPERATIONAL.fullmatch(route):
            self._log.note(
                "request", correlation_id, method=method, route=route, status=response.status, ms=round(took * 1000, 1)
            )
        return _tagged(response, correlation_id)

    def _handled(self, match: Match, request: Request) -> Response:
        def failed(trace: str) -> Response:
            self._log.trouble("handler failed", request.correlation_id, route=request.route, trace=trace)
            return problem(Refused(500, "internal", "the request failed"), request.correlation_id)

        def answered() -> Response:
            try:
                return match.route.handler(request)
            except Refused as refused:
                return problem(refused, request.correlation_id)
            except Unavailable as error:
                self._log.trouble("unavailable", request.correlation_id, route=request.route, why=str(error))
                return problem(Refused(503, "unavailable", f"{error.what} does not answer"), request.correlation_id)

        return guarded(answered, failed)

    def _nothing(self, path: str, correlation_id: str) -> Response:
        methods = self._router.methods(path)
        if not methods:
            return _tagged(problem(Refused(404, "not_found", "there is no such route"), correlation_id), correlation_id)
        refused = Refused(405, "method_not_allowed", f"it takes {', '.join(methods)}")
        return _tagged(problem(refused, correlation_id), correlation_id, Allow=", ".join(methods))


def _tagged(response: Response, correlation_id: str, **more: str) -> Response:
    headers = {**response.headers, **more, "X-Correlation-Id": correlation_id}
    return Response(response.status, response.body, response.content_type, headers)


class Server:
    """One port on 127.0.0.1, or on another address of this machine alone, served by a thread a connection."""

    def __init__(
        self,
        port: int,
        application: Application,
        name: str,
        host: str = "127.0.0.1",
        *,
        date: Callable[[], float] = time.time,
    ) -> None:
        """Listen; `start` begins to answer. `date` says what the header Date tells, in seconds since 1970."""
        self._under_way = _UnderWay()
        self._server = _Server((host, port), _handler(application, self._under_way, date))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL,), name=name, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections, and give the requests in hand a moment."""
        self._server.shutdown()
        self._server.server_close()
        self._under_way.await_none(_GRACE)


class _UnderWay:
    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def await_none(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0, seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind, without asking a name server for our name, which nobody needs."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hung up; of all else the traceback."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # handed through


def _body(handler: BaseHTTPRequestHandler) -> bytes | None:
    length = handler.headers.get("Content-Length", "0")
    if not length.isdecimal() or int(length) > _LONGEST or "Transfer-Encoding" in handler.headers:
        return None
    return handler.rfile.read(int(length))


def _handler(application: Application, under_way: _UnderWay, date: Callable[[], float]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept
        server_version = "apgms"
        sys_version = ""
        disable_nagle_algorithm = True
        wbufsize = -1  # one packet an answer
        timeout = _IDLE

        def _serve(self) -> None:
            with under_way:
                body = _body(self)
                if body is None:
                    self.close_connection = True
                    self._send(Response(400, b'{"error":"body_invalid","message":"the body has no good length"}'))
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._send(application.answer(self.command, self.path, headers, body))

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 — the names are the library's

        def _send(self, response: Response) -> None:
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            if response.body:
                self.send_header("Content-Type", response.content_type)
            if response.status != 204:  # noqa: PLR2004 — No Content has no length either
                self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)
            self.wfile.flush()

        def date_time_string(self, timestamp: float | None = None) -> str:
            """Return a time as the header Date tells it."""
            return super().date_time_string(date() if timestamp is None else timestamp)

        def log_message(self, *_arguments: object) -> None:
            """Leave the log to the application."""

    return Handler
