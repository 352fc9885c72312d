"""The outbox: an event is written in the transaction that it tells of, and handed to the broker after the commit.

So nothing is told that was rolled back, and nothing that was committed stays untold, whatever is killed in between. An
event may be told twice; whoever reads it looks at the state first.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from apgms_ops.sandbox.service_process.database import Connection, Database
from apgms_ops.sandbox.service_process.events import AUDIT_TOPIC, Emitter, Event
from apgms_ops.sandbox.service_process.unavailable import Unavailable

_PUT: Final = "INSERT INTO outbox (topic, event) VALUES (%s, %s)"
_FIRST: Final = "SELECT id, topic, event FROM outbox ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED"
_DONE: Final = "DELETE FROM outbox WHERE id = ANY(%s)"
_LOOK: Final = 1.0


@dataclass(frozen=True, slots=True)
class Cause:
    """On whose behalf something is done."""

    org_id: str
    actor_id: str
    correlation_id: str


def put(connection: Connection, topic: str, event_type: str, cause: Cause, payload: Mapping[str, object]) -> None:
    """Write an event of a payment, which the payload names as `paymentId`; work goes on under its cause."""
    event = {"event_type": event_type, "cause": asdict(cause), "payload": dict(payload)}
    connection.execute(_PUT, (topic, json.dumps(event)))


def put_audit(connection: Connection, action: str, cause: Cause, facts: Mapping[str, object]) -> None:
    """Write an audit event."""
    event = {"action": action, "cause": asdict(cause), "facts": dict(facts)}
    connection.execute(_PUT, (AUDIT_TOPIC, json.dumps(event)))


class Outbox:
    """Hands what was written to the broker."""

    def __init__(self, database: Database, events: Emitter) -> None:
        """Take both."""
        self._database = database
        self._events = events
        self._wanted = threading.Event()

    def nudge(self) -> None:
        """Say that something was written."""
        self._wanted.set()

    def relay(self) -> None:
        """Wait a moment for a nudge, and hand over what is there, oldest first.

        Raises:
            Unavailable: The database or the broker is away; what was not handed over stays.
        """
        self._wanted.wait(_LOOK)
        self._wanted.clear()
        while self._relay_some():
            pass

    def _relay_some(self) -> bool:
        done: list[int] = []
        away: Unavailable | None = None
        with self._database.transaction(seconds=20.0) as connection:
            found: list[tuple[Any, ...]] = connection.execute(_FIRST).fetchall()
            for identity, topic, text in found:
                try:
                    self._hand_over(topic, json.loads(text))
                except Unavailable as error:
                    away = error
                    break
                done.append(identity)
            if done:
                connection.execute(_DONE, (done,))
        if away is not None:
            raise away
        return bool(found)

    def _hand_over(self, topic: str, event: dict[str, Any]) -> None:
        cause = Cause(**event["cause"])
        if topic == AUDIT_TOPIC:
            self._events.audit(**asdict(cause), action=event["action"], facts=event["facts"])
            return
        payload = {**event["payload"], "actorId": cause.actor_id}
        key = str(payload["paymentId"])
        self._events.emit(
            Event(topic, event["event_type"], cause.org_id, key, payload, cause.correlation_id, dedupe_id=key)
        )
