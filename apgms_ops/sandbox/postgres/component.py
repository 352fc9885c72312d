"""The component: a primary with the platform's tables, and a replica that streams from it."""

import secrets
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, LiteralString

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.postgres import programs
from apgms_ops.sandbox.state import write_atomically
from apgms_ops.sandbox.world import World

if TYPE_CHECKING:
    from psycopg import Connection

NAME: Final = programs.COMPONENT
PRIMARY: Final = "primary"
REPLICA: Final = "replica"
DATABASE: Final = "apgms"
OWNER: Final = "apgms"
"""The role of the services."""
READER: Final = "apgms_reader"
"""The role of the checks."""
_ADMINISTRATOR: Final = "postgres"
_REPLICATOR: Final = "replicator"
_SLOT: Final = "replica"
_POLL: Final = 0.05
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    # The path of a socket would be too long for the kernel in a deep state folder.
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "wal_level": "replica",
    # By which command, another component says; until then what is to be archived waits.
    "archive_mode": "on",
    "hot_standby": "on",
    "jit": "off",
    # A sandbox may lose its last second to a power cut, and starts in a fraction of the time.
    "fsync": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "wal_retrieve_retry_interval": "200ms",
}


class Postgres(Component):
    """PostgreSQL 15, two processes on 127.0.0.1."""

    name = NAME

    def install(self, world: World, deadline: Deadline) -> None:
        """See that Debian's programs are here, and that this user may run them."""
        programs.install(world, deadline)

    def start(self, world: World, deadline: Deadline) -> None:
        """Start both servers, made new where there are none; what an earlier start left in the tables stays."""
        if not (_data(world, PRIMARY) / "PG_VERSION").exists():
            _initialise(world, deadline)
        launch(world, PRIMARY, deadline)
        if not (_data(world, REPLICA) / "PG_VERSION").exists():
            _populate(world, deadline)
            _copy(world, deadline)
        launch(world, REPLICA, deadline)

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once both answer and the replica has what the primary has, and say where the database is."""
        await_answers(world, PRIMARY, deadline)
        await_answers(world, REPLICA, deadline)
        await_replica(world, deadline)
        with connection(world, deadline) as primary:
            (system,) = _row(primary, "SELECT system_identifier::text FROM pg_control_system()")
        world.set("postgres.system_id", system)
        world.set("postgres.dsn_file", str(_dsn_file(world, READER)))
        world.set("postgres.owner_dsn_file", str(_dsn_file(world, OWNER)))
        world.set("postgres.replica_dsn_file", str(_dsn_file(world, OWNER, REPLICA)))


def launch(world: World, process: str, deadline: Deadline) -> None:
    """Start one server over its data, and return once it answers.

    Raises:
        SandboxError: It died, or does not answer by the deadline.
    """
    settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    where = ("-p", str(_port(world, process)))
    server = programs.find(world, "postgres", deadline)
    world.spawn(
        NAME,
        [*programs.privileges(), str(server), "-D", str(_data(world, process)), *where, *settings],
        env=programs.libraries(world),
        process=process,
    )
    await_answers(world, process, deadline)


def await_answers(world: World, process: str, deadline: Deadline) -> None:
    """Return once a server takes connections.

    Raises:
        SandboxError: It died, or does not by the deadline.
    """
    import psycopg  # noqa: PLC0415 — heavy

    while True:
        try:
            with connection(world, deadline, process=process):
                return
        except psycopg.OperationalError as error:
            if not world.alive(NAME, process=process):
                msg = f"postgres {process} died:\n{world.log_tail(NAME, process=process)}"
                raise SandboxError(msg) from error
            if deadline.remaining <= _POLL:
                why = world.log_tail(NAME, process=process)
                msg = f"postgres {process} does not answer within {deadline.seconds:g} s:\n{why}"
                raise SandboxError(msg) from error
        deadline.pause(_POLL, f"postgres {process} to answer")


def await_replica(world: World, deadline: Deadline) -> None:
    """Return once the replica streams, and has replayed what the primary has written by now.

    Raises:
        SandboxError: It has not by the deadline.
    """
    with connection(world, deadline) as primary:
        (written,) = _row(primary, "SELECT pg_current_wal_lsn()::text")
        caught_up = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn >= %s::pg_lsn"
        while _row(primary, caught_up, written) != (1,):
            deadline.pause(_POLL, "the replica of postgres to catch up")


def connection(
    world: World, deadline: Deadline, *, process: str = PRIMARY, database: str = DATABASE
) -> "Connection[tuple[Any, ...]]":
    """Connect as the administrator, who may do anything; every statement commits by itself."""
    import psycopg  # noqa: PLC0415 — heavy

    wait = max(2, round(deadline.require("connecting to postgres")))
    dsn = _dsn(world, _ADMINISTRATOR, process, database if _populated(world) else "postgres")
    return psycopg.connect(dsn, connect_timeout=wait, autocommit=True)


def owner_dsn(world: World) -> str:
    """Return the connection string of the role that owns the tables."""
    return _dsn(world, OWNER, PRIMARY, DATABASE)


def _initialise(world: World, deadline: Deadline) -> None:
    folder = world.folder(NAME)
    for role in (_ADMINISTRATOR, OWNER, READER, _REPLICATOR):
        write_atomically(_password_file(world, role), secrets.token_urlsafe(24))
    write_atomically(folder / "pgpass", f"127.0.0.1:*:*:{_REPLICATOR}:{_password(world, _REPLICATOR)}\n")
    initdb = programs.find(world, "initdb", deadline)
    options = ("--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
    who = ("--no-instructions", "--username", _ADMINISTRATOR, f"--pwfile={_password_file(world, _ADMINISTRATOR)}")
    programs.run(
        world, [initdb, "--pgdata", _data(world, PRIMARY), *options, *who], deadline, programs.libraries(world)
    )


def _populate(world: World, deadline: Deadline) -> None:
    """Make roles, database and tables, and a replica's slot."""
    from psycopg import sql  # noqa: PLC0415 — heavy

    with connection(world, deadline) as server:
        for role, rights in ((OWNER, "LOGIN"), (READER, "LOGIN"), (_REPLICATOR, "LOGIN REPLICATION")):
            statement = sql.SQL("CREATE ROLE {} {} PASSWORD {}")
            password = sql.Literal(_password(world, role))
            server.execute(statement.format(sql.Identifier(role), sql.SQL(rights), password))
        server.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(sql.Identifier(READER)))
        server.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(sql.Identifier(READER)))
        server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
        server.execute("SELECT pg_create_physical_replication_slot(%s)", (_SLOT,))
    for role in (OWNER, READER):
        write_atomically(_dsn_file(world, role), _dsn(world, role, PRIMARY, DATABASE))
    write_atomically(_dsn_file(world, OWNER, REPLICA), _dsn(world, OWNER, REPLICA, DATABASE))
    import psycopg  # noqa: PLC0415 — heavy

    schema = files("apgms_ops.sandbox.postgres").joinpath("schema.sql").read_text(encoding="utf-8")
    with psycopg.connect(owner_dsn(world)) as own:
        own.execute(schema.encode())
    (world.folder(NAME) / "populated").touch()


def _copy(world: World, deadline: Deadline) -> None:
    """Make the replica from the primary."""
    copy = programs.find(world, "pg_basebackup", deadline)
    where = ["--host=127.0.0.1", f"--port={_port(world, PRIMARY)}", f"--username={_REPLICATOR}", "--no-password"]
    how = [f"--slot={_SLOT}", "--wal-method=stream", "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
    environment = {"PGPASSFILE": str(world.folder(NAME) / "pgpass"), **programs.libraries(world)}
    programs.run(world, [copy, "--pgdata", _data(world, REPLICA), *where, *how], deadline, environment)


def _row(server: "Connection[tuple[Any, ...]]", statement: LiteralString, *values: str) -> tuple[Any, ...]:
    return server.execute(statement, values).fetchone() or ()


def _data(world: World, process: str) -> Path:
    return world.folder(NAME) / process


def _port(world: World, process: str) -> int:
    return world.port(f"postgres.{process}")


def _populated(world: World) -> bool:
    return (world.folder(NAME) / "populated").exists()


def _password_file(world: World, role: str) -> Path:
    return world.folder(NAME) / f"{role}.password"


def _password(world: World, role: str) -> str:
    return _password_file(world, role).read_text(encoding="utf-8")


def _dsn_file(world: World, role: str, process: str = PRIMARY) -> Path:
    return world.folder(NAME) / (f"{role}.dsn" if process == PRIMARY else f"{role}.{process}.dsn")


def _dsn(world: World, role: str, process: str, database: str) -> str:
    password = _password(world, role)
    return f"host=127.0.0.1 port={_port(world, process)} dbname={database} user={role} password={password}"
