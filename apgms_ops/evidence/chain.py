"""The sequence of an environment's sealed runs, so that one that was removed shows.

`<folder>/<environment>/chain.jsonl`, a line a run: `{"attestation", "prev", "run", "seq"}`, canonical JSON.
`attestation` is the SHA-256 of the run's seal, `prev` that of the line before. The seals themselves name what came
before them as well, and are signed; this file is what tells that a run should be there.

Appending reads the last line alone. A line without its line break was never written: a kill or a full disk leaves the
old state or the new one. The seal is written beside its run as a draft first, then the line, then the draft is renamed:
whoever comes next finishes what a kill interrupted in between.
"""

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ApgmsOpsError, EvidenceInvalid
from apgms_ops.evidence import dsse
from apgms_ops.evidence.files import DRAFT, file_digest, shown
from apgms_ops.evidence.statement import Link, is_digest
from apgms_ops.observation import canonical

FILE: Final = "chain.jsonl"
_STEP: Final = 4096
_LONGEST: Final = 1 << 16
"""Bytes of a line that are read."""
_POLL: Final = 0.02


class Unchained(ApgmsOpsError):
    """A run cannot join the chain of its environment; the text says why."""


@dataclass(frozen=True, slots=True)
class ChainEntry:
    """One line."""

    seq: int
    run: str
    attestation: str
    """SHA-256 of the run's `attestation.json`."""
    prev: str | None

    def line(self) -> bytes:
        """Return the line, with its line break."""
        data = {"seq": self.seq, "run": self.run, "attestation": self.attestation, "prev": self.prev}
        return canonical(data) + b"\n"


def folder_of(chain: str | None, runs: Path, root: Path) -> Path:
    """Return the folder of the chains: `[evidence] chain`, relative to the root of the checks; else beside the runs."""
    return runs.parent / "chain" if chain is None else root / chain


def path_of(folder: Path, environment: str) -> Path:
    """Return the file of an environment's chain."""
    return folder / environment / FILE


def parse(line: bytes, number: int, name: str = FILE) -> ChainEntry:
    """Read one line.

    Args:
        line: The line, with or without its line break.
        number: Counted from 1, for errors.
        name: The file, for errors.

    Raises:
        EvidenceInvalid: It is not one.
    """
    try:
        data: dict[str, Any] = json.loads(line)
        entry = ChainEntry(data["seq"], data["run"], data["attestation"], data["prev"])
        sound = type(data["seq"]) is int and is_digest(entry.attestation) and bool(entry.run + "")
        first = entry.seq == 0
        if not sound or (entry.prev is not None if first else not is_digest(entry.prev)):
            raise ValueError(name)  # noqa: TRY301 — told below
        if entry.line().rstrip(b"\n") != line.rstrip(b"\n"):
            msg = f"{name} line {number}: not in canonical form"
            raise EvidenceInvalid(msg)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        msg = f"{name} line {number}: not an entry of a chain"
        raise EvidenceInvalid(msg) from error
    return entry


class Chain:
    """An environment's chain, held by this process alone."""

    def __init__(self, file: BinaryIO, path: Path, runs: Path) -> None:
        """Take the locked file; `runs` is where the runs of it are kept."""
        self._file = file
        self._runs = runs
        self.path = path
        self.last = self._last()
        """The last entry; None in an empty chain."""
        self._finish_interrupted()

    @property
    def next(self) -> Link:
        """The place that the next run takes."""
        if self.last is None:
            return Link(0, None, None)
        return Link(self.last.seq + 1, self.last.attestation, self.last.run)

    def append(self, run: Path, envelope: bytes, attestation: str) -> ChainEntry:
        """Give a run its place: write its seal, and its line, both or neither.

        Raises:
            Unchained: The line cannot be written; chain and run are as they were.
            OSError: The seal cannot be; chain and run are as they were.
        """
        link = self.next
        entry = ChainEntry(link.seq, run.name, attestation, link.previous)
        draft = run / DRAFT
        write_synced(draft, envelope)
        try:
            self._write(entry.line())
        except OSError as error:
            draft.unlink(missing_ok=True)
            msg = f"{self.path}: {error.strerror}"
            raise Unchained(msg) from error
        draft.replace(run / dsse.NAME)
        self.last = entry
        return entry

    def _write(self, line: bytes) -> None:
        """Write a line, or nothing of it: on a full disk a part is written, and no error raised."""
        before = self._file.seek(0, os.SEEK_END)
        written = self._file.write(line)
        if written != len(line):
            self._file.truncate(before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self._file.fileno())

    def _last(self) -> ChainEntry | None:
        line, whole = _end(self._file, self.path)
        if self._file.seek(0, os.SEEK_END) != whole:
            self._file.truncate(whole)
        return parse(line, 0, f"{self.path}: the last line (nothing is appended to a damaged chain)") if line else None

    def _finish_interrupted(self) -> None:
        """Put the seal of the last run in its place, where a kill left it a draft."""
        if self.last is None:
            return
        run = self._runs / Path(self.last.run).name
        draft = run / DRAFT
        if draft.is_file() and not (run / dsse.NAME).exists() and file_digest(draft) == self.last.attestation:
            draft.replace(run / dsse.NAME)


def _end(file: BinaryIO, path: Path) -> tuple[bytes, int]:
    """Return the last whole line, empty where there is none, and the offset at which it ends."""
    size = file.seek(0, os.SEEK_END)
    tail, start = b"", size
    # The last line, and behind it perhaps one that was cut off.
    while start > 0 and tail.count(b"\n") < 3 and len(tail) <= _LONGEST:  # noqa: PLR2004
        start = max(0, start - _STEP)
        file.seek(start)
        tail = file.read(size - start)
    whole = tail.rfind(b"\n") + 1
    if start > 0 and not whole:
        msg = f"{path}: its end is not an entry of a chain (nothing is appended to a damaged chain)"
        raise EvidenceInvalid(msg)
    return tail[:whole].rstrip(b"\n").rpartition(b"\n")[2], start + whole


@contextmanager
def held(path: Path, runs: Path, deadline: Deadline) -> Iterator[Chain]:
    """Hold an environment's chain: nobody else appends to it meanwhile.

    Args:
        path: Its file; made where there is none.
        runs: Where the runs of it are kept.
        deadline: For waiting until others let go of it.

    Raises:
        Unchained: It cannot be had, is damaged, or others hold it for too long.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b", buffering=0)
    except OSError as error:
        msg = f"{path}: {error.strerror}"
        raise Unchained(msg) from error
    with file:
        _lock(file, path, deadline)
        try:
            chain = Chain(file, path, runs)
        except (EvidenceInvalid, OSError) as error:
            raise Unchained(str(error)) from error
        yield chain


def tail(path: Path) -> Iterator[ChainEntry]:
    """Yield the last entry of a chain, if there is one, without having read the rest.

    Raises:
        EvidenceInvalid: It is malformed.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        end, _ = _end(file, path)
        if end:
            yield parse(end, 0, str(path))


def _lock(file: BinaryIO, path: Path, deadline: Deadline) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            try:
                deadline.pause(_POLL, f"waiting for the chain {path}")
            except ApgmsOpsError as error:
                msg = f"{path}: another run held it for longer than {deadline.seconds:g} s"
                raise Unchained(msg) from error
        except OSError as error:
            msg = f"{path}: cannot be locked: {error.strerror}"
            raise Unchained(msg) from error
        else:
            return


def write_synced(path: Path, data: bytes) -> None:
    """Write a file whole, and return once it is on the disk.

    Raises:
        OSError: It cannot be written; nothing of it is left.
    """
    temporary = path.with_name(f".{path.name.lstrip('.')}.{os.getpid()}.writing")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def read(path: Path) -> Iterator[ChainEntry]:
    """Yield the entries of a chain, one line at a time.

    Raises:
        EvidenceInvalid: A line is malformed, or does not follow the one before.
        OSError: It cannot be read.
    """
    before: ChainEntry | None = None
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LONGEST):
            number += 1
            if not line.endswith(b"\n"):
                return  # a line that was never finished is none
            entry = parse(line, number, path.name)
            if before is not None and (entry.seq != before.seq + 1 or entry.prev != before.attestation):
                msg = f"{path.name} line {number}: {shown(entry.run)} does not follow {shown(before.run)}"
                raise EvidenceInvalid(msg)
            before = entry
            yield entry
