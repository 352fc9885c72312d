"""Answers of the front door, as facts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from apgms_ops.clients.gateway.journey_parse import date_of, events, fields, ledger
from apgms_ops.errors import BadAnswer

HASH = "0" * 64
ROW: dict[str, Any] = {
    "id": 7,
    "period": "2026-Q4",
    "amountCents": 100,
    "balanceAfterCents": 100,
    "prevHash": HASH,
    "hash": HASH,
    "createdAt": "2026-11-26T01:02:03.000004Z",
}
EVENT: dict[str, Any] = {
    "seq": 1,
    "eventId": "e-1",
    "orgId": "org-1",
    "actorId": "user-1",
    "action": "deposit.create",
    "at": "2026-11-26T01:02:03.000004Z",
    "prevHash": HASH,
    "hash": HASH,
    "payload": {"b": 1, "a": "é"},
}


def test_a_secret_is_no_field() -> None:
    """What is called a token or a password is left out, and so is what is no scalar."""
    assert fields({"accessToken": "x", "password": "y", "expiresIn": 900, "list": [1], "ok": True}) == {
        "expiresIn": 900,
        "ok": True,
    }


@pytest.mark.parametrize("value", [1.5, 100.0, 1e400, 2**60])
def test_a_number_that_is_not_whole_becomes_a_text(value: object) -> None:
    """Cents that are no whole number are kept as text, so that no amount is equal to them."""
    assert isinstance(fields({"cents": value})["cents"], str)


@pytest.mark.parametrize("data", [None, [], "text", 1])
def test_what_is_no_object_has_no_fields(data: object) -> None:
    """An answer of another shape has no fields."""
    assert fields(data) == {}


@pytest.mark.parametrize("name", ["rows", "entries"])
def test_rows_of_the_ledger_are_read(name: str) -> None:
    """Rows come in their order, with aware times."""
    (row,) = ledger({name: [ROW]})
    assert (row.id, row.amount_cents, row.created_at.tzinfo) == (7, 100, UTC)


@pytest.mark.parametrize("change", [{"id": None}, {"createdAt": "yesterday"}, {"hash": 1}])
def test_a_row_of_another_shape_is_a_bad_answer(change: dict[str, Any]) -> None:
    """A row that lacks what it must have is named."""
    with pytest.raises(BadAnswer, match=r"ledger\.rows\[0\]"):
        ledger({"rows": [ROW | change]})


def test_an_events_hash_is_recomputed() -> None:
    """SHA-256 of the hash before it and the canonical JSON of its fields as written out below."""
    (event,) = events({"events": [EVENT]})
    # 64 zeros, then {"action":"deposit.create","actor_id":"user-1","at":"2026-…","event_id":"e-1","org_id":"org-1",
    # "payload":{"a":"é","b":1}}: printf '%s' "$TEXT" | sha256sum
    assert event.computed == "31dafa12c1e27bf291b134c8895cde0e6fd19910dfd340eb7d4e373d805c8806"
    (other,) = events({"events": [EVENT | {"payload": {"b": 2, "a": "é"}}]})
    assert other.computed != event.computed


def test_without_a_payload_nothing_is_recomputed() -> None:
    """Where the payload is not told, there is no hash to compare with."""
    (event,) = events({"events": [{k: v for k, v in EVENT.items() if k != "payload"}]})
    assert event.computed is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Thu, 26 Nov 2026 07:30:00 GMT", datetime(2026, 11, 26, 7, 30, tzinfo=UTC)),
        ("nonsense", None),
        ("", None),
    ],
)
def test_the_date_of_an_answer(text: str, at: datetime | None) -> None:
    """A date is read in UTC; nonsense is none."""
    assert date_of({"date": text} if text else {}) == at
