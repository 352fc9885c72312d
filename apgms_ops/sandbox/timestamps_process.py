"""The timestamp authority: `python -m apgms_ops.sandbox.timestamps_process PORT OPENSSL CONFIGURATION`.

RFC 3161 over HTTP. What is answered is made by `openssl ts -reply`: not by code of ours, whose mistakes our own
verifier would share.
"""

import subprocess
import sys
import tempfile
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Final

_LARGEST: Final = 1 << 16
"""Bytes of a request."""
_MAKING: Final = 5.0
"""Seconds for one answer."""
_QUIET: Final = 5.0
"""Seconds for which a connection may say nothing."""


class Server(HTTPServer):
    """Answers one request at a time: the number of the next timestamp is in one file."""

    def __init__(self, port: int, openssl: str, configuration: str) -> None:
        """Listen on 127.0.0.1."""
        super().__init__(("127.0.0.1", port), _Handler)
        self._command = [openssl, "ts", "-reply", "-config", configuration]

    def answer(self, query: bytes) -> bytes | None:
        """Return the answer to a request; None where OpenSSL makes none."""
        with tempfile.TemporaryDirectory(prefix="apgms-ops-tsa-") as folder:
            asked, answer = Path(folder) / "query.tsq", Path(folder) / "answer.tsr"
            asked.write_bytes(query)
            try:
                done = subprocess.run(  # noqa: S603 — OpenSSL, and files of our own
                    [*self._command, "-queryfile", str(asked), "-out", str(answer)],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=_MAKING,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return None
            if done.returncode:
                sys.stderr.write(done.stderr.decode(errors="replace"))
                return None
            return answer.read_bytes()


class _Handler(BaseHTTPRequestHandler):
    timeout = _QUIET
    server: Server

    def do_GET(self) -> None:
        self._say(HTTPStatus.OK, "text/plain", b"ok\n")

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length", "")
        if self.headers.get_content_type() != "application/timestamp-query" or not size.isdecimal():
            self._say(HTTPStatus.BAD_REQUEST, "text/plain", b"a timestamp query with its length is expected\n")
            return
        if int(size) > _LARGEST:
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "text/plain", b"too large for a timestamp query\n")
            return
        answer = self.server.answer(self.rfile.read(int(size)))
        if answer is None:
            self._say(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", b"no timestamp could be made\n")
        else:
            self._say(HTTPStatus.OK, "application/timestamp-reply", answer)

    def _say(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Keep silent: only what goes wrong is logged."""


if __name__ == "__main__":
    port, openssl, configuration = sys.argv[1:]
    Server(int(port), openssl, configuration).serve_forever()
