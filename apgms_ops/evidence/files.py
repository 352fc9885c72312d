"""The files of a run's folder that a seal covers: regular files, each there once, none of them a way out."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import dsse, timestamp
from apgms_ops.redact import printable

DRAFT: Final = ".attestation.draft"
"""A seal that is not yet part of the chain; see chain.py."""
_CHUNK: Final = 1 << 20
_LONGEST_NAME: Final = 1024


def of_seal(name: str) -> bool:
    """Whether a file is part of the seal itself, which cannot cover itself."""
    return name in (dsse.NAME, timestamp.NAME, DRAFT)


def uncovered(name: str) -> bool:
    """Whether a file is left out of the seal because it changes afterwards: the journal of a walk that was killed."""
    return "/" not in name and name.startswith("walk-") and name.endswith(".jsonl")


def listed(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield the files below a run's folder: names relative to it, with `/`, sorted within each folder; and bytes.

    Raises:
        EvidenceInvalid: Something is no regular file of its own: a link, a hard link, a device; or cannot be read.
    """
    yield from _below(folder, "")


def _below(folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            name = f"{prefix}{entry.name}"
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                yield from _below(folder / entry.name, f"{name}/")
                continue
            if not stat.S_ISREG(status.st_mode):
                msg = f"{shown(name)}: is a link or a device, and not a file"
                raise EvidenceInvalid(msg)
            if status.st_nlink != 1:
                msg = f"{shown(name)}: is a hard link: the file has a name elsewhere, by which it can be changed"
                raise EvidenceInvalid(msg)
            yield name, status.st_size
    except OSError as error:
        msg = f"{shown(prefix or folder.name)}: cannot be read: {error.strerror}"
        raise EvidenceInvalid(msg) from error


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, which is never followed if it is a link.

    Raises:
        OSError: It cannot be read.
    """
    hashed = hashlib.sha256()
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb", buffering=0) as file:  # noqa: PTH123 — a descriptor
        while chunk := file.read(_CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()


def subjects(folder: Path) -> list[dict[str, object]]:
    """Return what a seal covers of a folder, as in-toto's subjects, sorted by name.

    Raises:
        EvidenceInvalid: Something in it cannot be covered.
        OSError: A file cannot be read.
    """
    names = [name for name, _ in listed(folder) if not of_seal(name) and not uncovered(name)]
    for name in names:
        require_safe(name)
    return [{"name": name, "digest": {"sha256": file_digest(folder / name)}} for name in sorted(names)]


def require_safe(name: str) -> None:
    """See that a name stays within the folder, and means one file.

    Raises:
        EvidenceInvalid: It does not.
    """
    path = PurePosixPath(name)
    parts = name.split("/")
    sound = (
        0 < len(name) <= _LONGEST_NAME
        and name.isprintable()
        and "\\" not in name
        and not path.is_absolute()
        and not any(part in ("", ".", "..") for part in parts)
        and not (len(parts[0]) > 1 and parts[0][1] == ":")
    )
    if not sound:
        msg = f"{shown(name)}: not the name of a file within the run"
        raise EvidenceInvalid(msg)


def shown(name: str) -> str:
    """Return a hostile name for people."""
    return printable(name.encode("utf-8", "backslashreplace").decode(), limit=200)
