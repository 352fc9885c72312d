"""Incidents as PagerDuty tells of them, on a server whose every answer the test chooses."""

from apgms_ops.clients.pagerduty.facts import IncidentStatus
from tests.clients.pagerduty.wire import INCIDENT, Server, answer, client, deadline, page


def test_incidents_are_of_all_times_unless_asked_otherwise(server: Server) -> None:
    """One that is open for longer than a month does not drop out; statuses are repeated."""
    server.answers(page("incidents", [INCIDENT, INCIDENT | {"id": "PI2", "status": "resolved"}]))
    wanted = (IncidentStatus.TRIGGERED, IncidentStatus.ACKNOWLEDGED)
    found = client(server).incidents(deadline(), statuses=wanted)
    assert [one.id for one in found] == ["PI1"]
    assert found[0].assigned == ("PU1",)
    assert b"date_range=all" in server.heads[0]
    assert server.heads[0].count(b"statuses%5B%5D=") == len(wanted)


def test_what_happened_to_an_incident_is_read(server: Server) -> None:
    """The incident, its notes and its log."""
    entry = {"id": "PL1", "type": "trigger_log_entry", "created_at": "2026-11-27T01:00:00Z", "summary": "Triggered"}
    server.answers(
        answer({"incident": INCIDENT}),
        answer({"notes": [{"id": "PN1", "content": "Looking", "created_at": "2026-11-27T01:05:00Z"}]}),
        page("log_entries", [entry]),
    )
    reader = client(server)
    assert reader.incident("7", deadline()).key == "K1"
    assert [one.content for one in reader.notes("PI1", deadline())] == ["Looking"]
    assert [(one.kind, one.agent) for one in reader.log_entries("PI1", deadline())] == [("trigger", None)]
