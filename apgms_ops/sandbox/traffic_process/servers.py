"""The HTTP servers for metrics and for orders."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest

from apgms_ops.sandbox.traffic_process.control import Control
from apgms_ops.sandbox.traffic_process.kafka_exporter import Answer, Exporter
from apgms_ops.sandbox.traffic_process.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

_JSON = "application/json"
_LONGEST = 65536
"""Bytes of a request's body that are read."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_arguments: object) -> None:
        """Keep the log for what is worth reading."""

    def _send(self, answer: Answer) -> None:
        status, content_type, body = answer
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def metrics(port: int, services: CollectorRegistry, exporter: Exporter) -> ThreadingHTTPServer:
    """Return the server of `/metrics` and `/metrics/kafka` on 127.0.0.1, for a thread to run."""
    pages: dict[str, Callable[[], Answer]] = {
        "/metrics": lambda: (200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(services)),
        "/metrics/kafka": exporter.scrape,
    }

    class Handler(_Handler):
        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            self._send(page() if page else (404, "text/plain; charset=utf-8", b"/metrics, /metrics/kafka\n"))

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def control(port: int, orders: Control) -> ThreadingHTTPServer:
    """Return the server of orders on 127.0.0.1, for a thread to run."""

    class Handler(_Handler):
        def do_GET(self) -> None:
            found = self.path == "/status"
            self._reply(200 if found else 404, orders.status() if found else {"error": "GET /status"})

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "0")
            if not length.isdecimal() or int(length) > _LONGEST:
                self.close_connection = True
                self._reply(400, {"error": f"the body's length must be from 0 to {_LONGEST}, not {length!r}"})
                return
            body = self.rfile.read(int(length))
            try:
                self._reply(200, orders.post(self.path, body))
            except RefusedError as error:
                self._reply(400, {"error": str(error)})

        def _reply(self, status: int, answer: dict[str, Any]) -> None:
            self._send((status, _JSON, json.dumps(answer).encode()))

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
