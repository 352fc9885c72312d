"""The folder that a drill makes for itself and removes, and what earlier ones have left beside it."""

import contextlib
import fcntl
import os
import re
import secrets
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.drills.running import Runner, processes_of
from apgms_ops.errors import ConfigurationError, Unobserved

PREFIX: Final = "drill-"
_NAME: Final = re.compile(r"drill-[0-9]{8}T[0-9]{6}-[0-9a-f]{8}")
_SOCKET: Final = 107
"""Bytes of a socket's path, at most."""
PORT: Final = 5432
"""Part of the socket's name; nothing listens on it."""
_POLL: Final = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one drill."""

    folder: Path

    @property
    def data(self) -> Path:
        """The restored server's data folder."""
        return self.folder / "data"

    @property
    def sockets(self) -> Path:
        """The folder of its socket: beside the data, or where that path is too long, one of the same name elsewhere."""
        inside = self.folder / "socket"
        fits = len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= _SOCKET
        return inside if fits else Path(tempfile.gettempdir()) / self.folder.name

    def left(self) -> tuple[str, ...]:
        """Return what is there of it: processes and folders."""
        running = tuple(f"process {number}" for number in processes_of(self.folder))
        return (*running, *(str(path) for path in self._folders if os.path.lexists(path)))

    @property
    def remedy(self) -> str:
        """The command that removes it."""
        return f"rm -rf -- {' '.join(shlex.quote(str(path)) for path in self._folders)}"

    @property
    def _folders(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys((self.folder, *(() if self.folder in self.sockets.parents else (self.sockets,)))))


@dataclass(frozen=True, slots=True)
class Scratch:
    """Where drills make their folders."""

    folder: Path
    runner: Runner
    programs: Path
    """PostgreSQL's."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other drill use it meanwhile; so what is there is left by one that is over.

        Raises:
            ConfigurationError: One does, or it is no place for drills.
        """
        self._require_harmless()
        try:
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            msg = f"backups.database.restore.scratch: {self.folder} cannot be used: {error.strerror}"
            raise ConfigurationError(msg) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                msg = f"another drill runs in {self.folder}: wait for its end"
                raise ConfigurationError(msg) from None
            yield
        finally:
            os.close(descriptor)

    def _require_harmless(self) -> None:
        where = f"backups.database.restore.scratch: {self.folder}"
        if not self.folder.is_absolute():
            msg = f"{where}: the path of a folder that begins with / is needed"
            raise ConfigurationError(msg)
        real = self.folder.resolve()
        for path in (real, *real.parents):
            if (path / "PG_VERSION").exists() or (path / "postmaster.pid").exists():
                msg = f"{where} lies in {path}, which is the data folder of a server: name another"
                raise ConfigurationError(msg)

    def leftovers(self) -> tuple[Place, ...]:
        """Return what earlier drills have left; only while we are `alone` there."""
        return tuple(Place(path) for path in sorted(self.folder.iterdir()) if _NAME.fullmatch(path.name))

    def new(self) -> Place:
        """Return a place that is not there yet."""
        return Place(self.folder / f"{PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}")

    def require_room(self, size: int) -> None:
        """See that so many bytes fit, with a tenth and a gibibyte more for what is replayed.

        Raises:
            Unobserved: They do not.
        """
        needed = size + size // 10 + (1 << 30)
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            msg = f"{self.folder} has {free / 1e9:.1f} GB free, and the restore needs {needed / 1e9:.1f} GB"
            raise Unobserved(msg)

    def make(self, place: Place, deadline: Deadline) -> None:
        """Make the folders, for the user alone who runs the server.

        Raises:
            Unobserved: They cannot be made; one that is there already is not used.
        """
        inside = [place.folder / name for name in ("data", "lock", "log", "tablespaces")]
        for path in (place.folder, *inside, place.sockets):
            ended = self.runner.run(["mkdir", "-m", "0700", path], deadline)
            if ended.exit_code:
                msg = f"{path} cannot be made: {ended.said}"
                raise Unobserved(msg)

    def clear(self, place: Place, deadline: Deadline) -> tuple[str, ...]:
        """End what runs there, remove it, and return what is left all the same."""
        control = self.programs / "pg_ctl"
        with contextlib.suppress(Unobserved):
            if processes_of(place.folder):
                stop: list[str | Path] = [control, "-D", place.data, "-m", "immediate", "-w", "-t", "20", "stop"]
                self.runner.run(stop, deadline.within(30))
        with contextlib.suppress(Unobserved):
            while running := processes_of(place.folder):
                self.runner.run(["kill", "-KILL", *map(str, running)], deadline)
                deadline.pause(_POLL, "what runs in it to end")
        with contextlib.suppress(Unobserved):
            self.runner.run(["rm", "-rf", "--one-file-system", "--", place.folder], deadline)
        with contextlib.suppress(Unobserved):
            if place.folder not in place.sockets.parents and os.path.lexists(place.sockets):
                self.runner.run(["rm", "-rf", "--one-file-system", "--", place.sockets], deadline)
        return place.left()
