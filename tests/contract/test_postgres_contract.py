"""What the PostgreSQL client reads of a real server, and what it says of one that does not answer."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from apgms_ops.clients.postgres import Kind, PostgresClient, Statement
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, BadAnswer, DeadlineExceeded, EnvironmentInvalid, Unobserved, Unreachable
from apgms_ops.observation import Identity, Recorder
from apgms_ops.sandbox.postgres import NAME, PRIMARY, REPLICA, Postgres, launch, owner_dsn, signals
from apgms_ops.sandbox.world import World
from apgms_ops.secret import Secret

pytestmark = pytest.mark.sandbox
NUMBERS = Statement("numbers", "SELECT n FROM generate_series(1, 1000000) n", {"n": Kind.INTEGER})


@dataclass
class Database:
    """The sandbox's database, alone."""

    world: World

    @property
    def dsn(self) -> str:
        """The reader's connection string."""
        return Path(self.world.get("postgres.dsn_file")).read_text()

    def client(self, dsn: str | None = None, recorder: Recorder | None = None) -> PostgresClient:
        """Return our client of it."""
        return PostgresClient(dsn=Secret(dsn or self.dsn), recorder=recorder or Recorder(lambda text: text))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A primary and its replica."""
    world, component = World(tmp_path_factory.mktemp("pg") / "world", report=lambda _line: None), Postgres()
    try:
        component.install(world, Deadline(300))
        component.start(world, Deadline(60))
        component.ready(world, Deadline(60))
        yield Database(world)
    finally:
        world.destroy(Deadline(20))


def test_the_server_says_who_it_is(database: Database) -> None:
    """Primary and replica have one system identifier, and each says which it is."""
    recorder = Recorder(lambda text: text)
    primary = database.client(recorder=recorder).server(Deadline(20))
    port, other = (str(database.world.port(f"postgres.{name}")) for name in (PRIMARY, REPLICA))
    replica = database.client(database.dsn.replace(port, other)).server(Deadline(20))
    assert recorder.seen[0] == (Identity("postgres", database.world.get("postgres.system_id")),)
    assert primary.system_id == replica.system_id == database.world.get("postgres.system_id")
    assert (primary.in_recovery, replica.in_recovery) == (False, True)


def test_values_come_back_as_they_are(database: Database) -> None:
    """Texts with quotes, tabs, newlines, backslashes and emoji, and NULL beside an empty text."""
    hostile = 'it\'s\t\\N\n"x" \\. 🦘\x7f'
    select = "SELECT %(text)s, '', NULL::text, 9007199254740993, true, timestamptz '2026-11-24 12:00:00.000001+11'"
    columns = {"a": Kind.TEXT, "b": Kind.TEXT, "c": Kind.TEXT, "d": Kind.INTEGER, "e": Kind.BOOLEAN, "f": Kind.TIME}
    (row,) = database.client().rows(Statement("values", select, columns, {"text": hostile}), Deadline(20))
    assert (row.text("a"), row.text("b"), row.values["c"]) == (hostile, "", None)
    assert (row.integer("d"), row.truth("e")) == (9007199254740993, True)
    assert row.time("f").isoformat() == "2026-11-24T01:00:00.000001+00:00"


def test_a_snapshot_does_not_move(database: Database) -> None:
    """What is written meanwhile is not seen by the second statement of a snapshot."""
    count = Statement("rows", "SELECT count(*) FROM employers", {"n": Kind.INTEGER})
    with database.client().snapshot(Deadline(20)) as snapshot:
        before = snapshot.row(count, Deadline(20))
        with psycopg.connect(owner_dsn(database.world)) as own:
            own.execute("INSERT INTO employers VALUES ('53004085616', 'Synthetic Pty Ltd', 'active', true)")
        assert snapshot.row(count, Deadline(20)) == before
    assert database.client().rows(count, Deadline(20))[0].integer("n") == before.integer("n") + 1


def test_a_statement_that_writes_is_refused(database: Database) -> None:
    """Even as the owner, a client changes nothing."""
    write = Statement("x", "WITH gone AS (DELETE FROM employers RETURNING 1) SELECT 1", {"n": Kind.INTEGER})
    with pytest.raises(Unobserved, match="read-only transaction"):
        database.client(owner_dsn(database.world)).rows(write, Deadline(20))


def test_what_the_database_refuses_is_named(database: Database) -> None:
    """A table that is not there, a wrong password and a database that is not there: one line each, no password."""
    with pytest.raises(BadAnswer, match='relation "nothing" does not exist'):
        database.client().rows(Statement("x", "SELECT 1 FROM nothing", {"n": Kind.INTEGER}), Deadline(20))
    password = database.dsn.rpartition("password=")[2]
    for dsn in (database.dsn.replace(password, "hunter2-secret"), database.dsn.replace("dbname=apgms", "dbname=no")):
        with pytest.raises(Unobserved) as caught:
            database.client(dsn).server(Deadline(20))
        assert "\n" not in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert password not in str(caught.value)
    with pytest.raises(AccessDenied, match="password authentication failed"):
        database.client(database.dsn.replace(password, "hunter2-secret")).server(Deadline(20))


def test_what_is_no_connection_string_is_not_repeated() -> None:
    """A reference that leads to something else is a configuration error that does not show what it leads to."""
    with pytest.raises(EnvironmentInvalid) as caught:
        PostgresClient(dsn=Secret("hunter2 secret"), recorder=Recorder(lambda text: text))
    assert "hunter2" not in str(caught.value)


def test_a_million_rows_are_not_held(database: Database) -> None:
    """A stream is taken piece by piece, and may be left before its end."""
    before = _resident()
    with database.client().snapshot(Deadline(60)) as snapshot:
        total = sum(1 for _ in snapshot.stream(NUMBERS, Deadline(60)))
    assert total == 1_000_000
    assert _resident() - before < 60 * 2**20
    threads = threading.active_count()
    with database.client().snapshot(Deadline(20)) as snapshot:
        stream = snapshot.stream(NUMBERS, Deadline(20))
        assert next(stream) == (1,)
    deadline = Deadline(10)
    while threading.active_count() > threads:
        deadline.pause(0.02, "the thread of a stream that was left")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_statement_that_takes_too_long_ends_at_the_deadline(database: Database) -> None:
    """The server is told how long it has, and we wait no longer."""
    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="while reading a nap"):
        database.client().rows(Statement("a nap", "SELECT pg_sleep(30)::text", {"n": Kind.TEXT}), Deadline(1.5))
    assert time.monotonic() - began < 3


def test_a_port_that_says_nothing_ends_at_the_deadline(database: Database) -> None:
    """Somebody who accepts and never answers costs the deadline and no more; nobody at all costs nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(
            DeadlineExceeded, match=f"127.0.0.1:{port}/apgms did not answer within 1 s while connecting"
        ):
            database.client(f"host=127.0.0.1 port={port} dbname=apgms user=x password=y").server(Deadline(1))
        assert time.monotonic() - began < 2
    with pytest.raises(Unreachable, match="Connection refused"):
        database.client(f"host=127.0.0.1 port={port} dbname=apgms user=x password=y").server(Deadline(5))


def interrupt(database: Database, number: signal.Signals, patience: float) -> None:
    """Read much, and send the primary a signal once the first row came."""
    much = Statement("much", "SELECT repeat('x', 1000) FROM generate_series(1, 300000)", {"x": Kind.TEXT})
    with database.client().snapshot(Deadline(30)) as snapshot:
        for row, _ in enumerate(snapshot.stream(much, Deadline(patience))):
            if row == 0:
                signals.send(database.world, PRIMARY, number)


def test_a_server_that_hangs_or_dies_half_way_is_noticed(database: Database) -> None:
    """Stopped in the middle of an answer: the deadline. Killed: unreachable. Started again: as before."""
    with pytest.raises(DeadlineExceeded, match="while reading much"):
        interrupt(database, signal.SIGSTOP, 2)
    signals.send(database.world, PRIMARY, signal.SIGCONT)
    with pytest.raises(Unreachable):
        interrupt(database, signal.SIGKILL, 20)
    database.world.stop(NAME, Deadline(20), process=PRIMARY)
    launch(database.world, PRIMARY, Deadline(30))
    assert database.client().server(Deadline(20)).system_id == database.world.get("postgres.system_id")
