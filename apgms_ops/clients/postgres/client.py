"""Reads of PostgreSQL, each in one read-only snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from apgms_ops.clients.postgres import parse
from apgms_ops.clients.postgres.connection import Connection
from apgms_ops.clients.postgres.facts import Row, Server, Value
from apgms_ops.clients.postgres.shell import ShellConnection, Shells
from apgms_ops.clients.postgres.statement import Kind, Statement
from apgms_ops.deadline import Deadline
from apgms_ops.errors import AccessDenied, BadAnswer, EnvironmentInvalid, Unreachable
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret

AnyConnection = Connection | ShellConnection
_SERVER: Final = Statement(
    "the server",
    "SELECT system_identifier::text, current_setting('server_version'), clock_timestamp(), pg_is_in_recovery(),"
    " (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000000)::bigint"
    " FROM pg_control_system()",
    {
        "system_id": Kind.TEXT,
        "version": Kind.TEXT,
        "now": Kind.TIME,
        "in_recovery": Kind.BOOLEAN,
        "replayed": Kind.INTEGER,
    },
)


class Snapshot:
    """The database as it was at one moment. All that is read here fits together."""

    def __init__(self, connection: AnyConnection, server: Server, recorder: Recorder) -> None:
        """Take an open transaction."""
        self._connection = connection
        self._recorder = recorder
        self.server = server

    def rows(self, statement: Statement, deadline: Deadline) -> tuple[Row, ...]:
        """Return all rows of a statement.

        Raises:
            Unobserved: They could not be read, every one of them.
        """
        return tuple(
            Row(dict(zip(statement.columns, values, strict=True))) for values in self.stream(statement, deadline)
        )

    def row(self, statement: Statement, deadline: Deadline) -> Row:
        """Return the only row of a statement.

        Raises:
            BadAnswer: There is none, or more than one.
            Unobserved: It could not be read.
        """
        found = self.rows(statement, deadline)
        if len(found) != 1:
            msg = f"{statement.name}: one row was asked for, and {len(found)} came"
            raise BadAnswer(msg)
        return found[0]

    def stream(self, statement: Statement, deadline: Deadline) -> Iterator[tuple[Value, ...]]:
        """Yield the rows of a statement as they come, each a tuple in the order of its columns.

        Not more than some pieces of the answer are held at a time. Whoever stops early ends the snapshot.

        Raises:
            Unobserved: They could not be read, every one of them.
        """
        count = 0
        for values in parse.rows(
            self._connection.copy(statement.copy(), deadline, f"reading {statement.name}"), statement.columns
        ):
            count += 1
            yield values
        # What was asked, and how much came: never what is in the rows, which the facts say as far as they need.
        self._recorder.raw(f"sql: {statement.name}", f"{statement.text()}\n-- {count} rows")


class PostgresClient:
    """Reads one database. It changes nothing there. Safe to use from several threads."""

    def __init__(self, *, dsn: Secret | Shells, recorder: Recorder) -> None:
        """Take the settings; nothing is connected yet.

        Args:
            dsn: libpq's connection string, of a role that may read; or where `psql` can be run.
            recorder: Where what was seen is kept.

        Raises:
            EnvironmentInvalid: It is no connection string.
        """
        self._dsn = dsn
        self._recorder = recorder
        self.source = dsn.source if isinstance(dsn, Shells) else _where(dsn)

    @contextmanager
    def snapshot(self, deadline: Deadline) -> Iterator[Snapshot]:
        """Open a snapshot of the database, and end it on leaving.

        Raises:
            Unobserved: The database cannot be reached, refuses us, or does not say which it is.
        """
        connection, server = (
            self._chosen(self._dsn, deadline)
            if isinstance(self._dsn, Shells)
            else self._opened(Connection(self._dsn, self.source), deadline)
        )
        try:
            yield Snapshot(connection, server, self._recorder)
        finally:
            connection.close()

    def server(self, deadline: Deadline) -> Server:
        """Return which server answers.

        Raises:
            Unobserved: None does.
        """
        with self.snapshot(deadline) as snapshot:
            return snapshot.server

    def rows(self, statement: Statement, deadline: Deadline) -> tuple[Row, ...]:
        """Return all rows of a statement, in a snapshot of its own.

        Raises:
            Unobserved: They could not be read, every one of them.
        """
        with self.snapshot(deadline) as snapshot:
            return snapshot.rows(statement, deadline)

    def _opened(self, connection: AnyConnection, deadline: Deadline) -> tuple[AnyConnection, Server]:
        known = False
        try:
            connection.open(deadline)
            server = self._identified(connection, deadline)
            known = True
        finally:
            if not known:
                connection.close()
        return connection, server

    def _chosen(self, shells: Shells, deadline: Deadline) -> tuple[AnyConnection, Server]:
        """Ask one server after the other what it is, until one is of the wanted kind."""
        wanted = "replica" if shells.replica else "primary"
        others: list[str] = []
        denied: AccessDenied | None = None
        for host in shells.hosts(deadline):
            try:
                connection, server = self._opened(ShellConnection(host, shells.database, shells.user), deadline)
            except (AccessDenied, Unreachable) as error:
                # Not every pod may be entered, and not every server runs: another one may be the wanted one.
                denied = error if isinstance(error, AccessDenied) else denied
                others.append(f"{host.where}: {error}")
                continue
            if server.in_recovery is shells.replica:
                return connection, server
            connection.close()
            others.append(f"{host.where} is a {'replica' if server.in_recovery else 'primary'}")
        msg = f"PostgreSQL at {self.source}: no {wanted} answers: {'; '.join(others) or 'there is no pod'}"
        raise (Unreachable if denied is None else AccessDenied)(msg)

    def _identified(self, connection: AnyConnection, deadline: Deadline) -> Server:
        chunks = connection.copy(_SERVER.copy(), deadline, "asking which server it is")
        row = Row(
            dict(zip(_SERVER.columns, parse.one(list(parse.rows(chunks, _SERVER.columns)), "the server"), strict=True))
        )
        self._recorder.identify("postgres", row.text("system_id"))
        replica, lag = row.truth("in_recovery"), row.values["replayed"]
        return Server(
            system_id=row.text("system_id"),
            version=row.text("version"),
            now=row.time("now"),
            in_recovery=replica,
            replayed=timedelta(microseconds=lag) if replica and isinstance(lag, int) else None,
        )


def _where(dsn: Secret) -> str:
    """Return what a connection string leads to, without user and password."""
    import psycopg  # noqa: PLC0415 — heavy
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 — heavy

    try:
        parts = conninfo_to_dict(dsn.reveal())
    except psycopg.ProgrammingError:
        # The driver's own message repeats a part of the text, which may be the password.
        msg = "postgres.dsn leads to no connection string; expected one such as `host=… dbname=… user=… password=…`"
        raise EnvironmentInvalid(msg) from None
    return f"{parts.get('host') or 'localhost'}:{parts.get('port') or 5432}/{parts.get('dbname') or ''}"
