"""Records → what PagerDuty writes. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from apgms_ops.sandbox.pagerduty_process import rota
from apgms_ops.sandbox.pagerduty_process.records import Record
from apgms_ops.sandbox.pagerduty_process.seed import COUNTRY

_PLACES: Final = {
    "user": "users",
    "service": "service-directory",
    "escalation_policy": "escalation_policies",
    "schedule": "schedules",
    "incident": "incidents",
    "maintenance_window": "maintenance_windows",
}


class Renderer:
    """Writes what one account has, at one time."""

    def __init__(self, account: str, url: str, now: datetime) -> None:
        """Take whose it is, the address of the API, and the present."""
        self._account = account
        self._url = url
        self._now = now

    def _head(self, kind: str, record: Record, name: str) -> dict[str, Any]:
        place = _PLACES[kind]
        return {
            "id": record["id"],
            "type": kind,
            "summary": name,
            "self": f"{self._url}/{'services' if kind == 'service' else place}/{record['id']}",
            "html_url": f"https://{self._account}.pagerduty.com/{place}/{record['id']}",
        }

    def reference(self, kind: str, record: Record) -> dict[str, Any]:
        """Return a mere reference."""
        return self._head(kind, record, str(record.get("name", record.get("title", "")))) | {
            "type": f"{kind}_reference"
        }

    def user(self, record: Record) -> dict[str, Any]:
        """Return a person."""
        keys = ("name", "email", "role", "invitation_sent")
        return (
            self._head("user", record, record["name"])
            | {key: record[key] for key in keys}
            | {"time_zone": "Australia/Sydney"}
        )

    def contact_method(self, record: Record) -> dict[str, Any]:
        """Return a way to reach a person."""
        kind = record["type"]
        body = {"id": record["id"], "type": kind, "summary": "Mobile", "label": "Mobile", "address": record["address"]}
        path = f"{self._url}/users/{record['user']}/contact_methods/{record['id']}"
        body |= {"self": path, "html_url": None}
        telephone = {"country_code": COUNTRY, "enabled": True, "blacklisted": record.get("blacklisted", False)}
        return body | telephone if kind in ("phone_contact_method", "sms_contact_method") else body

    def notification_rule(self, record: Record, method: Record | None) -> dict[str, Any]:
        """Return when a person is told; the way may have gone."""
        kind = "phone_contact_method" if method is None else method["type"]
        return {
            "id": record["id"],
            "type": "assignment_notification_rule",
            "summary": f"{record['delay']} minutes",
            "self": f"{self._url}/users/{record['user']}/notification_rules/{record['id']}",
            "html_url": None,
            "start_delay_in_minutes": record["delay"],
            "urgency": record["urgency"],
            "contact_method": {"id": record["method"], "type": f"{kind}_reference"},
        }

    def schedule(self, record: Record, since: datetime, until: datetime, *, overflow: bool) -> dict[str, Any]:
        """Return a schedule with who it puts on call in a time, cut to it unless told otherwise."""
        turns = rota.spans(record, since, until)
        entries = [
            {
                "start": stamp(start if overflow else max(start, since)),
                "end": stamp(end if overflow else min(end, until)),
                "user": {"id": user, "type": "user_reference"},
            }
            for start, end, user in turns
        ]
        final = {
            "name": "Final Schedule",
            "rendered_schedule_entries": entries,
            "rendered_coverage_percentage": rota.covered(turns, since, until),
        }
        layers = [
            {
                "name": f"Layer {i}",
                "start": layer["start"],
                "end": layer["end"],
                "rotation_virtual_start": layer["start"],
                "rotation_turn_length_seconds": layer["turn"],
                "users": [{"user": {"id": user, "type": "user_reference"}} for user in layer["users"]],
                "restrictions": layer["restrictions"],
            }
            for i, layer in enumerate(record["layers"], 1)
        ]
        body = {"name": record["name"], "time_zone": record["time_zone"], "schedule_layers": layers}
        return self._head("schedule", record, record["name"]) | body | {"final_schedule": final}

    def policy(self, record: Record, services: Sequence[Record]) -> dict[str, Any]:
        """Return an escalation policy."""
        rules = [
            {
                "id": rule["id"],
                "escalation_delay_in_minutes": rule["delay"],
                "targets": [{"id": one["id"], "type": f"{one['type']}_reference"} for one in rule["targets"]],
            }
            for rule in record["rules"]
        ]
        return self._head("escalation_policy", record, record["name"]) | {
            "name": record["name"],
            "escalation_rules": rules,
            "services": [self.reference("service", one) for one in services],
            "num_loops": 0,
        }

    def service(self, record: Record, status: str) -> dict[str, Any]:
        """Return a service."""
        return self._head("service", record, record["name"]) | {
            "name": record["name"],
            "status": status,
            "acknowledgement_timeout": record["acknowledgement_timeout"],
            "auto_resolve_timeout": None,
            "escalation_policy": {"id": record["policy"], "type": "escalation_policy_reference"},
            "incident_urgency_rule": record["urgency_rule"],
            "alert_creation": "create_alerts_and_incidents",
        }

    def window(self, record: Record) -> dict[str, Any]:
        """Return a maintenance window."""
        return self._head("maintenance_window", record, record["description"]) | {
            "start_time": record["start"],
            "end_time": record["end"],
            "description": record["description"],
            "services": [{"id": id_, "type": "service_reference"} for id_ in record["services"]],
        }

    def on_call(self, policy: Record, level: int, user: Record | str, span: Mapping[str, Any]) -> dict[str, Any]:
        """Return who is on call at a level: by a schedule for a while, or named by the policy for ever."""
        schedule, start, end = span["schedule"], span["start"], span["end"]
        who = {"id": user, "type": "user_reference"} if isinstance(user, str) else self.reference("user", user)
        return {
            "escalation_policy": self.reference("escalation_policy", policy),
            "escalation_level": level,
            "schedule": None if schedule is None else self.reference("schedule", schedule),
            "user": who,
            "start": None if start is None else stamp(start),
            "end": None if end is None else stamp(end),
        }

    def incident(self, record: Record, service: Record) -> dict[str, Any]:
        """Return an incident."""
        title = f"[#{record['number']}] {record['title']}"
        resolved = record["status"] == "resolved"
        return self._head("incident", record, title) | {
            "incident_number": record["number"],
            "title": record["title"],
            "status": record["status"],
            "urgency": record["urgency"],
            "incident_key": record["key"],
            "created_at": record["created_at"],
            "updated_at": record["updated_at"],
            "resolved_at": record["updated_at"] if resolved else None,
            "last_status_change_at": record["updated_at"],
            "service": self.reference("service", service),
            "escalation_policy": {"id": service["policy"], "type": "escalation_policy_reference"},
            "assignments": []
            if resolved
            else [
                {"at": record["created_at"], "assignee": {"id": id_, "type": "user_reference"}}
                for id_ in record["assigned"]
            ],
            "body": {"type": "incident_body", "details": record["details"]},
        }


def stamp(at: datetime) -> str:
    """Return a time as PagerDuty writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
