"""The kubelet's API over TLS, on 127.0.0.1: `/containerLogs/…` and `/exec/…`, and nothing else."""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.node_process import execution, logs
from apgms_ops.sandbox.node_process.channels import Channels
from apgms_ops.sandbox.node_process.commands import Command, CommandRefusedError
from apgms_ops.sandbox.node_process.kubelet import BAD, NOT_FOUND, Kubelet, RefusedError

_OK: Final = 200
_BROKEN: Final = 500
_IDLE: Final = 60.0
_YES: Final = ("1", "true")


class _Handler(BaseHTTPRequestHandler):
    kubelet: Kubelet
    protocol_version = "HTTP/1.1"
    timeout = _IDLE

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        try:
            match [unquote(part) for part in parts.path.strip("/").split("/")]:
                case ["healthz"]:
                    self._answer(_OK, "ok")
                case ["containerLogs", namespace, pod, container]:
                    self._log(namespace, pod, container, {name: values[-1] for name, values in query.items()})
                case ["exec", namespace, pod, container]:
                    self._exec(namespace, pod, container, query)
                case _:
                    self._answer(NOT_FOUND, f"the sandbox's node serves logs and exec, not {parts.path}")
        except RefusedError as refused:
            self._answer(refused.status, str(refused))
        except (SandboxError, TimeoutError) as error:
            self._answer(_BROKEN, str(error) or "the node is busy")

    do_POST = do_GET  # noqa: N815 — the names are the library's

    def _log(self, namespace: str, pod: str, container: str, query: Mapping[str, str]) -> None:
        path, began = self.kubelet.log(namespace, pod, container, query)
        asked = _asked(query)
        try:
            log = path.open("rb")
        except FileNotFoundError:  # it has not said anything yet
            self._answer(_OK, "")
            return
        with log:
            self.send_response(_OK)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in logs.read(log, asked, began):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

    def _exec(self, namespace: str, pod: str, container: str, query: Mapping[str, list[str]]) -> None:
        self.close_connection = True
        wants = {stream for stream, values in query.items() if values[-1] in _YES}
        if self.headers.get("Upgrade", "").lower() != "websocket" or "tty" in wants:
            text = "the sandbox's node runs commands over WebSocket alone, v4 or v5.channel.k8s.io, without a terminal"
            raise RefusedError(BAD, text)
        refusal = ""
        command: tuple[Command, Mapping[str, str]] | None = None
        try:
            command = self.kubelet.command(namespace, pod, container, query.get("command", []))
        except CommandRefusedError as error:
            refusal = str(error)
        channels = Channels()
        taken = channels.accept(self._head())
        self.connection.sendall(channels.sent())
        if not taken:
            return
        self.connection.settimeout(None)
        if command is None:
            execution.refuse(self.connection, channels, refusal)
        else:
            wanted = execution.Wanted("input" in wants, "output" in wants, "error" in wants)
            execution.run(self.connection, channels, *command, wanted)

    def _head(self) -> bytes:
        """Return the head of the request as it came."""
        lines = [f"GET {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Keep the log for what is worth reading."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext) -> None:
        self._tls = tls
        super().__init__(("127.0.0.1", port), handler)

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        """Accept; the handshake is the handler's, so that nobody else waits for it."""
        plain, address = super().get_request()
        return self._tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that hangs up, or does not show the right certificate, has been told so."""


def serve(port: int, certificate: Path, key: Path, authority: Path | None, kubelet: Kubelet) -> ThreadingHTTPServer:
    """Return the server, to be run.

    Args:
        port: On 127.0.0.1.
        certificate: What it shows.
        key: Its key.
        authority: Whose certificates callers must show; None where anybody may call.
        kubelet: What it serves.
    """
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    if authority is not None:
        tls.verify_mode = ssl.CERT_REQUIRED
        tls.load_verify_locations(authority)

    handler = type("Handler", (_Handler,), {"kubelet": kubelet})
    return _Server(port, handler, tls)


def _asked(query: Mapping[str, str]) -> logs.Asked:
    """Return what of a log is wanted.

    Raises:
        RefusedError: A number or a time is none.
    """
    try:
        since = datetime.fromisoformat(query["sinceTime"]) if "sinceTime" in query else None
        if "sinceSeconds" in query:
            since = datetime.now(UTC) - timedelta(seconds=int(query["sinceSeconds"]))
        return logs.Asked(
            tail=int(query["tailLines"]) if "tailLines" in query else None,
            since=since,
            bytes=int(query["limitBytes"]) if "limitBytes" in query else None,
            timestamps=query.get("timestamps") in _YES,
        )
    except ValueError as error:
        raise RefusedError(BAD, f"unable to decode the request for container logs: {error}") from error
