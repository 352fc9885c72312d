"""An API server's answers, byte by byte."""

import json
import socket
import threading
from collections.abc import Callable
from typing import Any, Protocol

TOKEN = "t0ken-of-the-reader"
UID = "0f0e0d0c-aaaa-4bbb-8ccc-123456789abc"


class Server(Protocol):
    """The wire server of ../conftest.py."""

    url: str
    heads: list[bytes]
    over: threading.Event
    """Set once the test is over."""

    def answers(self, *handlers: Callable[[socket.socket, bytes], object] | bytes) -> None:
        """Set what each request gets."""


def response(
    data: object, status: str = "200 OK", *more: str, media_type: str = "application/json", keep: bool = False
) -> bytes:
    """Return an answer as bytes on the wire."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    head = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {media_type}",
        f"Content-Length: {len(body)}",
        *([] if keep else ["Connection: close"]),
        *more,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def status(code: int, reason: str, message: str = "no") -> dict[str, Any]:
    """Return a Status object."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }


KUBE_SYSTEM = response({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "kube-system", "uid": UID}})
