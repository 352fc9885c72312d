"""An artifact's zip file → its members, in memory and nowhere else. Pure."""

import io
import zipfile
import zlib
from typing import Final

from apgms_ops.clients.github.facts import Member
from apgms_ops.errors import BadAnswer, Incomplete
from apgms_ops.redact import printable

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of all members together."""
MEMBERS: Final = 500


def members(data: bytes, where: str, *, largest: int = LARGEST) -> tuple[Member, ...]:
    """Return the files of a zip.

    Args:
        data: The zip.
        where: Which artifact, for errors.
        largest: Bytes that the files may come to, whatever the zip says of their size.

    Raises:
        BadAnswer: It is no zip, is damaged or encrypted, or has a member whose name is hostile or stands there twice.
        Incomplete: It holds more than is read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = [info for info in archive.infolist() if not info.is_dir()]
            if len(listed) > MEMBERS:
                msg = f"{where} holds {len(listed)} files; {MEMBERS} are read at most"
                raise Incomplete(msg)
            return _read(archive, listed, where, largest)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        # What the library says may quote the file.
        msg = f"{where} is no zip file that can be read: {printable(str(error), limit=160) or type(error).__name__}"
        raise BadAnswer(msg) from None


def _read(archive: zipfile.ZipFile, listed: list[zipfile.ZipInfo], where: str, largest: int) -> tuple[Member, ...]:
    found: dict[str, Member] = {}
    left = largest
    for info in listed:
        name = info.filename
        _require_harmless(name, where)
        if name in found:
            msg = f"{where} holds {printable(name, limit=80)} twice"
            raise BadAnswer(msg)
        with archive.open(info) as file:
            # Not what the zip promises of the size counts, but what comes out of it.
            data = file.read(left + 1)
        left -= len(data)
        if left < 0:
            msg = f"{where} unpacks to more than {largest} bytes, and was not read to its end"
            raise Incomplete(msg)
        found[name] = Member(name, data)
    return tuple(found.values())


def _require_harmless(name: str, where: str) -> None:
    parts = name.split("/")
    if not name.isprintable() or "\\" in name or ":" in name or "" in parts or ".." in parts or "." in parts:
        msg = f"{where} holds a file of a hostile name: {printable(repr(name), limit=80)}"
        raise BadAnswer(msg)
