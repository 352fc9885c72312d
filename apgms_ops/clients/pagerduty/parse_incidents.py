"""PagerDuty's JSON of incidents → facts. Pure."""

from apgms_ops.clients.http.shape import field, list_field, mapping, rfc3339, text, text_field
from apgms_ops.clients.pagerduty.facts import EventTaken, Incident, IncidentStatus, LogEntry, Note
from apgms_ops.clients.pagerduty.parse import full, identifier, reference, urgency, whole, word

_ENTRY = "_log_entry"


def incident(body: object, where: str = "incident") -> Incident:
    """Return an incident."""
    data = full(body, where)
    key, resolved = data.get("incident_key"), data.get("resolved_at")
    assigned = []
    for i, item in enumerate(list_field(data, "assignments", where)):
        here = f"{where}.assignments[{i}]"
        assigned.append(reference(mapping(item, here), "assignee", here))
    return Incident(
        id=identifier(data, where),
        number=whole(data, "incident_number", where),
        title=text_field(data, "title", where),
        status=word(IncidentStatus, text_field(data, "status", where), IncidentStatus.UNKNOWN),
        urgency=urgency(data, where),
        service=reference(data, "service", where),
        created_at=rfc3339(field(data, "created_at", where), f"{where}.created_at"),
        resolved_at=None if resolved is None else rfc3339(resolved, f"{where}.resolved_at"),
        key=None if key is None else text(key, f"{where}.incident_key"),
        url=text_field(data, "html_url", where),
        assigned=tuple(assigned),
    )


def note(body: object, where: str = "note") -> Note:
    """Return a note."""
    data = mapping(body, where)
    return Note(
        id=identifier(data, where),
        created_at=rfc3339(field(data, "created_at", where), f"{where}.created_at"),
        content=text_field(data, "content", where),
    )


def log_entry(body: object, where: str) -> LogEntry:
    """Return an entry of an incident's log."""
    data = full(body, where)
    agent = data.get("agent")
    return LogEntry(
        id=identifier(data, where),
        kind=text_field(data, "type", where).removesuffix(_ENTRY),
        at=rfc3339(field(data, "created_at", where), f"{where}.created_at"),
        summary=text_field(data, "summary", where),
        agent=None if agent is None else reference(data, "agent", where),
    )


def taken(body: object) -> EventTaken:
    """Return the key of an event that was taken."""
    return EventTaken(text_field(mapping(body, "event"), "dedup_key", "event"))
