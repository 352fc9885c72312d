"""Entries of the audit log: what is read from an event, and which events can never become one."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from apgms_ops.sandbox.service_process import audit_entry, audit_history

EVENT: dict[str, Any] = {
    "id": "e-1",
    "orgId": "org-synthetic",
    "eventType": "AuditEventRecorded",
    "key": "org-synthetic",
    "ts": "2026-11-24T12:02:03.000004+11:00",
    "schemaVersion": 1,
    "source": "payments",
    "dedupeId": "e-1",
    "traceId": "t",
    "payload": {"correlationId": "c", "actorId": "user", "action": "deposit.create", "cents": 1},
}


def test_an_event_becomes_an_entry() -> None:
    """Every field comes from where the specification says, the payload in its canonical text."""
    entry = audit_entry.read(json.dumps(EVENT).encode())
    assert (entry.event_id, entry.org_id, entry.actor_id, entry.action, entry.source) == (
        "e-1", "org-synthetic", "user", "deposit.create", "payments",
    )  # fmt: skip
    assert entry.at == datetime(2026, 11, 24, 1, 2, 3, 4, tzinfo=UTC)
    assert entry.payload == '{"action":"deposit.create","actorId":"user","cents":1,"correlationId":"c"}'


def test_every_field_changes_the_hash() -> None:
    """Whoever alters one field of an entry alters its hash."""
    changes = [{"id": "e-2"}, {"orgId": "o"}, {"ts": "2026-11-24T01:02:03.000005Z"}]
    changes += [{"payload": EVENT["payload"] | more} for more in ({"actorId": "x"}, {"action": "x"}, {"cents": 2})]
    hashes = {audit_entry.read(json.dumps(EVENT | change).encode()).linked("0" * 64) for change in [{}, *changes]}
    assert len(hashes) == 1 + len(changes)


@pytest.mark.parametrize(
    "value",
    [
        b"", b"nonsense", b"[]", b"{}", b"\xff",
        *(json.dumps(EVENT | change).encode() for change in (
            {"id": ""}, {"id": 1}, {"id": "a\0b"}, {"payload": None},
            {"ts": "yesterday"}, {"ts": "2026-11-24T01:02:03"},
            {"ts": "0001-01-01T00:00:00+11:00"},
            {"payload": {"actorId": "u"}}, {"payload": {**EVENT["payload"], "cents": 2**60}},
            {"payload": {**EVENT["payload"], "note": "a\0b"}}, {"payload": {**EVENT["payload"], "note": "\ud800"}},
        )),
        json.dumps(EVENT | {"payload": {**EVENT["payload"], "cents": float("inf")}}).encode(),
    ],
)  # fmt: skip
def test_what_cannot_be_written_down_is_malformed(value: bytes) -> None:
    """It is told from a database that is away: a second try would never help."""
    with pytest.raises(audit_entry.Malformed):
        audit_entry.read(value)


def test_the_past_reaches_back_over_a_year_with_some_entries_each_day() -> None:
    """The oldest entry is just over 400 days old, none lies in the future, and they come in order."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    past = list(audit_history.entries(now))
    assert timedelta(days=400) < now - past[0].at < timedelta(days=401)
    assert [entry.at for entry in past] == sorted(entry.at for entry in past)
    assert past[-1].at < now
    assert max(after.at - before.at for before, after in pairwise(past)) < timedelta(days=1)
    assert len({entry.event_id for entry in past}) == len(past)
