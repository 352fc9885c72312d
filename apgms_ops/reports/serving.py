"""The reports over HTTP, on this machine alone: what lies in the folder of reports is read, and nothing is written.

Only the front page and the runs' reports are pages. Whatever else a run left behind is shown as text: it holds what
strangers wrote, and a browser that took it for a page would run it.
"""

import socketserver
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

_TEXT: Final = "text/plain; charset=utf-8"
_HTML: Final = "text/html; charset=utf-8"
_KINDS: Final = {
    ".json": _TEXT,
    ".jsonl": _TEXT,
    ".txt": _TEXT,
    ".csv": _TEXT,
    ".tsr": "application/octet-stream",
}
_CHUNK: Final = 256 * 1024
_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)


def resolve(root: Path, target: str) -> tuple[Path, str] | None:
    """Return the file that a request asks for and its media type; None where there is nothing to be shown.

    Args:
        root: The folder of reports.
        target: The request's path, as it came.
    """
    path = unquote(urlsplit(target).path)
    parts = [part for part in path.split("/") if part]
    if "\0" in path or "\\" in path or any(part.startswith(".") for part in parts):
        return None
    inside = root.resolve()
    if not parts:
        parts = ["index.html"]
    file = inside.joinpath(*parts)
    # A link could lead out of the folder, wherever on the way it is.
    if not file.is_file() or file.resolve() != file:
        return None
    if parts == ["index.html"] or (len(parts) == 2 and parts[0] == "html" and file.suffix == ".html"):  # noqa: PLR2004 — html/<run>.html
        return file, _HTML
    return (file, _KINDS[file.suffix]) if parts[0] == "runs" and file.suffix in _KINDS else None


class _Handler(BaseHTTPRequestHandler):
    server_version = "apgms-ops"
    sys_version = ""
    timeout = 30.0

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        if not isinstance(self.server, Server) or self.headers.get("Host") not in self.server.names:
            # Another site's page may have its own name lead here (DNS rebinding): its browser then says that name.
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
            return
        found = resolve(self.server.root, self.path)
        try:
            if found is None:
                self._refuse(HTTPStatus.NOT_FOUND)
            else:
                self._send(*found)
        except OSError:  # whoever asked is gone, or the file is
            self.close_connection = True

    def _send(self, file: Path, kind: str) -> None:
        with file.open("rb") as source:
            left = file.stat().st_size
            self._head(HTTPStatus.OK, kind, left)
            while self.command != "HEAD" and left > 0 and (chunk := source.read(min(_CHUNK, left))):
                self.wfile.write(chunk)
                left -= len(chunk)

    def _refuse(self, status: HTTPStatus) -> None:
        text = f"{status.value} {status.phrase}\n".encode()
        self._head(status, _TEXT, len(text))
        if self.command != "HEAD":
            self.wfile.write(text)

    def _head(self, status: HTTPStatus, kind: str, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        for name, value in _HEADERS:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: what was asked for is a stranger's text."""


class Server(ThreadingHTTPServer):
    """Serves a folder of reports on 127.0.0.1, until it is shut down."""

    daemon_threads = True

    def __init__(self, root: Path, port: int) -> None:
        """Bind.

        Args:
            root: The folder of reports.
            port: Where it listens; 0 for any that is free.

        Raises:
            OSError: It cannot listen there.
        """
        self.root = root
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def names(self) -> tuple[str, str]:
        """What a browser on this machine says whom it asks."""
        return f"127.0.0.1:{self.server_port}", f"localhost:{self.server_port}"

    def server_bind(self) -> None:
        """Bind, without asking a name server for our name, which nobody needs."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.socket.getsockname()[1])
