"""Who and what there is at first: invented people, two rotations, one policy, and the platform's services. Pure."""

from collections.abc import Mapping
from typing import Any, Final

Record = dict[str, Any]

NUMBERS: Final = {
    "PUSER01": "491570006",
    "PUSER02": "491570156",
    "PUSER03": "491570157",
    "PUSER04": "491570158",
    "PUSER05": "491570159",
}
"""Of those that Australia keeps for fiction, without the zero that they have at home."""
SERVICES: Final = {
    "PGATEWAY": "API gateway",
    "PAUDIT": "Audit",
    "PPAYMENTS": "Payments",
    "PREGISTRIES": "Registries",
}
POLICY: Final = "PPLATFORM"
SENDER: Final = "ops@sandbox.example"
COUNTRY: Final = 61
_DAY: Final = 86_400


def seed() -> Mapping[str, list[Record]]:
    """Return the first records. The rotations hand over at nine by the clock in Sydney: daily, and on Mondays."""
    return {
        "users": [_user(id_) for id_ in NUMBERS],
        "contact_methods": [method for id_ in NUMBERS for method in _methods(id_)],
        "notification_rules": [rule for id_ in NUMBERS for rule in _rules(id_)],
        "schedules": [
            _schedule("PSCHEDULE1", "Platform, primary", ["PUSER01", "PUSER02"], _DAY),
            _schedule("PSCHEDULE2", "Platform, secondary", ["PUSER03", "PUSER04"], 7 * _DAY),
            _schedule("PSCHEDULE3", "Office", ["PUSER05"], 7 * _DAY),
        ],
        "escalation_policies": [
            _policy("PDEFAULT", "Default", ["PSCHEDULE3"]),
            _policy(POLICY, "Platform", ["PSCHEDULE1", "PSCHEDULE2"]),
        ],
        "services": [_service(id_, name) for id_, name in SERVICES.items()],
    }


def _user(id_: str) -> Record:
    number = id_.removeprefix("PUSER")
    email = SENDER if id_ == "PUSER05" else f"person-{number}@sandbox.example"
    return {"id": id_, "name": f"Person {number}", "email": email, "role": "user", "invitation_sent": False}


def _methods(user: str) -> list[Record]:
    number = user.removeprefix("PUSER")
    return [
        {"id": f"PCALL{number}", "user": user, "type": "phone_contact_method", "address": NUMBERS[user]},
        {
            "id": f"PMAIL{number}",
            "user": user,
            "type": "email_contact_method",
            "address": f"person-{number}@sandbox.example",
        },
        {"id": f"PTEXT{number}", "user": user, "type": "sms_contact_method", "address": NUMBERS[user]},
    ]


def _rules(user: str) -> list[Record]:
    number = user.removeprefix("PUSER")
    rules = [("high", 0, f"PCALL{number}"), ("high", 2, f"PTEXT{number}"), ("low", 0, f"PMAIL{number}")]
    return [
        {"id": f"PRULE{number}{i}", "user": user, "urgency": urgency, "delay": delay, "method": method}
        for i, (urgency, delay, method) in enumerate(rules)
    ]


def _schedule(id_: str, name: str, users: list[str], turn: int) -> Record:
    layer = {"start": "2026-01-05T09:00:00", "end": None, "users": users, "turn": turn, "restrictions": []}
    return {"id": id_, "name": name, "time_zone": "Australia/Sydney", "layers": [layer]}


def _policy(id_: str, name: str, schedules: list[str]) -> Record:
    rules = [
        {"id": f"{id_}R{i}", "delay": 15, "targets": [{"type": "schedule", "id": schedule}]}
        for i, schedule in enumerate(schedules, 1)
    ]
    return {"id": id_, "name": name, "rules": rules}


def _service(id_: str, name: str) -> Record:
    return {
        "id": id_,
        "name": name,
        "policy": POLICY,
        "disabled": False,
        "acknowledgement_timeout": 300,
        "urgency_rule": {"type": "constant", "urgency": "high"},
    }
