"""Requests go on through every change of their rate."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from apgms_ops.sandbox.traffic_process.requests import Requester


def test_a_rate_that_becomes_zero_under_a_request_ends_nothing() -> None:
    """Stopped while a look-up is under way, and started again, requests are made again."""
    again = threading.Event()
    made: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.append(self.path)
            if made.count(self.path) == 1 and "abn" in self.path:
                requester.rate = 0.0  # in the middle of the first look-up
            elif "health" in self.path and requester.rate == 0.0:
                requester.rate = 50.0
            elif "abn" in self.path:
                again.set()
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Keep silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        requester = Requester(server.server_port, 50.0)
        requester.start()
        try:
            assert again.wait(20), made
        finally:
            requester.stop()
            server.shutdown()
