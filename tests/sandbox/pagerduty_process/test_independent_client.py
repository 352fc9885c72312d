"""PagerDuty's own SDK gets along with the stand-in: its shapes are not only what we take for right."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pagerduty
import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults.pagerduty_tools import order
from apgms_ops.sandbox.world import World

pytestmark = pytest.mark.sandbox


@pytest.fixture
def rest(world: World) -> Iterator[pagerduty.RestApiV2Client]:
    """The SDK's client, by token; a listing comes in pages of two."""
    client = pagerduty.RestApiV2Client(secret(world, "token"), default_from="ops@sandbox.example")
    redirect(client, world)
    order(world, "/switches", {"page_size": 2}, Deadline(10))
    with client:
        yield client
    order(world, "/switches", {"page_size": 0}, Deadline(10))


@pytest.fixture
def events(world: World) -> Iterator[pagerduty.EventsApiV2Client]:
    """The SDK's client of Events v2."""
    client = pagerduty.EventsApiV2Client(secret(world, "routing_key"))
    redirect(client, world)
    with client:
        yield client


def redirect(client: pagerduty.ApiClient, world: World) -> None:
    """Let a client ask the stand-in; of its own accord it would only speak TLS."""
    client._url = world.get("pagerduty.url")


def secret(world: World, name: str) -> str:
    """Return a secret of the stand-in's."""
    return Path(world.get(f"pagerduty.{name}_file")).read_text(encoding="utf-8")


def test_the_account_and_its_people_are_read(rest: pagerduty.RestApiV2Client) -> None:
    """Subdomain, users page by page, a person by e-mail, and the ways to reach them."""
    assert rest.subdomain == "apgms-sandbox"
    users = rest.list_all("users")
    assert [user["id"] for user in users] == [f"PUSER0{n}" for n in range(1, 6)]
    methods = rest.rget(f"/users/{users[0]['id']}/contact_methods")
    assert {method["type"] for method in methods} == {
        "phone_contact_method",
        "sms_contact_method",
        "email_contact_method",
    }
    assert rest.rget("/users/PUSER01/notification_rules")[0]["start_delay_in_minutes"] == 0


def test_who_is_on_call_is_read(rest: pagerduty.RestApiV2Client) -> None:
    """On-calls of a week, two levels of one policy, and the schedule's own coverage."""
    now = datetime.now(UTC)
    params = {
        "since": now.isoformat(),
        "until": (now + timedelta(days=7)).isoformat(),
        "escalation_policy_ids": ["PPLATFORM"],
    }
    found = rest.list_all("oncalls", params=params)
    assert {entry["escalation_level"] for entry in found} == {1, 2}
    assert {entry["escalation_policy"]["id"] for entry in found} == {"PPLATFORM"}
    assert len(found) >= 9
    schedule = rest.rget("/schedules/PSCHEDULE1", params={"since": params["since"], "until": params["until"]})
    assert schedule["final_schedule"]["rendered_coverage_percentage"] == 100
    service = rest.rget("/services/PGATEWAY")
    assert (service["status"], service["incident_urgency_rule"]["urgency"]) == ("active", "high")


def test_an_incident_is_made_noted_and_resolved(rest: pagerduty.RestApiV2Client) -> None:
    """Once by its key; assigned to whom the policy calls; and what happened stands in its log."""
    wanted = {
        "type": "incident",
        "title": "Payments stopped",
        "service": {"id": "PPAYMENTS", "type": "service_reference"},
        "urgency": "high",
        "incident_key": "sdk-1",
    }
    made = rest.rpost("/incidents", json=wanted)
    assert made["assignments"][0]["assignee"]["id"] in {"PUSER01", "PUSER02"}
    again = rest.post("/incidents", json={"incident": wanted})
    assert again.status_code == 400
    assert "dedup key already exists" in again.text
    rest.rpost(f"/incidents/{made['id']}/notes", json={"content": "Looking"})
    rest.rput(f"/incidents/{made['id']}", json={"type": "incident_reference", "status": "resolved"})
    assert rest.rget(f"/incidents/{made['id']}")["status"] == "resolved"
    assert [note["content"] for note in rest.rget(f"/incidents/{made['id']}/notes")] == ["Looking"]
    entries = rest.list_all(f"/incidents/{made['id']}/log_entries")
    assert [entry["type"] for entry in entries] == ["resolve_log_entry", "annotate_log_entry", "trigger_log_entry"]


def test_an_event_opens_one_incident_and_resolves_it(
    rest: pagerduty.RestApiV2Client, events: pagerduty.EventsApiV2Client
) -> None:
    """The same key twice is one incident; the key that comes back is the one that was sent."""
    for _ in range(2):
        assert events.trigger("Gateway down", "sandbox", dedup_key="sdk-2", severity="critical") == "sdk-2"
    found = rest.list_all("incidents", params={"statuses": ["triggered"], "incident_key": "sdk-2"})
    assert [incident["title"] for incident in found] == ["Gateway down"]
    events.resolve("sdk-2")
    assert rest.list_all("incidents", params={"statuses": ["triggered"], "incident_key": "sdk-2"}) == []


def test_an_event_in_maintenance_is_taken_and_lost(
    world: World, rest: pagerduty.RestApiV2Client, events: pagerduty.EventsApiV2Client
) -> None:
    """202 says nothing of an incident."""
    now = datetime.now(UTC)
    window = {
        "start": (now - timedelta(hours=1)).isoformat(),
        "end": (now + timedelta(hours=1)).isoformat(),
        "description": "x",
        "services": ["PGATEWAY"],
    }
    made = order(world, "/add", {"collection": "maintenance_windows", "record": window}, Deadline(10))["records"][0]
    assert [one["id"] for one in rest.list_all("maintenance_windows", params={"filter": "open"})] == [made["id"]]
    assert rest.rget("/services/PGATEWAY")["status"] == "maintenance"
    assert events.trigger("Gateway down", "sandbox", dedup_key="sdk-3") == "sdk-3"
    assert rest.list_all("incidents", params={"incident_key": "sdk-3"}) == []
    order(world, "/remove", {"collection": "maintenance_windows", "wanted": {"id": made["id"]}}, Deadline(10))


def test_what_is_not_known_is_refused(world: World, rest: pagerduty.RestApiV2Client) -> None:
    """A path, a parameter, a field, a sender, a routing key and a token that are not known."""
    for path, params in [("/teams", {}), ("/users", {"nme": "x"}), ("/incidents", {"statuses[]": "open"})]:
        assert rest.get(path, params=params).status_code in (400, 404)
    assert rest.get("/oncalls", params={"offset": 9990, "limit": 100}).status_code == 400
    body = {"incident": {"type": "incident", "title": "t", "service": {"id": "PGATEWAY"}, "colour": "red"}}
    assert rest.post("/incidents", json=body).status_code == 400
    del body["incident"]["colour"]
    assert rest.post("/incidents", json=body, headers={"From": "nobody@sandbox.example"}).status_code == 400
    other = pagerduty.EventsApiV2Client("R0WRONG")
    redirect(other, world)
    with other, pytest.raises(pagerduty.Error):
        other.trigger("x", "sandbox")
    stranger = pagerduty.RestApiV2Client("wrong")
    redirect(stranger, world)
    with stranger, pytest.raises(pagerduty.Error):
        stranger.rget("/users/PUSER01")
