"""A broker or a database that goes away, or hangs, ends no service: it waits, and goes on where it was."""

import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence

import psycopg
import pytest
from prometheus_client import CollectorRegistry

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import kafka_tools
from apgms_ops.sandbox.kafka import Broker
from apgms_ops.sandbox.kafka.wire import Coordinator
from apgms_ops.sandbox.postgres import Postgres
from apgms_ops.sandbox.service_process.consumer import Member, Received
from apgms_ops.sandbox.service_process.database import Database
from apgms_ops.sandbox.service_process.events import Emitter, Event
from apgms_ops.sandbox.service_process.log import Log
from apgms_ops.sandbox.service_process.unavailable import Unavailable
from apgms_ops.sandbox.world import World

pytestmark = pytest.mark.sandbox
TOPIC = "connectors.sync.request"
LOG = Log("test", "test-1")


def database_of(world: World) -> Database:
    """Return the service's way into the database."""
    with open(world.get("postgres.owner_dsn_file"), encoding="utf-8") as file:  # noqa: PTH123 — as short
        return Database(file.read().strip(), "test")


HUNG = 10.5
"""Seconds: longer than the broker's own session lasts."""


def eventually(so: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    kafka_tools.wait(so, Deadline(60), what)


def works(database: Database) -> bool:
    """Whether the database answers now."""
    try:
        database.ping()
    except Unavailable:
        return False
    return True


class Reader:
    """A member of a group of its own, which remembers what it was given and can be made to fail."""

    def __init__(self, world: World) -> None:
        """Join."""
        self.group = f"test-{uuid.uuid4()}"
        self.done: list[str] = []
        self.tried = 0
        self.failing = False
        self.holding = False
        self.member = Member(world.get("kafka.bootstrap"), self.group, (TOPIC,), self._work, log=LOG, instance="1")
        self.member.hold_while(lambda: self.holding)
        self.member.start()
        eventually(lambda: self.member.settled, "the member having its partitions")

    def _work(self, received: Sequence[Received]) -> None:
        self.tried += 1
        if self.failing:
            raise Unavailable("database", "it does not answer")  # noqa: EM101 — the name of what is away
        self.done += [str(event.envelope()["id"]) for event in received]  # type: ignore[index]  # an event

    def leave(self) -> None:
        """Leave."""
        self.member.stop()
        self.member.join()


@pytest.fixture
def reader(world: World) -> Iterator[Reader]:
    """A member that has its partitions."""
    made = Reader(world)
    yield made
    made.leave()


@pytest.fixture
def emitter(world: World) -> Iterator[Emitter]:
    """What emits events."""
    made = Emitter(world.get("kafka.bootstrap"), "test", "test-1", CollectorRegistry(), LOG)
    yield made
    made.stop()


def event() -> Event:
    """Return an event."""
    return Event(TOPIC, "ConnectorSyncRequested", "org-synthetic", str(uuid.uuid4()), {"a": 1}, "trace")


def test_idle_partitions_have_a_committed_position(world: World, reader: Reader) -> None:
    """A member that was never given an event has committed where it stands, on every partition."""
    committed = Coordinator(world.get("kafka.bootstrap"), 10).commits(reader.group)
    assert sorted(committed) == [(TOPIC, partition) for partition in range(3)]


def test_work_that_failed_is_done_again_in_order(reader: Reader, emitter: Emitter) -> None:
    """Nothing is passed over while the database is away, and nothing is done twice once it is back."""
    reader.failing = True
    sent = [emitter.emit(event()) for _ in range(5)]
    eventually(lambda: reader.tried >= 2, "the work having failed twice")
    assert not set(sent) & set(reader.done)
    reader.failing = False
    eventually(lambda: set(sent) <= set(reader.done), "the work being done")
    assert len(reader.done) == len(set(reader.done))


def test_a_member_that_holds_stays_and_consumes_nothing(reader: Reader, emitter: Emitter) -> None:
    """Held, it keeps its partitions; released, it goes on where it was."""
    reader.holding = True
    assert reader.member.in_force()
    sent = [emitter.emit(event()) for _ in range(3)]
    assert reader.member.settled
    assert not set(sent) & set(reader.done)
    reader.holding = False
    assert reader.member.in_force()
    eventually(lambda: set(sent) <= set(reader.done), "the work being done")


def test_a_broker_that_was_killed_is_used_again(world: World, reader: Reader, emitter: Emitter) -> None:
    """While it is away an event is refused; once it is back events are taken, and the member reads on."""
    broker = Broker()
    before = emitter.emit(event())
    eventually(lambda: before in reader.done, "the first event being read")
    world.signal(broker.name, signal.SIGKILL)
    with pytest.raises(Unavailable, match="kafka"):
        emitter.emit(event())
    broker.stop(world, Deadline(30))
    broker.start(world, Deadline(60))
    broker.ready(world, Deadline(60))
    after: list[str] = []

    def taken() -> bool:
        try:
            after.append(emitter.emit(event()))
        except Unavailable:
            return False
        return True

    eventually(taken, "the broker taking events")
    eventually(lambda: after[0] in reader.done, "the member reading on")


def test_a_broker_that_hung_is_used_again(world: World, emitter: Emitter) -> None:
    """Once it goes on, events are taken, though the producer's connection outlived the leadership it was made under."""
    emitter.emit(event())
    world.signal(Broker.name, signal.SIGSTOP)
    refused = 0
    deadline = Deadline(60)
    try:
        while deadline.remaining > 60 - HUNG:
            with pytest.raises(Unavailable, match="kafka"):
                emitter.emit(event())
            refused += 1
    finally:
        world.signal(Broker.name, signal.SIGCONT)
    assert refused >= 2

    def taken() -> bool:
        try:
            emitter.emit(event())
        except Unavailable:
            return False
        return True

    eventually(taken, "the broker taking events")


def test_a_database_that_hangs_gives_an_error_in_time_and_works_once_it_goes_on(world: World) -> None:
    """A query that waits for a hung server is cut; the next one, after it went on, is answered."""
    database = database_of(world)
    with database.transaction() as connection:
        server = connection.info.backend_pid
    os.kill(server, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(Unavailable, match="database"), database.transaction(seconds=1.0):
            pass
        assert 1.0 <= time.monotonic() - began < 6
    finally:
        os.kill(server, signal.SIGCONT)
    eventually(lambda: works(database), "the database answering again")
    database.close()


def test_a_query_under_way_when_the_database_is_killed_is_an_error(world: World) -> None:
    """Whoever waits for an answer hears that there will be none, and the next one gets a new connection."""
    database = database_of(world)
    assert works(database)
    failed: list[str] = []
    asked = threading.Event()

    def ask() -> None:
        try:
            with database.transaction() as connection:
                asked.set()
                connection.execute("SELECT pg_sleep(30)")
        except Unavailable as error:
            failed.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    assert asked.wait(10)
    world.signal("postgres", signal.SIGKILL)
    thread.join(15)
    assert failed
    assert "password" not in failed[0]
    assert not works(database)
    postgres = Postgres()
    postgres.stop(world, Deadline(30))
    postgres.start(world, Deadline(60))
    postgres.ready(world, Deadline(60))
    eventually(lambda: works(database), "the database answering again")
    database.close()


def test_what_fails_inside_a_transaction_leaves_nothing(world: World) -> None:
    """An error of the service's own rolls back, and the connection is used again."""
    database = database_of(world)
    insert = "INSERT INTO employers (abn, legal_name, status, synthetic) VALUES ('00000000000', 'x', 'active', true)"
    with pytest.raises(psycopg.errors.DivisionByZero), database.transaction() as connection:
        connection.execute(f"{insert}; SELECT 1 / 0")
    with database.transaction() as connection:
        found = connection.execute("SELECT count(*) FROM employers WHERE abn = '00000000000'").fetchone()
    assert found == (0,)
    database.close()


def test_an_event_has_the_whole_envelope(reader: Reader, emitter: Emitter) -> None:
    """What comes out of the topic has every field of the envelope."""
    received: list[dict[str, object]] = []
    reader.member._work = lambda events: received.extend(event.envelope() or {} for event in events)
    identity = emitter.emit(event())
    eventually(lambda: any(found["id"] == identity for found in received), "the event coming")
    found = next(found for found in received if found["id"] == identity)
    assert list(found) == [
        "id", "orgId", "eventType", "key", "ts", "schemaVersion", "source", "dedupeId", "traceId", "payload",
    ]  # fmt: skip
    assert (found["dedupeId"], found["source"]) == (identity, "test")
