"""The ledger of a run: one JSON object a line, each naming the digest of the line before it.

An entry is `{"seq", "at", "type", "body", "prev", "hash"}`: `hash` is the SHA-256 of the canonical JSON of all the
others, and the first `prev` is 64 zeros. Changing, dropping or moving a line breaks every hash after it. Dropping lines
from the end breaks nothing, so a finished ledger ends with a `close` entry, and one that does not is unfinished.

Several processes may append: the file is locked for each entry, and the head is read from the file.
"""

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.observation import canonical, digest, timestamp

GENESIS = "0" * 64
PLAN, OBSERVATION, VERDICT, CLOSE = "plan", "observation", "verdict", "close"


@dataclass(frozen=True, slots=True)
class Entry:
    """One verified line."""

    seq: int
    at: datetime
    type: str
    body: Mapping[str, Any]
    prev: str
    hash: str


def _now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """Appends to one ledger file."""

    def __init__(self, path: Path, *, now: Callable[[], datetime] = _now) -> None:
        """Write to `path`, which is made with its first entry."""
        self.path = path
        self._now = now

    def append(self, kind: str, body: Mapping[str, Any]) -> str:
        """Append one entry and return its hash.

        Raises:
            EvidenceInvalid: The file's last line is not a ledger entry.
            OSError: It cannot be written; the ledger is then as it was.
            ValueError: The body has no canonical JSON.
        """
        with self._open() as file:
            return self._append(file, kind, body)

    def begin(self, body: Mapping[str, Any]) -> bool:
        """Write the plan as the first entry; return whether this call wrote it: another process may have been first."""
        with self._open() as file:
            if file.seek(0, os.SEEK_END):
                return False
            self._append(file, PLAN, body)
            return True

    def _open(self) -> BinaryIO:
        # Unbuffered, and the lock goes with the file: one entry is one write under one lock.
        file = self.path.open("a+b", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def _append(self, file: BinaryIO, kind: str, body: Mapping[str, Any]) -> str:
        last = _last_line(file)
        seq, prev = (0, GENESIS) if last is None else _head_of(self.path, last)
        entry = {"seq": seq, "at": timestamp(self._now()), "type": kind, "body": dict(body), "prev": prev}
        entry["hash"] = digest(canonical(entry))
        _write_whole(file, canonical(entry) + b"\n")
        return str(entry["hash"])


def _write_whole(file: BinaryIO, line: bytes) -> None:
    """Write a line, or nothing of it: on a full disk a part is written, and no error raised."""
    before = file.seek(0, os.SEEK_END)
    if file.write(line) != len(line):
        file.truncate(before)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _last_line(file: BinaryIO) -> bytes | None:
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return None
    step = 8192
    start = size
    while start > 0:
        start = max(0, start - step)
        file.seek(start)
        tail = file.read(size - start)
        lines = tail.rstrip(b"\n").rsplit(b"\n", 1)
        if len(lines) == 2 or start == 0:  # noqa: PLR2004 — there is a line break before the last line
            return lines[-1]
        step *= 4
    return None


def _head_of(path: Path, line: bytes) -> tuple[int, str]:
    try:
        entry = json.loads(line)
        return int(entry["seq"]) + 1, str(entry["hash"])
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{path}: the last line is not a ledger entry; nothing is appended to a damaged ledger"
        raise EvidenceInvalid(msg) from error


def verify(lines: Iterable[bytes], name: str = "ledger.jsonl") -> tuple[Entry, ...]:
    """Verify the hash chain of a ledger's lines, and return its entries. Pure.

    Args:
        lines: The lines of the file, with or without their line breaks.
        name: What to call the file in an error.

    Raises:
        EvidenceInvalid: There are no lines, or a line is malformed, out of order, altered, or does not follow.
    """
    entries: list[Entry] = []
    prev = GENESIS
    for number, line in enumerate(lines):
        entry = _parse(line, number, name)
        if entry.seq != number or entry.prev != prev:
            msg = f"{name} line {number + 1}: does not follow the line before it (a line was removed, added or moved)"
            raise EvidenceInvalid(msg)
        prev = entry.hash
        entries.append(entry)
    if not entries:
        msg = f"{name}: empty"
        raise EvidenceInvalid(msg)
    if entries[0].type != PLAN:
        msg = f"{name} line 1: a ledger starts with its plan, not with {entries[0].type!r}"
        raise EvidenceInvalid(msg)
    return tuple(entries)


def _parse(line: bytes, number: int, name: str) -> Entry:
    where = f"{name} line {number + 1}"
    try:
        data = json.loads(line)
        content = {key: data[key] for key in ("seq", "at", "type", "body", "prev")}
        recorded = data["hash"]
        at = datetime.fromisoformat(content["at"])
        body = dict(content["body"])
        # What has no canonical form (half of a surrogate pair, a number beyond 2^53) was not written here.
        form = canonical(data)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        msg = f"{where}: not a ledger entry ({type(error).__name__})"
        raise EvidenceInvalid(msg) from error
    if set(data) != {*content, "hash"} or form != line.rstrip(b"\n"):
        msg = f"{where}: not in canonical form"
        raise EvidenceInvalid(msg)
    if digest(canonical(content)) != recorded:
        msg = f"{where}: its hash does not match its content (it was altered)"
        raise EvidenceInvalid(msg)
    return Entry(content["seq"], at, content["type"], body, content["prev"], recorded)
