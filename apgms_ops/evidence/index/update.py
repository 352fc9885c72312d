"""Refreshes the index: whole or not at all, beside whoever does the same at once, and with its history kept."""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.files import file_digest
from apgms_ops.evidence.index.document import between, relative, replaced, table
from apgms_ops.evidence.index.rows import Row

SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where an index lies."""

    index: Path
    root: Path
    """The repository."""

    @property
    def sidecar(self) -> Path:
        """Its history: `evidence-index.json` beside `evidence-index.md`."""
        return self.index.with_suffix(".json")


def update(place: Place, rows: Sequence[Row], release: str, commit: str | None, now: datetime) -> bool:
    """Write the table and its history; return whether anything changed.

    Raises:
        EvidenceInvalid: The document has no markers, its history is damaged, or it is of a newer release already.
        OSError: It cannot be read or written; then it is as it was.
    """
    with _held(place.index.parent):
        text = place.index.read_bytes().decode("utf-8")
        after = replaced(text, table(rows, place.index, place.root, release))
        history = _history(place.sidecar)
        entry = _entry(place, rows, release, commit, now)
        if history and _same(history[-1], entry) and after == text:
            return False
        if history:
            _require_newer(history[-1], entry)
        body = {"schema": SCHEMA, "history": [*history, entry]}
        # The history first: a kill in between leaves a table that `--check` finds to be behind it.
        _write(place.sidecar, json.dumps(body, indent=1, ensure_ascii=False).encode() + b"\n")
        _write(place.index, after.encode())
        return True


def check(place: Place) -> Iterator[str]:
    """Yield what is wrong with an index as it lies there.

    Raises:
        EvidenceInvalid: It has no markers, or its history is missing or damaged.
        OSError: It cannot be read.
    """
    text = place.index.read_bytes().decode("utf-8")
    replaced(text, "")
    history = _history(place.sidecar)
    if not history:
        yield f"{place.sidecar.name} is missing: the index was not made by this tool, or its history was removed"
        return
    last = history[-1]
    if between(text) != last["table"]:
        yield "the table is not what was written last (it was edited by hand, or a writer was cut off)"
    for row in last["rows"]:
        what = row["artifact"]
        yield from (f"{what}: {problem}" for problem in row["problems"])
        if row["path"] is None:
            continue
        path = place.root / row["path"]
        try:
            digest = file_digest(path)
        except OSError as error:
            yield f"{what}: its link leads nowhere: {row['path']}: {error.strerror}"
            continue
        if digest != row["sha256"]:
            yield f"{what}: {row['path']} is not the file that was indexed (it was changed)"


def latest(place: Place) -> dict[str, Any] | None:
    """Return the newest entry of the history; None where there is none.

    Raises:
        EvidenceInvalid: It is damaged.
    """
    history = _history(place.sidecar)
    return history[-1] if history else None


def _entry(place: Place, rows: Sequence[Row], release: str, commit: str | None, now: datetime) -> dict[str, Any]:
    return {
        "at": now.isoformat(timespec="seconds"),
        "release": release,
        "commit": commit,
        "table": table(rows, place.index, place.root, release),
        "rows": [
            {
                "control": row.asks.control,
                "artifact": row.asks.title,
                "path": None if row.artifact is None else relative(row.artifact.path, place.root),
                "sha256": None if row.artifact is None else row.artifact.sha256,
                "made": None if row.artifact is None or row.artifact.at is None else row.artifact.at.isoformat(),
                "problems": list(row.problems),
            }
            for row in rows
        ],
    }


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return {**one, "at": None} == {**other, "at": None}


def _require_newer(last: dict[str, Any], entry: dict[str, Any]) -> None:
    """See that what is written is not older than what is there: a slow writer must not bring back the past."""
    before, after = _newest(last), _newest(entry)
    if last["commit"] != entry["commit"] and before and (after is None or after < before):
        msg = f"the index is of {last['release']} already, whose artifacts are newer than these of {entry['release']}"
        raise EvidenceInvalid(msg)


def _newest(entry: dict[str, Any]) -> datetime | None:
    return max((datetime.fromisoformat(row["made"]) for row in entry["rows"] if row["made"]), default=None)


def _history(sidecar: Path) -> list[dict[str, Any]]:
    try:
        return history(sidecar.read_bytes(), str(sidecar))
    except FileNotFoundError:
        return []


def history(data: bytes, sidecar: str) -> list[dict[str, Any]]:
    """Return the entries of an index's history, the newest last.

    Args:
        data: What its file holds.
        sidecar: The file, for errors.

    Raises:
        EvidenceInvalid: It is damaged.
    """
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        msg = f"{sidecar}: damaged; restore it from the repository"
        raise EvidenceInvalid(msg) from error
    if not isinstance(body, dict) or body.get("schema") != SCHEMA or not _entries(body.get("history")):
        msg = f"{sidecar}: not the history of an evidence index of schema {SCHEMA}"
        raise EvidenceInvalid(msg)
    return list(body["history"])


def _entries(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the folder, so that of two writers at once the second sees what the first wrote."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            draft.chmod(path.stat().st_mode & 0o777)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
