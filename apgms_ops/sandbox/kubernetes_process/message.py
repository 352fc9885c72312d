"""Requests as the API sees them, and the three sorts of answers: whole, in pieces, or the connection itself."""

import json
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process.kinds import Object
from apgms_ops.sandbox.kubernetes_process.status import UNSUPPORTED, Refused, bad_request

JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    method: str
    path: str
    """Still quoted."""
    parameters: Sequence[tuple[str, str]] = ()
    """Of the query, in their order."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By name in lower case."""
    body: bytes = b""
    query_text: str = ""
    """The query as it was sent, to be handed on."""

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, of several of one name the last."""
        return dict(self.parameters)

    def json(self) -> Object:
        """Return the body.

        Raises:
            Refused: It is no JSON object, or not said to be JSON.
        """
        kind = self.headers.get("content-type", JSON).partition(";")[0].strip().lower()
        if kind not in (JSON, "*/*"):
            message = f"the body of the request was in an unknown format - accepted media types include: {JSON}"
            raise Refused(UNSUPPORTED, message)
        try:
            value: Any = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            msg = f"couldn't get version/kind; json parse error: {error}"
            raise bad_request(msg) from error
        if not isinstance(value, dict):
            msg = "couldn't get version/kind; json parse error: the body is no object"
            raise bad_request(msg)
        return value


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer in pieces. An empty piece is not sent: then it is looked whether the client is still there."""

    status: int
    pieces: Iterator[bytes]
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Takeover:
    """The connection is handed to `run`, with what had been read from it already; it is closed afterwards."""

    run: Callable[[socket.socket, bytes], None]


Answer = Response | Stream | Takeover


def reply(status: int, value: object) -> Response:
    """Return a JSON answer."""
    return Response(status, json.dumps(value, separators=(",", ":")).encode() + b"\n")


def problem(refused: Refused) -> Response:
    """Return the answer that an error is told with."""
    retry = refused.details.get("retryAfterSeconds")
    found = reply(refused.code, refused.status())
    return Response(found.status, found.body, headers={} if retry is None else {"Retry-After": str(retry)})
