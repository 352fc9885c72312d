"""PostgreSQL on what was restored: reached by a socket alone, archiving nowhere, following nobody."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.postgres import PostgresClient
from apgms_ops.deadline import Deadline
from apgms_ops.drills.restoring import Restorer, trouble
from apgms_ops.drills.running import Child, Ended
from apgms_ops.drills.scratch import PORT
from apgms_ops.errors import DeadlineExceeded, Unobserved, Unreachable
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

_REPLAYED: Final = re.compile(r'restored log file "(?P<segment>[0-9A-F]{24})" from archive')
_FATAL: Final = re.compile(r"(FATAL|PANIC): +(?P<what>.*)")
_AS_BEFORE: Final = {
    "max_connections setting": "max_connections",
    "max_worker_processes setting": "max_worker_processes",
    "max_wal_senders setting": "max_wal_senders",
    "max_prepared_xacts setting": "max_prepared_transactions",
    "max_locks_per_xact setting": "max_locks_per_transaction",
}
"""What `pg_controldata` says of the primary → the setting that must not be less here."""
_POLL: Final = 0.2
_TOLD: Final = 5.0
"""Seconds between two lines of progress."""


class ScratchServer:
    """One server, from its start to its end."""

    def __init__(self, restorer: Restorer, say: Callable[[str], None]) -> None:
        """Take what was restored, and what takes a line of progress; nothing is started yet."""
        self._restorer = restorer
        self._place = restorer.place
        self._runner = restorer.runner
        self._programs = restorer.section.programs
        self._say = say
        self._child: Child | None = None
        self._last: str | None = None
        self._count = 0
        self._log: list[str] = []

    @property
    def replayed(self) -> str | None:
        """The last segment of the write-ahead log that came from the archive."""
        return self._last

    @property
    def trouble(self) -> str | None:
        """What pgBackRest complained of while it fetched segments: PostgreSQL takes any failure for the end."""
        return trouble(self._log)

    @property
    def client(self) -> PostgresClient:
        """Reads it."""
        from psycopg.conninfo import make_conninfo  # noqa: PLC0415 — heavy

        section = self._restorer.section
        dsn = make_conninfo(
            "",
            host=str(self._place.sockets),
            port=PORT,
            dbname=section.database,
            user=section.user,
            sslmode="disable",
            gssencmode="disable",
        )
        return PostgresClient(dsn=Secret(dsn), recorder=Recorder(lambda text: text))

    def settings(self, as_before: dict[str, str]) -> dict[str, str]:
        """Return its settings, which override those of the primary that were restored with it.

        Args:
            as_before: Those of which a server that replays must have as much as the primary had.
        """
        return as_before | {
            "config_file": str(self._place.folder / "postgresql.conf"),
            "hba_file": str(self._place.folder / "pg_hba.conf"),
            "ident_file": str(self._place.folder / "pg_ident.conf"),
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self._place.sockets),
            "unix_socket_permissions": "0700",
            "external_pid_file": "",
            # It writes into no archive and follows no primary, whatever was set with ALTER SYSTEM there.
            "archive_mode": "off",
            "archive_command": "/bin/false",
            "archive_library": "",
            "archive_cleanup_command": "",
            "recovery_end_command": "",
            "primary_conninfo": "",
            "primary_slot_name": "",
            "synchronous_standby_names": "",
            "restore_command": self._restorer.from_archive,
            "recovery_target_timeline": "latest",
            "recovery_target_action": "promote",
            **{f"recovery_target{of}": "" for of in ("", "_time", "_lsn", "_name", "_xid")},
            # Until all is replayed nobody reads: so it need not be set up as the primary was, to the last worker.
            "hot_standby": "off",
            "shared_preload_libraries": "",
            "session_preload_libraries": "",
            "local_preload_libraries": "",
            "ssl": "off",
            # Nothing of it lies outside the drill's folder.
            "dynamic_shared_memory_type": "mmap",
            "logging_collector": "off",
            "log_destination": "stderr",
            "log_min_messages": "warning",
            "lc_messages": "C",
            "log_line_prefix": "%m ",
            "autovacuum": "off",
            "default_transaction_read_only": "off",
            "statement_timeout": "0",
        }

    def start(self, deadline: Deadline) -> None:
        """Start it.

        Raises:
            Unobserved: It cannot be.
        """
        known = self._run("pg_controldata", ["-D", self._place.data], deadline)
        if known.exit_code:
            msg = f"pg_controldata: {known.said}"
            raise Unobserved(msg)
        said = dict(line.split(":", 1) for line in known.lines if ":" in line)
        as_before = {name: said[label].strip() for label, name in _AS_BEFORE.items() if label in said}
        for name, text in (
            ("postgresql.conf", ""),
            ("pg_hba.conf", "local all all trust\n"),
            ("pg_ident.conf", ""),
        ):
            self._write(self._place.folder / name, text, deadline)
        words = [word for name, value in self.settings(as_before).items() for word in ("-c", f"{name}={value}")]
        self._child = self._runner.start([self._program("postgres"), "-D", self._place.data, *words])

    def await_recovered(self, deadline: Deadline) -> str | None:
        """Return once it has replayed the archive to its end and answers; return why it gave up, if it did.

        Raises:
            Unobserved: It does not by the deadline, or gave up because the archive could not be read.
        """
        tell = deadline.remaining - _TOLD
        while True:
            alive = self._hear(_POLL)
            if not alive:
                self._hear(_POLL)
                return self._gave_up()
            if deadline.remaining < tell:
                tell = deadline.remaining - _TOLD
                self._say(f"replayed {self._count} segments of the write-ahead log, to {self._last or 'none yet'}")
            if deadline.expired:
                msg = f"the restored server does not answer within {deadline.seconds:g} s, at segment {self._last}"
                raise DeadlineExceeded(msg)
            try:
                if not self.client.server(deadline.within(10)).in_recovery:
                    self._hear(0.01)
                    self._say(f"replayed {self._count} segments of the write-ahead log, to {self._last}")
                    return None
            except (Unreachable, DeadlineExceeded):
                continue

    def amcheck(self, deadline: Deadline) -> tuple[str, ...]:
        """Return what `pg_amcheck` finds wrong with tables and indexes, each index held to its table.

        Raises:
            Unobserved: It did not look at everything.
        """
        section = self._restorer.section
        where: list[str | Path] = [
            "--host",
            self._place.sockets,
            "--port",
            str(PORT),
            "--username",
            section.user,
            "--no-password",
        ]
        how = ["--all", "--install-missing", "--heapallindexed"]
        ended = self._run("pg_amcheck", [*where, *how], deadline)
        self._hear(0.01)
        if ended.exit_code == 0:
            return ()
        if ended.exit_code == 2:  # noqa: PLR2004 — its code for what is corrupt
            return tuple(line.strip() for line in ended.lines if line.strip())[:5]
        msg = f"pg_amcheck ended with {ended.exit_code}: {ended.said}"
        raise Unobserved(msg)

    def stop(self, deadline: Deadline) -> None:
        """Stop it, so that its files are whole.

        Raises:
            Unobserved: It does not stop in time.
        """
        seconds = max(1, int(deadline.require("stopping the restored server")))
        ended = self._run("pg_ctl", ["-D", self._place.data, "-m", "fast", "-w", "-t", str(seconds), "stop"], deadline)
        if ended.exit_code:
            msg = f"the restored server does not stop: {ended.said}"
            raise Unobserved(msg)

    def checksums(self, deadline: Deadline) -> tuple[str, ...]:
        """Return what is wrong with the pages of the server, which is stopped.

        Raises:
            Unobserved: They were not all read.
        """
        ended = self._run("pg_checksums", ["--check", "-D", self._place.data], deadline)
        said = dict(
            line.split(":", 1) for line in ended.lines if line.startswith(("Blocks scanned:", "Bad checksums:"))
        )
        bad, scanned = (said.get(name, "").strip() for name in ("Bad checksums", "Blocks scanned"))
        if ended.exit_code == 0 and bad == "0" and scanned not in {"", "0"}:
            return ()
        if bad.isdecimal() and bad != "0":
            named = [line.strip() for line in ended.lines if "verification failed" in line][:3]
            return (f"{bad} of {scanned} pages have a wrong checksum", *named)
        if "data checksums are not enabled" in ended.said:
            return ("the pages have no checksums: nobody could tell a bad one",)
        msg = f"pg_checksums ended with {ended.exit_code}: {ended.said}"
        raise Unobserved(msg)

    def end(self) -> None:
        """End it at once, whatever it is doing."""
        if self._child is not None:
            self._child.end()

    def _hear(self, seconds: float) -> bool:
        """Take what it has logged, and return whether it runs."""
        if self._child is None:
            return False
        alive = self._child.exit_code is None
        for line in self._child.heard(seconds):
            self._log.append(line)
            del self._log[:-1000]
            found = _REPLAYED.search(line)
            if found is not None:
                self._last, self._count = found["segment"], self._count + 1
        return alive

    def _gave_up(self) -> str:
        fatal = [match["what"] for line in self._log if (match := _FATAL.search(line))]
        why = fatal[-1] if fatal else "; ".join(self._log[-3:]) or "it logged nothing"
        if self.trouble is not None:
            msg = f"the restored server gave up ({why}), and the archive could not be read: {self.trouble}"
            raise Unobserved(msg)
        return f"the restored server does not come up: {why}"

    def _write(self, path: "Path", text: str, deadline: Deadline) -> None:
        ended = self._runner.run(["sh", "-c", 'umask 077 && cat > "$1"', "sh", path], deadline, given=text)
        if ended.exit_code:
            msg = f"{path} cannot be written: {ended.said}"
            raise Unobserved(msg)

    def _program(self, name: str) -> str:
        return f"{self._programs}/{name}"

    def _run(self, name: str, arguments: "list[str | Path]", deadline: Deadline) -> Ended:
        return self._runner.run([self._program(name), *arguments], deadline)
