"""An entry of the audit log: what an event on `audit.log` says, and its place in the chain."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apgms_ops.sandbox.service_process import chain


class Malformed(Exception):
    """An event that can never become an entry: it is parked, for a second try would not help."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did."""

    event_id: str
    org_id: str
    actor_id: str
    action: str
    at: datetime
    """When it was done, which is not when it was written down."""
    payload: str
    """Canonical JSON: the text that is hashed is the text that is stored."""
    source: str
    """The service that emitted it."""

    def linked(self, prev_hash: str) -> str:
        """Return the entry's hash, should it follow the entry with the hash `prev_hash`."""
        return chain.link(
            prev_hash,
            {
                "event_id": self.event_id,
                "org_id": self.org_id,
                "actor_id": self.actor_id,
                "action": self.action,
                "at": chain.instant(self.at),
                "payload": json.loads(self.payload),
            },
        )


def read(value: bytes | None) -> Entry:
    """Return the entry that an event of `audit.log` stands for.

    Args:
        value: The platform's event envelope, as the message carries it.

    Raises:
        Malformed: It is none, lacks a field, or holds what the database or canonical JSON cannot.
    """
    try:
        envelope = json.loads(value or b"")
    except (ValueError, RecursionError) as error:
        msg = "the event is no JSON"
        raise Malformed(msg) from error
    if not isinstance(envelope, dict) or not isinstance(envelope.get("payload"), dict):
        msg = "the event is no envelope with a payload"
        raise Malformed(msg)
    payload = envelope["payload"]
    try:
        at = datetime.fromisoformat(_text(envelope, "ts"))
        entry = Entry(
            event_id=_text(envelope, "id"),
            org_id=_text(envelope, "orgId"),
            actor_id=_text(payload, "actorId"),
            action=_text(payload, "action"),
            at=at.astimezone(UTC) if at.tzinfo else at,
            payload=chain.canonical(payload),
            source=_text(envelope, "source"),
        )
        entry.linked(chain.GENESIS)
    except (ValueError, OverflowError, RecursionError) as error:
        msg = f"the event cannot be written down: {type(error).__name__}"
        raise Malformed(msg) from error
    if "\\u0000" in entry.payload:
        msg = "the payload holds a NUL, which the database's text cannot"
        raise Malformed(msg)
    return entry


def _text(holder: dict[str, Any], name: str) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not value or "\0" in value:
        msg = f"the event has no proper {name}"
        raise Malformed(msg)
    return value
