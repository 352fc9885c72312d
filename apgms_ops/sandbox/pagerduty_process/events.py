"""Events v2: an event opens an incident, joins the open one of its key, or resolves it; and always is 202."""

import hmac
import json
import secrets
from typing import Any, Final

from apgms_ops.sandbox.pagerduty_process.incidents import Incidents
from apgms_ops.sandbox.pagerduty_process.records import Records
from apgms_ops.sandbox.pagerduty_process.seed import SERVICES
from apgms_ops.sandbox.pagerduty_process.state import windows_of
from apgms_ops.sandbox.standin.answer import Answer

_ACTIONS: Final = ("trigger", "acknowledge", "resolve")
_SEVERITIES: Final = ("critical", "error", "warning", "info")
_KNOWN: Final = {"routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links", "images"}
_LONGEST: Final = 1024


class Events:
    """Takes events for the first service."""

    def __init__(self, records: Records, incidents: Incidents, clock: Any) -> None:  # noqa: ANN401 — a clock
        """Take what is there."""
        self._records = records
        self._incidents = incidents
        self._clock = clock

    def enqueue(self, body: object, routing_key: str) -> Answer:
        """Answer an event."""
        errors = _errors(body, routing_key)
        if errors or not isinstance(body, dict):
            refusal = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
            return Answer(400, json.dumps(refusal).encode())
        key = str(body.get("dedup_key") or secrets.token_hex(16))
        self._act(str(body["event_action"]), key, body.get("payload") or {})
        taken = {"status": "success", "message": "Event processed", "dedup_key": key}
        return Answer(202, json.dumps(taken).encode())

    def _act(self, action: str, key: str, payload: dict[str, Any]) -> None:
        service = self._records.one("services", id=next(iter(SERVICES)))
        # In maintenance, or disabled, it is taken and leads to nothing.
        if service is None or service["disabled"]:
            return
        found = self._incidents.by_key(key, service["id"])
        if action == "trigger":
            if found is None and not windows_of(self._records, service["id"], self._clock()):
                urgency = service["urgency_rule"].get("urgency", "high")
                details = json.dumps(payload.get("custom_details", {}))
                self._incidents.open(service, str(payload["summary"]), key, urgency, details, None)
        elif found is not None:
            self._incidents.set(found, f"{action.removesuffix('e')}ed", None)


def _errors(body: object, routing_key: str) -> list[str]:
    if not isinstance(body, dict):
        return ["the event is no JSON object"]
    errors = [f"unknown field {name}" for name in sorted(set(body) - _KNOWN)]
    if not hmac.compare_digest(str(body.get("routing_key", "")).encode(), routing_key.encode()):
        errors.append("Invalid routing key")
    action, payload = body.get("event_action"), body.get("payload")
    if action not in _ACTIONS:
        errors.append(f"event_action is one of {', '.join(_ACTIONS)}")
    if action == "trigger":
        given = payload if isinstance(payload, dict) else {}
        summary, source = given.get("summary"), given.get("source")
        if (
            not isinstance(summary, str)
            or not 0 < len(summary) <= _LONGEST
            or not isinstance(source, str)
            or not source
        ):
            errors.append("'payload.summary' and 'payload.source' are missing or too long")
        if given.get("severity") not in _SEVERITIES:
            errors.append(f"'payload.severity' is one of {', '.join(_SEVERITIES)}")
    elif not body.get("dedup_key"):
        errors.append("'dedup_key' is missing")
    return errors
