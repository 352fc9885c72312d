"""What can be asked of PagerDuty that changes something. No probe has it; commands do."""

from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import quote

from apgms_ops.clients.http import Answer, HttpWriter
from apgms_ops.clients.http.client import TOO_MANY
from apgms_ops.clients.http.shape import field, mapping
from apgms_ops.clients.pagerduty import parse_incidents
from apgms_ops.clients.pagerduty.facts import EventTaken, Incident, Note
from apgms_ops.clients.pagerduty.limits import limited
from apgms_ops.clients.pagerduty.reading import body_of, headers_of, hidden
from apgms_ops.deadline import Deadline
from apgms_ops.errors import RateLimited
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret

ENQUEUE: Final = "/v2/enqueue"
"""The path of Events v2."""
_EXISTS: Final = "dedup key already exists"
"""What PagerDuty says of a key that an open incident has."""
Severity = Literal["critical", "error", "warning", "info"]
"""Of an event."""


class PagerdutyCommands:
    """Makes incidents, writes on them and resolves them. Nothing is sent twice: what timed out may have worked."""

    def __init__(self, *, url: str, recorder: Recorder, token: Secret, sender: str, ca_file: str | None = None) -> None:
        """Take an address; nothing is sent yet.

        Args:
            url: The address of the API.
            recorder: Keeps what was answered.
            token: One that may write.
            sender: The e-mail address of the user in whose name it is done; another is refused.
            ca_file: Certificates (PEM) to verify the server by.
        """
        self._http = HttpWriter(
            system="PagerDuty",
            url=url,
            recorder=recorder,
            token=token,
            ca_file=ca_file,
            headers=headers_of(token) | {"From": sender},
            limited=limited,
        )

    @staticmethod
    def incident_body(title: str, service: str, *, key: str, details: str | None = None) -> dict[str, Any]:
        """Return what `create` sends: an incident of high urgency."""
        body: dict[str, Any] = {
            "type": "incident",
            "title": title,
            "service": {"id": service, "type": "service_reference"},
            "urgency": "high",
            "incident_key": key,
        }
        if details is not None:
            body["body"] = {"type": "incident_body", "details": details}
        return {"incident": body}

    def create(
        self, title: str, service: str, deadline: Deadline, *, key: str, details: str | None = None
    ) -> Incident | None:
        """Make an incident of high urgency; None where there is an open one with this key already.

        Args:
            title: In one line.
            service: Id of the service.
            deadline: For all of it.
            key: The dedup key: by this it is found again, where it is not known whether it was made.
            details: More about it.

        Raises:
            AccessDenied: The token may only read, the sender is not known, or the plan does not have it.
            RateLimited: It was not taken.
            BadAnswer: It was refused.
            DeadlineExceeded: It may have been made: look for the key before it is made again.
        """
        body = self.incident_body(title, service, key=key, details=details)
        answer = self._sent(self._http.post("/incidents", body, deadline=deadline, keep=False), "the service")
        if answer.status == HTTPStatus.BAD_REQUEST and _EXISTS in answer.text:
            return None
        return parse_incidents.incident(field(body_of(answer, (HTTPStatus.CREATED,)), "incident", "answer"))

    def note(self, incident: str, content: str, deadline: Deadline) -> Note:
        """Write a note on an incident. Writing it again writes it twice."""
        path = f"/incidents/{quote(incident, safe='')}/notes"
        answer = self._sent(
            self._http.post(path, {"note": {"content": content}}, deadline=deadline, keep=False), incident
        )
        body = body_of(answer, (HTTPStatus.OK, HTTPStatus.CREATED))
        return parse_incidents.note(field(body, "note", "answer"))

    def resolve(self, incident: str, deadline: Deadline) -> Incident:
        """Resolve an incident; one that is resolved already is answered as it is. Read its status from what comes."""
        path = f"/incidents/{quote(incident, safe='')}"
        body = {"incident": {"type": "incident_reference", "status": "resolved"}}
        answer = self._sent(self._http.put(path, body, deadline=deadline, keep=False), incident)
        return parse_incidents.incident(field(body_of(answer), "incident", "answer"))

    @staticmethod
    def _sent(answer: Answer, what: str) -> Answer:
        if answer.status == HTTPStatus.NOT_FOUND:
            hidden(answer, what)
        return _unlimited(answer)


class PagerdutyEvents:
    """Sends events to one integration of a service."""

    def __init__(self, *, url: str, routing_key: Secret, recorder: Recorder, ca_file: str | None = None) -> None:
        """Take an address; nothing is sent yet.

        Args:
            url: `https://events.pagerduty.com`, or `https://events.eu.pagerduty.com`.
            routing_key: Names the integration, and is all that is asked of who sends.
            recorder: Keeps what was answered.
            ca_file: Certificates (PEM) to verify the server by.
        """
        self._key = routing_key
        self._http = HttpWriter(system="PagerDuty's events", url=url, recorder=recorder, ca_file=ca_file)

    def trigger(  # noqa: PLR0913 — the parts of an event
        self,
        summary: str,
        deadline: Deadline,
        *,
        dedup_key: str,
        source: str,
        severity: Severity = "critical",
        details: dict[str, str] | None = None,
    ) -> EventTaken:
        """Send an event that opens an incident, or joins the open one of its key.

        That it was taken does not say that there is an incident, or that anybody is told: maintenance, a disabled
        service or a rule may keep it. Look for the incident by its key.

        Args:
            summary: In one line, of 1024 characters at most.
            deadline: For all of it.
            dedup_key: With the same key it can be sent again without harm.
            source: What it is about: a host, an environment.
            severity: How bad it is.
            details: More about it.
        """
        payload: dict[str, Any] = {"summary": summary, "source": source, "severity": severity}
        if details is not None:
            payload["custom_details"] = details
        return self._enqueue({"event_action": "trigger", "dedup_key": dedup_key, "payload": payload}, deadline)

    def resolve(self, dedup_key: str, deadline: Deadline) -> EventTaken:
        """Resolve the incident of a key; of a key that there is not this does nothing, and is answered the same."""
        return self._enqueue({"event_action": "resolve", "dedup_key": dedup_key}, deadline)

    def _enqueue(self, event: dict[str, Any], deadline: Deadline) -> EventTaken:
        body = {"routing_key": self._key.reveal(), **event}
        answer = _unlimited(self._http.post(ENQUEUE, body, deadline=deadline, keep=False))
        found = mapping(body_of(answer, (HTTPStatus.ACCEPTED,)), "event")
        if field(found, "status", "event") != "success":
            answer.refuse("the event was not taken")
        taken = parse_incidents.taken(found)
        if taken.dedup_key != event["dedup_key"]:
            answer.refuse("the event was taken under another key")
        return taken


def _unlimited(answer: Answer) -> Answer:
    if answer.status == TOO_MANY:
        msg = f"{answer.source}: rate limited ({answer.status}), and not sent again: {answer.excerpt}"
        raise RateLimited(msg)
    return answer
