"""The verbs of PagerDuty on a server whose every answer the test chooses."""

from datetime import timedelta
from typing import Any

import pytest

from apgms_ops.clients.pagerduty.facts import ContactKind, ServiceStatus, Urgency
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, BadAnswer, Incomplete, RateLimited, Unreachable
from apgms_ops.observation import Identity, Recorder
from apgms_ops.redact import Redactor
from apgms_ops.secret import Secret
from tests.clients.pagerduty.wire import SERVICE, SINCE, TOKEN, Server, answer, client, deadline, on_call, page


def test_a_service_is_read_and_its_account_is_named(server: Server) -> None:
    """The token goes as PagerDuty's own kind, and whose account it is stands in the address of the page."""
    recorder = Recorder(Redactor([Secret(TOKEN)]))
    server.answers(answer({"service": SERVICE}))
    found = client(server, recorder).service("PSVC1", deadline())
    assert (found.status, found.urgencies, found.acknowledgement_timeout) == (
        ServiceStatus.ACTIVE,
        (Urgency.HIGH,),
        300,
    )
    assert found.policy == "PEP1"
    identities, raw, _ = recorder.seen
    assert (identities, raw) == ((Identity("pagerduty", "acme"),), ())
    assert f"Authorization: Token token={TOKEN}".encode() in server.heads[0]
    assert b"application/vnd.pagerduty+json;version=2" in server.heads[0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"status": "sleeping"}, ServiceStatus.UNKNOWN),
        ({"incident_urgency_rule": {"type": "constant", "urgency": "severity_based"}}, (Urgency.SEVERITY_BASED,)),
        ({"incident_urgency_rule": {"type": "by_moon"}}, (Urgency.UNKNOWN,)),
        (
            {
                "incident_urgency_rule": {
                    "type": "use_support_hours",
                    "during_support_hours": {"type": "constant", "urgency": "high"},
                    "outside_support_hours": {"type": "constant", "urgency": "low"},
                }
            },
            (Urgency.HIGH, Urgency.LOW),
        ),
        ({"acknowledgement_timeout": None}, None),
    ],
)
def test_words_that_are_not_known_are_not_good(server: Server, values: dict[str, Any], expected: object) -> None:
    """A word that is not known stays unknown, and each hour of the day has its urgency."""
    server.answers(answer({"service": SERVICE | values}))
    found = client(server).service("PSVC1", deadline())
    assert expected in (found.status, found.urgencies, found.acknowledgement_timeout)


def test_a_reference_is_not_the_thing(server: Server) -> None:
    """In a mere reference, what is absent is not known."""
    server.answers(answer({"service": SERVICE | {"type": "service_reference"}}))
    with pytest.raises(BadAnswer, match="the object itself"):
        client(server).service("PSVC1", deadline())


def test_another_service_is_no_answer(server: Server) -> None:
    """What answers must be what was asked for."""
    server.answers(answer({"service": SERVICE | {"id": "PSVC2"}}))
    with pytest.raises(BadAnswer, match="PSVC2 answered"):
        client(server).service("PSVC1", deadline())


def test_pages_are_read_by_what_came(server: Server) -> None:
    """A server that sends fewer than were asked for is asked again behind those, for as long as it says more."""
    server.answers(
        page("oncalls", [on_call("PU1")], more=True),
        page("oncalls", [on_call("PU2"), on_call("PU3", schedule=None, start=None, end=None)], offset=1, more=True),
        page("oncalls", [], offset=3),
    )
    found = client(server).on_calls(["PEP1"], SINCE, SINCE + timedelta(days=1), deadline())
    assert [one.user for one in found] == ["PU1", "PU2", "PU3"]
    assert (found[2].schedule, found[2].start, found[2].end) == (None, None, None)
    assert [f"offset={n}".encode() in head for n, head in zip((0, 1, 3), server.heads, strict=True)] == [True] * 3
    assert b"escalation_policy_ids%5B%5D=PEP1" in server.heads[0]


@pytest.mark.parametrize(
    ("second", "error"),
    [
        (page("oncalls", [on_call("PU1")], offset=1, more=True), BadAnswer),
        (page("oncalls", [], offset=1, more=True), BadAnswer),
        (page("oncalls", [on_call("PU2")], offset=0), BadAnswer),
        (page("oncalls", [on_call("PU2")], offset=1, more="no"), BadAnswer),
        (answer({"oncalls": [], "offset": 1}), BadAnswer),
        (answer({"error": {"code": 2001}}, "400 Bad Request"), BadAnswer),
    ],
)
def test_pages_that_lead_nowhere_are_no_answer(server: Server, second: bytes, error: type[Exception]) -> None:
    """The same page again, an empty one with more behind it, another than asked for, and no word on more."""
    server.answers(page("oncalls", [on_call("PU1")], more=True), second)
    with pytest.raises(error):
        client(server).on_calls(["PEP1"], SINCE, SINCE + timedelta(days=1), deadline())


def test_a_listing_without_end_is_incomplete(server: Server) -> None:
    """More than 10,000 are never read as all there are."""
    pages = [
        page("oncalls", [on_call(f"PU{i}") for i in range(n, n + 2500)], offset=n, more=True)
        for n in range(0, 10_000, 2500)
    ]
    server.answers(*pages)
    with pytest.raises(Incomplete, match="more than 10000"):
        client(server).on_calls(["PEP1"], SINCE, SINCE + timedelta(days=1), deadline())


@pytest.mark.parametrize(
    ("sent", "error", "words"),
    [
        (answer({"error": {"message": "x", "code": 2006}}, "401 Unauthorized"), AccessDenied, "401"),
        (answer({"error": {"message": "x", "code": 2010}}, "403 Forbidden"), AccessDenied, "403"),
        (answer({"error": {"message": "x", "code": 2012}}, "402 Payment Required"), AccessDenied, "plan"),
        (answer({"error": {"message": "x", "code": 2100}}, "404 Not Found"), AccessDenied, "may not read"),
        (answer({}, "429 Too Many Requests", "ratelimit-reset: 60"), RateLimited, "60 s"),
        (answer({}, "429 Too Many Requests", "Retry-After: 90"), RateLimited, "90 s"),
        (answer({"error": {}}, "500 Internal Server Error"), Unreachable, "500"),
        (answer(b"<html>Sign in</html>", kind="text/html"), BadAnswer, "not JSON"),
        (answer(b""), BadAnswer, "malformed"),
        (answer(None), BadAnswer, "not an object"),
        (answer([]), BadAnswer, "not an object"),
        (answer({}, "302 Found", "Location: https://login.example/"), BadAnswer, "redirect"),
    ],
)
def test_every_refusal_is_told_apart(server: Server, sent: bytes, error: type[Exception], words: str) -> None:
    """Nothing but a good answer is an answer."""
    server.answers(sent)
    with pytest.raises(error, match=words):
        client(server).escalation_policy("PEP1", Deadline(5))


def test_no_policies_are_not_every_policy(server: Server) -> None:
    """Without a policy there is nobody to look for, and nothing is asked."""
    assert client(server).on_calls([], SINCE, SINCE + timedelta(days=1), deadline()) == ()
    assert server.heads == []


USER = {
    "id": "PU1",
    "type": "user",
    "name": "Ada Example",
    "email": "ada@example.com",
    "role": "user",
    "invitation_sent": False,
    "html_url": "https://acme.pagerduty.com/users/PU1",
}
PHONE: dict[str, Any] = {"id": "PC1", "type": "phone_contact_method", "country_code": 61, "address": "0400 000 017"}
RULE = {
    "id": "PR1",
    "type": "assignment_notification_rule",
    "start_delay_in_minutes": 0,
    "urgency": "high",
    "contact_method": {"id": "PC1", "type": "phone_contact_method_reference"},
}


def test_a_person_is_read_without_a_name(server: Server) -> None:
    """Ways to reach them and rules; the number with its country, shown to nobody."""
    server.answers(
        answer({"user": USER}),
        answer({"contact_methods": [PHONE | {"blacklisted": True}]}),
        answer({"notification_rules": [RULE]}),
    )
    recorder = Recorder(Redactor())
    found = client(server, recorder).user("PU1", deadline())
    assert found is not None
    assert (found.methods[0].number, found.methods[0].blocked) == (Secret("+61400000017"), True)
    assert (found.rules[0].urgency, found.rules[0].delay, found.rules[0].kind) == (Urgency.HIGH, 0, ContactKind.PHONE)
    shown = f"{found} {recorder.seen}"
    assert "400000017" not in shown
    assert "Ada" not in shown


def test_a_person_who_is_gone_is_none_only_where_others_can_be_read(server: Server) -> None:
    """404 alone may be a token that may not read users."""
    gone = answer({"error": {"message": "Not Found", "code": 2100}}, "404 Not Found")
    server.answers(gone, page("users", [USER]))
    assert client(server).user("PU9", deadline()) is None
    server.answers(gone, answer({"error": {}}, "403 Forbidden"))
    with pytest.raises(AccessDenied):
        client(server).user("PU9", deadline())


@pytest.mark.parametrize(
    "sent",
    [
        answer(b'{"user": {"id": "PU1", "name": "Ada Exam'),
        answer({"user": USER | {"email": "ada@example.com", "role": 7}}),
        answer({"user": USER | {"invitation_sent": "ada@example.com"}}),
    ],
)
def test_no_error_quotes_a_person(server: Server, sent: bytes) -> None:
    """What is wrong with an answer about a person is said without the answer."""
    server.answers(sent)
    with pytest.raises(BadAnswer) as caught:
        client(server).user("PU1", deadline())
    assert "ada" not in str(caught.value).lower()


@pytest.mark.parametrize("values", [{"address": 400000017}, {"address": "400x000017"}, {"address": "4" * 20}])
def test_no_error_quotes_a_number(server: Server, values: dict[str, Any]) -> None:
    """A number that is none is not shown either."""
    server.answers(answer({"user": USER}), answer({"contact_methods": [PHONE | values]}))
    with pytest.raises(BadAnswer) as caught:
        client(server).user("PU1", deadline())
    assert "000017" not in str(caught.value)
    assert "4444" not in str(caught.value)


def test_windows_of_other_services_are_left_out(server: Server) -> None:
    """What the server lets through beside the services asked for is not theirs."""
    times = {"start_time": "2026-11-27T00:00:00Z", "end_time": "2026-11-27T01:00:00Z", "type": "maintenance_window"}
    ours, others = {"id": "PSVC1"}, {"id": "PSVC9"}
    server.answers(
        page(
            "maintenance_windows",
            [{"id": "PW1", "services": [ours], **times}, {"id": "PW2", "services": [others], **times}],
        )
    )
    assert [one.id for one in client(server).maintenance_windows(["PSVC1"], deadline())] == ["PW1"]
    assert b"filter=open" in server.heads[0]
