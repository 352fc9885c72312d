"""What a node serves, and nothing behind it: logs and commands whose output is how they were asked for."""

import base64
import hashlib
import json
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from apgms_ops.sandbox.kubernetes.twin import certificates

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_OUT, _ERR, _STATUS = 1, 2, 3


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer what a kubelet is asked by GET."""
        parts = urlsplit(self.path)
        folder, _, what = parts.path.lstrip("/").partition("/")
        query = parse_qs(parts.query)
        if folder == "containerLogs":
            self._text(200, json.dumps({"of": what, "query": query}))
        elif folder == "exec":
            self._execute(what, query)
        else:
            self._text(404, "404 page not found")

    do_POST = do_GET  # noqa: N815 — the library's name

    def _text(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def _execute(self, what: str, query: dict[str, list[str]]) -> None:
        """Play the command `exit N`, whose output is how it was asked for."""
        offered = [word.strip() for word in self.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        chosen = next((protocol for protocol in _PROTOCOLS if protocol in offered), None)
        if self.headers.get("Upgrade", "").lower() != "websocket" or chosen is None:
            self._text(400, f"no WebSocket of {_PROTOCOLS}")
            return
        digest = hashlib.sha1((self.headers["Sec-WebSocket-Key"] + _GUID).encode(), usedforsecurity=False).digest()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        self.send_header("Sec-WebSocket-Protocol", chosen)
        self.end_headers()
        self._frame(_OUT, json.dumps({"of": what, "query": query}).encode())
        self._frame(_ERR, b"told on the side")
        code = int(query["command"][-1]) if query["command"][0] == "exit" else 0
        status: dict[str, object] = {"status": "Success"}
        if code:
            cause = {"reason": "ExitCode", "message": str(code)}
            status = {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": [cause]}}
        self._frame(_STATUS, json.dumps(status).encode())
        self.wfile.write(b"\x88\x02" + struct.pack(">H", 1000))
        self.close_connection = True

    def _frame(self, channel: int, payload: bytes) -> None:
        data = bytes([channel]) + payload
        size = struct.pack(">B", len(data)) if len(data) < 126 else struct.pack(">BH", 126, len(data))
        self.wfile.write(b"\x82" + size + data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the library's name
        """Say nothing."""


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """Serve on a port, which is given, until left."""
    certificates.write(folder, ("127.0.0.1",))
    own = certificates.SERVER
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificates.crt(folder, own), certificates.key(folder, own))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="fake kubelet", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
