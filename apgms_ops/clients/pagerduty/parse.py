"""PagerDuty's JSON → facts. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from apgms_ops.clients.http.shape import (
    field,
    list_field,
    mapping,
    number,
    number_field,
    rfc3339,
    sequence,
    text,
    text_field,
    wrong,
)
from apgms_ops.clients.pagerduty.facts import (
    ContactKind,
    ContactMethod,
    EscalationPolicy,
    Level,
    MaintenanceWindow,
    NotificationRule,
    OnCall,
    Service,
    ServiceStatus,
    Target,
    TargetKind,
    Urgency,
)
from apgms_ops.secret import Secret

E = TypeVar("E", bound=StrEnum)
Object = Mapping[str, object]

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
_REFERENCE: Final = "_reference"
_TELEPHONES: Final = (ContactKind.PHONE, ContactKind.SMS, ContactKind.WHATSAPP)
_MINUTE: Final = 60.0
_SHORTEST, _LONGEST = 4, 15
"""Digits of a number without and with its country (E.164)."""
_HIGHEST_LEVEL: Final = 100


def service(body: object, where: str = "service") -> Service:
    """Return a service."""
    data = full(body, where)
    rule = mapping(field(data, "incident_urgency_rule", where), f"{where}.incident_urgency_rule")
    timeout = field(data, "acknowledgement_timeout", where)
    return Service(
        id=identifier(data, where),
        name=text_field(data, "name", where),
        status=word(ServiceStatus, text_field(data, "status", where), ServiceStatus.UNKNOWN),
        policy=reference(data, "escalation_policy", where),
        urgencies=_urgencies(rule, f"{where}.incident_urgency_rule"),
        acknowledgement_timeout=None if timeout is None else number(timeout, f"{where}.acknowledgement_timeout"),
    )


def _urgencies(rule: Object, where: str) -> tuple[Urgency, ...]:
    """Return one urgency for all hours, or those within and outside of support hours."""
    kind = text_field(rule, "type", where)
    if kind == "constant":
        return (urgency(rule, where),)
    if kind == "use_support_hours":
        parts = ("during_support_hours", "outside_support_hours")
        return tuple(urgency(mapping(field(rule, part, where), f"{where}.{part}"), f"{where}.{part}") for part in parts)
    return (Urgency.UNKNOWN,)


def urgency(data: Object, where: str) -> Urgency:
    """Return the field `urgency`."""
    return word(Urgency, text_field(data, "urgency", where), Urgency.UNKNOWN)


def policy(body: object, where: str = "escalation_policy") -> EscalationPolicy:
    """Return an escalation policy with its levels in their order."""
    data = full(body, where)
    levels = [
        _level(item, f"{where}.escalation_rules[{i}]")
        for i, item in enumerate(list_field(data, "escalation_rules", where))
    ]
    services = list_field(data, "services", where)
    return EscalationPolicy(
        id=identifier(data, where),
        name=text_field(data, "name", where),
        levels=tuple(levels),
        services=tuple(_id(item, f"{where}.services[{i}]") for i, item in enumerate(services)),
    )


def _level(body: object, where: str) -> Level:
    data = mapping(body, where)
    targets = []
    for i, item in enumerate(list_field(data, "targets", where)):
        here = f"{where}.targets[{i}]"
        target = mapping(item, here)
        kind = text_field(target, "type", here).removesuffix(_REFERENCE)
        targets.append(Target(word(TargetKind, kind, TargetKind.UNKNOWN), identifier(target, here)))
    return Level(number_field(data, "escalation_delay_in_minutes", where) * _MINUTE, tuple(targets))


def on_call(body: object, where: str) -> OnCall:
    """Return who is on call at a level of a policy."""
    data = mapping(body, where)
    level = whole(data, "escalation_level", where)
    if not 1 <= level <= _HIGHEST_LEVEL:
        wrong(f"{where}.escalation_level", "a level", level)
    found = OnCall(
        policy=reference(data, "escalation_policy", where),
        level=level,
        user=reference(data, "user", where),
        # Without a schedule, and without start and end, the policy names the person: that is no lack of one.
        schedule=None if field(data, "schedule", where) is None else reference(data, "schedule", where),
        start=time_or_none(data, "start", where),
        end=time_or_none(data, "end", where),
    )
    if found.start is not None and found.end is not None and found.end < found.start:
        wrong(f"{where}.end", "after its start", data["end"])
    return found


def contact_method(body: object, where: str) -> ContactMethod:
    """Return a way to reach a person. A telephone's number is put together with its country."""
    data = full(body, where)
    kind = word(ContactKind, text_field(data, "type", where), ContactKind.UNKNOWN)
    blocked = data.get("blacklisted", False)
    if not isinstance(blocked, bool):
        wrong(f"{where}.blacklisted", "true or false", type(blocked).__name__)
    return ContactMethod(
        id=identifier(data, where),
        kind=kind,
        number=_number(data, where) if kind in _TELEPHONES else None,
        blocked=blocked,
    )


def _number(data: Object, where: str) -> Secret:
    """Return +, country and number. An error never shows what stands there."""
    country = whole(data, "country_code", where)
    written = field(data, "address", where)
    address = re.sub(r"[ ().\-]", "", written) if isinstance(written, str) else ""
    if not re.fullmatch(r"[0-9]+", address, re.ASCII):
        wrong(f"{where}.address", "a telephone number", "not shown")
    # In most countries a number is written with a zero before it at home, and without abroad.
    digits = f"{country}{address.removeprefix('0')}"
    if country < 1 or not _SHORTEST <= len(digits) <= _LONGEST:
        wrong(f"{where}.address", "a telephone number", "not shown")
    return Secret(f"+{digits}")


def notification_rule(body: object, where: str) -> NotificationRule:
    """Return when a person is told."""
    data = full(body, where)
    method = mapping(field(data, "contact_method", where), f"{where}.contact_method")
    kind = text_field(method, "type", f"{where}.contact_method").removesuffix(_REFERENCE)
    delay = number_field(data, "start_delay_in_minutes", where)
    if delay < 0:
        wrong(f"{where}.start_delay_in_minutes", "a number of minutes", delay)
    return NotificationRule(
        urgency=urgency(data, where),
        delay=delay * _MINUTE,
        method=identifier(method, f"{where}.contact_method"),
        kind=word(ContactKind, kind, ContactKind.UNKNOWN),
    )


def user(body: object, where: str = "user") -> tuple[str, str, bool]:
    """Return the id and the role of a person, and whether an invitation is outstanding."""
    data = full(body, where)
    invited = field(data, "invitation_sent", where)
    if not isinstance(invited, bool):
        wrong(f"{where}.invitation_sent", "true or false", type(invited).__name__)
    return identifier(data, where), text_field(data, "role", where), invited


def maintenance_window(body: object, where: str) -> MaintenanceWindow:
    """Return a maintenance window."""
    data = full(body, where)
    services = sequence(field(data, "services", where), f"{where}.services")
    return MaintenanceWindow(
        id=identifier(data, where),
        start=rfc3339(field(data, "start_time", where), f"{where}.start_time"),
        end=rfc3339(field(data, "end_time", where), f"{where}.end_time"),
        services=tuple(_id(item, f"{where}.services[{i}]") for i, item in enumerate(services)),
    )


# Pieces


def full(body: object, where: str) -> Object:
    """Return an object that is not a mere reference: in one, what is absent is not known."""
    data = mapping(body, where)
    kind = data.get("type")
    if isinstance(kind, str) and kind.endswith(_REFERENCE):
        wrong(where, "the object itself", kind)
    return data


def reference(data: Object, key: str, where: str) -> str:
    """Return the id of what a field refers to."""
    return _id(field(data, key, where), f"{where}.{key}")


def _id(value: object, where: str) -> str:
    return identifier(mapping(value, where), where)


def identifier(data: Object, where: str) -> str:
    """Return the id of an object: it becomes part of a path, and of what people read."""
    found = text_field(data, "id", where)
    if not _ID.fullmatch(found):
        wrong(f"{where}.id", "an id", found)
    return found


def word(kind: type[E], value: str, otherwise: E) -> E:
    """Return a word of those that are known; another is never taken for a good one."""
    try:
        return kind(value)
    except ValueError:
        return otherwise


def whole(data: Object, key: str, where: str) -> int:
    """Return a whole number."""
    value = number_field(data, key, where)
    if value != int(value):
        wrong(f"{where}.{key}", "a whole number", value)
    return int(value)


def time_or_none(data: Object, key: str, where: str) -> datetime | None:
    """Return a time; None where null stands. A field that is absent is an error."""
    value = field(data, key, where)
    return None if value is None else rfc3339(text(value, f"{where}.{key}"), f"{where}.{key}")
