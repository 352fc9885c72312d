"""PagerDuty's answers on the wire, and a client of a server that gives them."""

import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from apgms_ops.clients.pagerduty import PagerdutyClient
from apgms_ops.deadline import Deadline
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret

TOKEN = "u+sandbox0123456789"
SINCE = datetime(2026, 11, 27, tzinfo=UTC)
SERVICE: dict[str, Any] = {
    "id": "PSVC1",
    "type": "service",
    "name": "API gateway",
    "html_url": "https://acme.pagerduty.com/service-directory/PSVC1",
    "status": "active",
    "acknowledgement_timeout": 300,
    "escalation_policy": {"id": "PEP1", "type": "escalation_policy_reference"},
    "incident_urgency_rule": {"type": "constant", "urgency": "high"},
}


INCIDENT = {
    "id": "PI1",
    "type": "incident",
    "incident_number": 7,
    "title": "Payments stopped",
    "status": "triggered",
    "urgency": "high",
    "service": {"id": "PSVC1", "type": "service_reference"},
    "created_at": "2026-11-27T01:00:00Z",
    "resolved_at": None,
    "incident_key": "K1",
    "html_url": "https://acme.pagerduty.com/incidents/PI1",
    "assignments": [{"at": "2026-11-27T01:00:00Z", "assignee": {"id": "PU1", "type": "user_reference"}}],
}


class Server(Protocol):
    """The wire server of conftest.py."""

    url: str
    heads: list[bytes]

    def answers(self, *handlers: Callable[[socket.socket, bytes], object] | bytes) -> None:
        """Set what each request gets."""


def answer(body: object, status: str = "200 OK", *headers: str, kind: str = "application/json") -> bytes:
    """Return an answer on the wire; bytes are sent as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(data)}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*head, "", ""]).encode() + data


def page(key: str, items: list[Any], *, offset: int = 0, more: object = False) -> bytes:
    """Return a page."""
    return answer({key: items, "limit": 100, "offset": offset, "more": more, "total": None})


def on_call(user: str, level: int = 1, **values: object) -> dict[str, Any]:
    """Return somebody on call, as PagerDuty writes it."""
    body: dict[str, Any] = {
        "escalation_policy": {"id": "PEP1", "type": "escalation_policy_reference"},
        "escalation_level": level,
        "schedule": {"id": "PSCH1", "type": "schedule_reference"},
        "user": {"id": user, "type": "user_reference", "summary": "Ada Example"},
        "start": "2026-11-26T22:00:00Z",
        "end": "2026-11-27T22:00:00Z",
    }
    return body | values


def client(server: Server, recorder: Recorder | None = None) -> PagerdutyClient:
    """Return a client of the server."""
    return PagerdutyClient(
        url=server.url, recorder=recorder or Recorder(Redactor([Secret(TOKEN)])), token=Secret(TOKEN)
    )


def deadline() -> Deadline:
    """Return enough time."""
    return Deadline(10)
