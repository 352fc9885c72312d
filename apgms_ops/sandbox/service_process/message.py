"""Requests and responses as the handlers see them, and the errors that they are answered with."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

JSON: Final = "application/json"


class Refused(Exception):
    """A request that is answered with an error; the message is for the client's eyes."""

    def __init__(self, status: int, error: str, message: str) -> None:
        """Say how to answer: `Refused(422, "abn_invalid", "…")`."""
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message


@dataclass(frozen=True, slots=True)
class Request:
    """One request, routed."""

    method: str
    route: str
    """The template that it matched: `/registries/abn/{abn}`."""
    values: Mapping[str, str]
    """What stood in the template's places."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes
    correlation_id: str

    def json(self) -> dict[str, Any]:
        """Return the body.

        Raises:
            Refused: It is no JSON object.
        """
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "body_invalid", "the body is no JSON") from error
        if not isinstance(value, dict):
            raise Refused(HTTPStatus.BAD_REQUEST, "body_invalid", "the body is no JSON object")
        return value

    def text(self, name: str) -> str:
        """Return a text of the body.

        Raises:
            Refused: There is none of that name.
        """
        value = self.json().get(name)
        if not isinstance(value, str) or not value:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "body_invalid", f"{name} must be a text")
        return value

    def integer(self, name: str) -> int:
        """Return a whole number of the body.

        Raises:
            Refused: There is none of that name.
        """
        value = self.json().get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "body_invalid", f"{name} must be a whole number")
        return value


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Response]


def reply(status: int, value: object) -> Response:
    """Return a JSON answer."""
    return Response(status, json.dumps(value, separators=(",", ":")).encode())


def problem(refused: Refused, correlation_id: str) -> Response:
    """Return the answer that an error is told with."""
    return reply(refused.status, {"error": refused.error, "message": refused.message, "correlationId": correlation_id})
