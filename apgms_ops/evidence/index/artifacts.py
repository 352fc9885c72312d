"""The artifacts in a folder, however they were delivered: files, a folder for each, archives as GitHub makes them."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.index.kinds import Understood, strings, understand
from apgms_ops.redact import Redactor, printable

LARGEST: Final = 256 * 1024 * 1024
"""Bytes of one artifact that are read."""
_MEMBERS: Final = 1000
BESIDE: Final = ".provenance.json"
"""`<artifact>.provenance.json` says what the artifact itself cannot: commit, time, and until when it is kept."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact that was opened."""

    path: Path
    """The file that is linked: of a member of an archive, the archive."""
    member: str
    sha256: str
    """Of the file that is linked."""
    understood: Understood | None
    trouble: str
    """Why it is not understood, or must not be linked; empty where it is sound."""
    quarantined: bool = False
    at: datetime | None = None
    commits: tuple[str, ...] = ()
    expires: datetime | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.path.name}: {self.member}" if self.member else self.path.name


def found(folder: Path) -> Iterator[Artifact]:
    """Yield the artifacts below a folder, sorted by name; links are not followed.

    Raises:
        EvidenceInvalid: There is no such folder.
    """
    if not folder.is_dir():
        msg = f"{folder}: no such folder of artifacts; download the release's artifacts there first"
        raise EvidenceInvalid(msg)
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.name.startswith(".") or path.name.endswith(BESIDE):
            continue
        yield from _opened(path)


def _opened(path: Path) -> Iterator[Artifact]:
    try:
        if path.stat().st_size > LARGEST:
            yield Artifact(path, "", "", None, f"larger than {LARGEST // 1024 // 1024} MiB")
            return
        data = path.read_bytes()
    except OSError as error:
        yield Artifact(path, "", "", None, f"cannot be read: {error.strerror}")
        return
    sha256 = hashlib.sha256(data).hexdigest()
    if not data.startswith(b"PK\x03\x04"):
        yield _artifact(path, "", sha256, data)
        return
    try:
        for name, content in _members(data):
            yield _artifact(path, name, sha256, content)
    except (zipfile.BadZipFile, EvidenceInvalid, RuntimeError, NotImplementedError, EOFError) as error:
        yield Artifact(path, "", sha256, None, f"damaged archive: {printable(str(error), limit=120)}")


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        if len(members) > _MEMBERS or sum(info.file_size for info in members) > LARGEST:
            msg = "it holds too much"
            raise EvidenceInvalid(msg)
        for info in members:
            with archive.open(info) as file:
                yield info.filename, file.read(LARGEST)


def _artifact(path: Path, member: str, sha256: str, data: bytes) -> Artifact:
    leak = _leak(data)
    if leak:
        return Artifact(path, member, sha256, None, leak, quarantined=True)
    try:
        known = understand(data)
    except EvidenceInvalid as error:
        return Artifact(path, member, sha256, None, str(error))
    beside = _provenance(path, sha256)
    if isinstance(beside, str):
        return Artifact(path, member, sha256, None, beside)
    commits = known.commits or ((str(beside["commit"]),) if "commit" in beside else ())
    at = known.at or _zoned(beside.get("created"))
    return Artifact(path, member, sha256, known, "", at=at, commits=commits, expires=_zoned(beside.get("expires")))


def _provenance(path: Path, sha256: str) -> Mapping[str, Any] | str:
    """Return what is told beside an artifact; a text says why that cannot be believed."""
    file = path.with_name(path.name + BESIDE)
    if not file.is_file() or file.is_symlink():
        return {}
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return f"{file.name} cannot be read"
    if not isinstance(told, dict) or told.get("sha256") != sha256:
        return f"{file.name} is about another file: its sha256 is not this one's"
    return told


def _zoned(said: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _leak(data: bytes) -> str:
    """Return where a secret or personal data stands, never what; empty where none was found."""
    redact = Redactor()
    text = data.decode("utf-8", "replace")
    try:
        body = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        for number, line in enumerate(text.splitlines(), 1):
            if redact(line) != line:
                return f"QUARANTINED: a secret or personal data in line {number}"
        return ""
    for where, value in strings(body):
        if redact(value) != value:
            return f"QUARANTINED: a secret or personal data at {printable(where, limit=120)}"
    return ""
