"""A small API gateway: an HTTP server that measures the requests it really answers."""

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Counter, Histogram

SERVICE = "api-gateway"
LOOKUP = "/v1/registries/abn/{abn}"
READY = "/health/ready"
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Upper edges in seconds; both latency limits of the service levels are among them."""
_STATUSES = {LOOKUP: ("200", "404", "422", "500", "503"), READY: ("200", "503")}
_WORK = 0.008
"""Seconds that a look-up takes."""


class Share:
    """Picks a share of events evenly: of a share of 0.25 every fourth one, not one in four on average."""

    def __init__(self) -> None:
        """Pick none."""
        self.value = 0.0
        self._owed = 0.0

    def pick(self) -> bool:
        """Whether the next event is among the picked."""
        self._owed += self.value
        if self._owed < 1.0:
            return False
        self._owed -= 1.0
        return True


class FrontDoor:
    """The gateway's metrics and how many look-ups it fails."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Export every series from the start, at 0: an error that never happened is a number too.

        Args:
            registry: Where the counts are exported.
            clock: Measures the answers, in seconds.
            sleep: Does the work of an answer.
        """
        self._clock = clock
        self._sleep = sleep
        labels = ("service", "method", "route", "status")
        self._requests = Counter("http_requests", "Requests answered.", labels, registry=registry)
        self._durations = Histogram(
            "http_request_duration_seconds", "Time to the answer.", labels, buckets=BUCKETS, registry=registry
        )
        for route, statuses in _STATUSES.items():
            for status in statuses:
                self._requests.labels(SERVICE, "GET", route, status)
                self._durations.labels(SERVICE, "GET", route, status)
        self.failing = Share()

    def answer(self, path: str) -> tuple[int, bytes]:
        """Answer one GET request with status and JSON body, and count it."""
        began = self._clock()
        route = READY if path == READY else LOOKUP
        if route == READY:
            status, body = 200, b'{"ok":true,"checks":{"db":true}}'
        elif not path.startswith(LOOKUP.removesuffix("{abn}")):
            return 404, b'{"error":"not_found"}'  # no route of ours, so no series of its own
        elif self.failing.pick():
            status, body = 503, b'{"error":"unavailable","message":"registries do not answer"}'
        else:
            self._sleep(_WORK)
            abn = path.rpartition("/")[2]
            status, body = (200, _entry(abn)) if abn.isdecimal() else (422, b'{"error":"abn_invalid"}')
        self._requests.labels(SERVICE, "GET", route, str(status)).inc()
        self._durations.labels(SERVICE, "GET", route, str(status)).observe(self._clock() - began)
        return status, body


def _entry(abn: str) -> bytes:
    return f'{{"abn":"{abn}","status":"active","legalName":"Synthetic Pty Ltd","source":"cache"}}'.encode()


def serve(door: FrontDoor, port: int) -> ThreadingHTTPServer:
    """Return a server of the front door on 127.0.0.1, for a thread to run."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            status, body = door.answer(urlsplit(self.path).path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Keep the log for what is worth reading."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
