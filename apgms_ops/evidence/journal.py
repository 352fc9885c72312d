"""What a walk that writes is about to do, for the next run on this machine to clean up what a killed one left.

A file a walk in the folder of its run, JSON lines, each on the disk before what it tells of is done. The file is locked
for as long as the walk's process lives: the kernel drops the lock of a process that dies.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

_PATTERN: Final = "*/walk-*.jsonl"
TRYING: Final = "trying"
"""A thing that the walk is about to take to itself; whether it got it, only the next line tells."""
HOLDING: Final = "holding"
RELEASED: Final = "released"


class Journal:
    """The journal of one walk, locked by this process."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        """Hold a locked file."""
        self.path = path
        self._file = file

    @classmethod
    def begin(cls, folder: Path, walk: str, environment: str) -> "Journal":
        """Begin the journal of a walk.

        Raises:
            OSError: It cannot be written.
        """
        path = folder / f"walk-{walk}.jsonl"
        file = path.open("xb")
        fcntl.flock(file, fcntl.LOCK_EX)
        journal = cls(path, file)
        journal.note(walk=walk, environment=environment, pid=os.getpid())
        return journal

    def note(self, **entry: str | int | None) -> None:
        """Write a line, and return once it is on the disk.

        Raises:
            OSError: It cannot be written.
        """
        self._file.write(json.dumps(entry).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def finish(self) -> None:
        """Remove it: nothing was left behind."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Give it up as it is; the next run reads it."""
        self._file.close()


class NoJournal:
    """In place of a journal, for a command that somebody watches."""

    def note(self, **entry: str | int | None) -> None:
        """Write nothing."""


@dataclass(frozen=True, slots=True)
class Dead:
    """A walk whose process is gone."""

    walk: str
    holds: tuple[str, ...]
    """What it had taken to itself, or may have."""
    journal: Journal
    """Locked: nobody else cleans up after it."""


def left_behind(runs: Path, environment: str) -> Iterator[Dead]:
    """Yield the walks of an environment that died, each locked until its journal is finished or closed."""
    for path in sorted(runs.glob(_PATTERN)):
        journal = _locked(path)
        if journal is None:
            continue
        entries = list(_entries(path))
        first = entries[0] if entries else {}
        if first.get("environment") == environment and isinstance(first.get("walk"), str):
            yield Dead(first["walk"], _held(entries), journal)
        else:  # another environment's; or one that is being begun just now
            journal.close()


def _locked(path: Path) -> Journal | None:
    try:
        file = path.open("r+b")
    except OSError:
        return None  # finished meanwhile, or not ours to write
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    if not path.exists():  # finished between the two
        file.close()
        return None
    file.seek(0, os.SEEK_END)
    return Journal(path, file)


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
        with contextlib.suppress(ValueError):  # the line that it died in
            entry = json.loads(line)
            if isinstance(entry, dict):
                yield entry


def _held(entries: list[dict[str, Any]]) -> tuple[str, ...]:
    held: dict[str, None] = {}
    trying: str | None = None
    for entry in entries:
        if TRYING in entry:
            trying = str(entry[TRYING])
        if HOLDING in entry:
            held[str(entry[HOLDING])] = None
            trying = None
        if RELEASED in entry:
            held.pop(str(entry[RELEASED]), None)
            trying = None
    if trying is not None:
        held[trying] = None
    return tuple(held)
