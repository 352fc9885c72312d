"""The exporter of Kafka's metrics: `python -m apgms_ops.sandbox.traffic_process.kafka_exporter SETTINGS`.

A process of its own, as in production, and for a reason: the driver aborts the process it runs in if a coordinator's
connection breaks under an administrative request (librdkafka issues 3663 and 4605).
"""

import http.client
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest

from apgms_ops.sandbox.traffic_process.kafka_metrics import KafkaMetrics
from apgms_ops.sandbox.traffic_process.settings import Settings

_TEXT = "text/plain; charset=utf-8"
_AGAIN = 0.2
_PATIENCE = 0.9
"""Seconds: less than a scrape is given."""

Answer = tuple[int, str, bytes]
"""Status, content type, body."""


class Exporter:
    """Keeps the exporter's process running, and asks it."""

    def __init__(self, settings: Path, port: int) -> None:
        """Prepare to run it with these settings, in which its port is `port`."""
        self._command = [sys.executable, "-m", "apgms_ops.sandbox.traffic_process.kafka_exporter", str(settings)]
        self._port = port
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="kafka exporter", daemon=True)

    def start(self) -> None:
        """Run it until `stop`, again and again should it abort."""
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
            self._thread.join()

    def scrape(self) -> Answer:
        """Return its answer, or 503 where it has none."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        try:
            connection.request("GET", "/metrics")
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", _TEXT), answer.read()
        except (OSError, http.client.HTTPException):
            return 503, _TEXT, b"the exporter of Kafka's metrics does not run\n"
        finally:
            connection.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with subprocess.Popen(self._command) as self._process:  # noqa: S603 — this module
                code = self._process.wait()
            if not self._stopping.wait(_AGAIN):
                sys.stderr.write(f"kafka exporter ended with {code}: starting it again\n")


def serve(settings: Settings) -> None:
    """Export until the process is ended."""
    kafka = KafkaMetrics(settings.bootstrap)
    registry = CollectorRegistry()
    registry.register(kafka)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fresh = kafka.fresh
            body = generate_latest(registry) if fresh else b"the broker does not answer\n"
            self.send_response(200 if fresh else 503)
            self.send_header("Content-Type", CONTENT_TYPE_PLAIN_0_0_4 if fresh else _TEXT)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Keep the log for what is worth reading."""

    kafka.start()
    ThreadingHTTPServer(("127.0.0.1", settings.exporter_port), Handler).serve_forever()


if __name__ == "__main__":
    serve(Settings.read(Path(sys.argv[1])))
