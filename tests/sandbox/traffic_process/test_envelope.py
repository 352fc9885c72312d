"""Events have the platform's envelope."""

import json
import random
from datetime import UTC, datetime

from apgms_ops.sandbox.traffic_process.envelope import Events

NOW = datetime(2026, 11, 23, 2, 0, 0, 1, tzinfo=UTC)
SEEDED = random.Random(1)  # noqa: S311 — the same ids every time


def test_an_event_has_the_whole_envelope() -> None:
    """Every field of the envelope is there, and the key of the message is the key of the event."""
    key, value = Events(lambda: NOW, SEEDED).next("sbr.submit")
    event = json.loads(value)
    fields = "id orgId eventType key ts schemaVersion source dedupeId traceId payload"
    assert list(event) == fields.split()
    assert event["key"].encode() == key
    assert event["eventType"] == "SbrSubmissionRequested"
    assert datetime.fromisoformat(event["ts"]) == NOW


def test_no_two_events_share_an_id() -> None:
    """Ids are distinct, also across topics."""
    events = Events(lambda: NOW, SEEDED)
    ids = {
        json.loads(events.next(topic)[1])["id"]
        for topic in ("sbr.submit", "connectors.sync.request")
        for _ in range(100)
    }
    assert len(ids) == 200
