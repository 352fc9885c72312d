"""What changes something at PagerDuty, on a server whose every answer the test chooses."""

import pytest

from apgms_ops.clients.pagerduty.commands import PagerdutyCommands, PagerdutyEvents
from apgms_ops.clients.pagerduty.facts import IncidentStatus
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, BadAnswer, RateLimited
from apgms_ops.observation import Recorder
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret
from tests.clients.pagerduty.wire import INCIDENT, TOKEN, Server, answer, deadline

KEY = "R0sandbox0123456789abcdef01234567"


def commands(server: Server, recorder: Recorder | None = None) -> PagerdutyCommands:
    """Return commands to the server."""
    return PagerdutyCommands(
        url=server.url, recorder=recorder or Recorder(Redactor()), token=Secret(TOKEN), sender="ops@example.com"
    )


def events(server: Server) -> PagerdutyEvents:
    """Return what sends events to the server."""
    return PagerdutyEvents(url=server.url, routing_key=Secret(KEY), recorder=Recorder(Redactor([Secret(KEY)])))


def test_an_incident_is_made_in_somebodys_name(server: Server) -> None:
    """Of high urgency, with a key, and with the name of who makes it; what is answered is not kept."""
    recorder = Recorder(Redactor())
    server.answers(answer({"incident": INCIDENT}, "201 Created"))
    found = commands(server, recorder).create("Payments stopped", "PSVC1", deadline(), key="K1", details="Since 1 am")
    assert found is not None
    assert (found.id, found.status) == ("PI1", IncidentStatus.TRIGGERED)
    assert b"From: ops@example.com" in server.heads[0]
    assert recorder.seen[1] == ()
    body = commands(server).incident_body("t", "PSVC1", key="K1", details="d")["incident"]
    assert (body["urgency"], body["incident_key"]) == ("high", "K1")


def test_a_key_that_is_open_already_is_said_so(server: Server) -> None:
    """The same key again makes no second incident; any other refusal is one."""
    errors = ["Open incident with matching dedup key already exists on this service"]
    body = {"error": {"message": "Arguments Caused Error", "code": 2002, "errors": errors}}
    server.answers(answer(body, "400 Bad Request"))
    assert commands(server).create("t", "PSVC1", deadline(), key="K1") is None
    server.answers(answer({"error": {"message": "Requester User Not Found", "code": 2100}}, "400 Bad Request"))
    with pytest.raises(BadAnswer, match="Requester User"):
        commands(server).create("t", "PSVC1", deadline(), key="K1")


@pytest.mark.parametrize(
    ("status", "error"),
    [("403 Forbidden", AccessDenied), ("404 Not Found", AccessDenied), ("429 Too Many Requests", RateLimited)],
)
def test_nothing_is_sent_twice(server: Server, status: str, error: type[Exception]) -> None:
    """A refusal, and a rate limit as well, is the end of it."""
    server.answers(answer({"error": {}}, status), answer({"incident": INCIDENT}, "201 Created"))
    with pytest.raises(error):
        commands(server).create("t", "PSVC1", deadline(), key="K1")
    assert len(server.heads) == 1


def test_notes_are_written_and_incidents_resolved(server: Server) -> None:
    """By POST and by PUT."""
    note = {"id": "PN1", "content": "Looking", "created_at": "2026-11-27T01:05:00Z"}
    server.answers(answer({"note": note}), answer({"incident": INCIDENT | {"status": "resolved"}}))
    assert commands(server).note("PI1", "Looking", deadline()).id == "PN1"
    assert commands(server).resolve("PI1", deadline()).status is IncidentStatus.RESOLVED
    assert server.heads[1].startswith(b"PUT /incidents/PI1 ")


def test_an_event_is_taken_under_its_key(server: Server) -> None:
    """202 with success and the same key; anything else is an error that does not show the routing key."""
    server.answers(
        answer({"status": "success", "message": "Event processed", "dedup_key": "K1"}, "202 Accepted"),
        answer({"status": "success", "message": "Event processed", "dedup_key": "K2"}, "202 Accepted"),
        answer({"status": "invalid event", "message": "x", "errors": [f"bad {KEY}"]}, "400 Bad Request"),
    )
    assert events(server).trigger("s", deadline(), dedup_key="K1", source="sandbox").dedup_key == "K1"
    with pytest.raises(BadAnswer, match="another key"):
        events(server).resolve("K1", deadline())
    with pytest.raises(BadAnswer) as caught:
        events(server).trigger("s", Deadline(5), dedup_key="K1", source="sandbox")
    assert KEY not in str(caught.value)
