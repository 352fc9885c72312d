"""The audit service on a real broker and database: each event once, in one chain, whatever is killed meanwhile."""

import hashlib
import json
import signal
import threading
import time
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.kafka import Broker
from apgms_ops.sandbox.postgres import Postgres
from apgms_ops.sandbox.service_process.events import Emitter
from apgms_ops.sandbox.service_process.log import Log
from apgms_ops.sandbox.service_process.unavailable import Unavailable
from apgms_ops.sandbox.services import Audit
from apgms_ops.sandbox.world import World
from tests.sandbox.service_process.platform_client import ask, broken_links, ids_in_topic, metric, rows, switched, until

pytestmark = pytest.mark.sandbox
COLUMNS = ("event_id", "org_id", "actor_id", "action", "payload")


class TwoAudits(Audit):
    """Two replicas."""

    replicas = 2


@pytest.fixture(scope="module")
def audited(world: World) -> Iterator[World]:
    """A world with the audit service."""
    audit = Audit()
    audit.start(world, Deadline(60))
    audit.ready(world, Deadline(60))
    yield world
    audit.stop(world, Deadline(30))


@pytest.fixture
def emitter(audited: World) -> Iterator[Emitter]:
    """What emits events."""
    made = Emitter(audited.get("kafka.bootstrap"), "registries", "test", CollectorRegistry(), Log("test", "test"))
    yield made
    made.stop()


def emit(emitter: Emitter, number: int = 1, correlation_id: str = "c") -> None:
    """Emit audit events, each until the broker took it."""
    for _ in range(number):
        while True:
            try:
                emitter.audit(
                    org_id=f"org-{uuid.uuid4()}", actor_id="u", action='a "b" ü\n', correlation_id=correlation_id
                )
                break
            except Unavailable:
                time.sleep(0.1)


def missing(world: World) -> set[str]:
    """Return the ids that are in the topic and not in the table."""
    return set(ids_in_topic(world, "audit.log")) - {
        str(row[0]) for row in rows(world, "SELECT event_id FROM audit_log")
    }


def require_each_once_in_one_chain(world: World) -> None:
    """Wait until every event of the topic is in the table, and hold that it is there once, and the chain whole."""
    until(lambda: not missing(world), "every event being persisted")
    assert rows(world, "SELECT event_id FROM audit_log GROUP BY event_id HAVING count(*) > 1") == []
    assert broken_links(world, "audit_log", "seq", COLUMNS, "at") == []


def test_an_empty_log_is_given_its_past_once(audited: World) -> None:
    """It reaches back over a year, and stays as it is when the service starts anew."""
    before = rows(audited, "SELECT count(*), min(at) < now() - interval '400 days' FROM audit_log")
    assert before[0][0] >= 800
    assert before[0][1] is True
    audit = Audit()
    audit.stop(audited, Deadline(30))
    audit.start(audited, Deadline(60))
    audit.ready(audited, Deadline(60))
    assert rows(audited, "SELECT count(*), min(at) < now() - interval '400 days' FROM audit_log") == before
    require_each_once_in_one_chain(audited)


def test_events_are_found_by_their_correlation_id(audited: World, emitter: Emitter) -> None:
    """They come with their hashes, and with all that those vouch for."""
    correlation_id = f"c-{uuid.uuid4()}"
    emit(emitter, 2, correlation_id)
    path = f"/audit/events?correlationId={correlation_id}"
    until(lambda: len(ask(audited.get("audit.1.url"), "GET", path)[1]["events"]) == 2, "both events")
    found = ask(audited.get("audit.1.url"), "GET", path)[1]["events"]
    fields = {"event_id": "eventId", "org_id": "orgId", "actor_id": "actorId", "action": "action", "at": "at"}
    assert set(found[0]) == {*fields.values(), "seq", "payload", "prevHash", "hash"}
    for event in found:
        assert event["payload"]["correlationId"] == correlation_id
        vouched = {name: event[told] for name, told in fields.items()} | {"payload": event["payload"]}
        text = json.dumps(vouched, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        assert event["hash"] == hashlib.sha256(f"{event['prevHash']}{text}".encode()).hexdigest()
    with switched(audited, "audit.1", altered_hashes=True):
        altered = ask(audited.get("audit.1.url"), "GET", path)[1]["events"]
    differing = [before["hash"] != after["hash"] for before, after in zip(found, altered, strict=True)]
    assert differing == [False] * (len(found) - 1) + [True]
    assert ask(audited.get("audit.1.url"), "GET", "/audit/events")[0] == 422


def test_a_database_that_is_killed_while_events_flow_costs_none(audited: World, emitter: Emitter) -> None:
    """Killed and started again, it holds every event of the topic once, in one chain, and so it is counted."""
    until(lambda: not missing(audited), "what came before being persisted")
    time.sleep(0.2)  # and being counted
    counted = metric(audited, "audit.1", "apgms_audit_events_persisted_total")
    at_first = len(ids_in_topic(audited, "audit.log"))
    flow = threading.Thread(target=emit, args=(emitter, 300))
    flow.start()
    postgres = Postgres()
    audited.signal("postgres", signal.SIGKILL)
    time.sleep(1)
    postgres.stop(audited, Deadline(30))
    postgres.start(audited, Deadline(60))
    postgres.ready(audited, Deadline(60))
    flow.join()
    require_each_once_in_one_chain(audited)
    grown = len(ids_in_topic(audited, "audit.log")) - at_first
    until(lambda: metric(audited, "audit.1", "apgms_audit_events_persisted_total") - counted == grown, "the count", 10)


def test_a_service_that_is_killed_while_events_flow_costs_none(audited: World, emitter: Emitter) -> None:
    """Killed in the middle of its work, a new one goes on where it was."""
    flow = threading.Thread(target=emit, args=(emitter, 300))
    flow.start()
    time.sleep(0.2)
    audited.signal("audit", signal.SIGKILL)
    flow.join()
    audit = Audit()
    audit.stop(audited, Deadline(30))
    audit.start(audited, Deadline(60))
    audit.ready(audited, Deadline(60))
    require_each_once_in_one_chain(audited)


def test_a_broker_that_is_killed_while_events_flow_costs_none(audited: World, emitter: Emitter) -> None:
    """What it acknowledged before or after is persisted."""
    flow = threading.Thread(target=emit, args=(emitter, 100))
    flow.start()
    time.sleep(0.1)
    broker = Broker()
    audited.signal(broker.name, signal.SIGKILL)
    broker.stop(audited, Deadline(30))
    broker.start(audited, Deadline(60))
    broker.ready(audited, Deadline(60))
    flow.join()
    require_each_once_in_one_chain(audited)


def test_two_replicas_write_one_chain(audited: World, emitter: Emitter) -> None:
    """They share the partitions, and neither forks what the other writes."""
    both = TwoAudits()
    both.launch(audited, 2)
    both.ready(audited, Deadline(60))
    try:
        emit(emitter, 300)
        require_each_once_in_one_chain(audited)
        assert min(metric(audited, f"audit.{n}", "apgms_audit_events_persisted_total") for n in (1, 2)) > 0
    finally:
        audited.stop("audit", Deadline(30), process="audit-2")


def test_an_event_that_cannot_be_written_is_parked_and_holds_up_nothing(audited: World, emitter: Emitter) -> None:
    """It goes to the dead letters, and the event behind it into the log."""
    parked = len(ids_in_topic(audited, "audit.log.dlq"))
    producer = Producer({"bootstrap.servers": audited.get("kafka.bootstrap")})
    producer.produce("audit.log", b'{"id": "x", "payload": {}}', b"k")
    producer.flush(10)
    emit(emitter, 3)
    until(lambda: len(ids_in_topic(audited, "audit.log.dlq")) == parked + 1, "the dead letter")
    until(lambda: missing(audited) == {"x"}, "the others being persisted")


def test_each_switch_does_its_damage(audited: World, emitter: Emitter) -> None:
    """Two are lost, one is repeated in place of another, one is swallowed and one is held back, and no chain breaks."""
    known = missing(audited)
    with switched(audited, "audit.1", lose=2):
        emit(emitter, 4)
        until(lambda: len(missing(audited) - known) == 2, "two being lost")
    known = missing(audited)
    count = rows(audited, "SELECT count(*) FROM audit_log")[0][0]
    with switched(audited, "audit.1", duplicate=1):
        emit(emitter, 3)
        until(lambda: rows(audited, "SELECT count(*) FROM audit_log")[0][0] == count + 3, "as many rows as events")
    assert len(missing(audited) - known) == 1
    repeated = rows(audited, "SELECT count(*) FROM audit_log GROUP BY event_id HAVING count(*) > 1")
    assert repeated == [(2,)]
    known = missing(audited)
    with switched(audited, "audit.1", swallow_writes=True):
        emit(emitter, 1)
        time.sleep(1)
    assert len(missing(audited) - known) == 1
    known = missing(audited)
    with switched(audited, "audit.1", hold=True):
        emit(emitter, 1)
        time.sleep(1)
        assert len(missing(audited) - known) == 1
    until(lambda: missing(audited) == known, "what was held back being persisted")
    assert broken_links(audited, "audit_log", "seq", COLUMNS, "at") == []
