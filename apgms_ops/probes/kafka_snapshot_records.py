"""The records of a partition in a snapshot: lines of JSON, gzip'd, read within bounded memory."""

import base64
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_LINE: Final = 64 * 1024 * 1024
"""Bytes of one line: more than any record that brokers take, in base64."""
_EXPANDS: Final = 1000
"""Times that gzip can shrink what is all alike; an object that expands by more is no snapshot."""


class ContentInvalid(Exception):
    """It does not hold records; the text says why, and is safe to print."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record."""

    offset: int
    timestamp: int | None
    """Milliseconds since 1970."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def offsets(file: Path) -> Iterator[int]:
    """Yield the offset of each record, in the order of the lines.

    Raises:
        ContentInvalid: It is no gzip of such lines, or is cut off.
    """
    for line in _lines(file):
        yield _read(line)["offset"]


def records(file: Path) -> Iterator[Record]:
    """Yield each record.

    Raises:
        ContentInvalid: It is no gzip of such lines, or is cut off.
    """
    for line in _lines(file):
        found = _read(line)
        try:
            at = found["timestamp"]
            headers = tuple((str(name), _bytes(value)) for name, value in found["headers"])
            yield Record(
                found["offset"], None if at is None else int(at), _bytes(found["key"]), _bytes(found["value"]), headers
            )
        except (KeyError, TypeError, ValueError) as error:
            msg = "a line is no record"
            raise ContentInvalid(msg) from error


def _lines(file: Path) -> Iterator[bytes]:
    budget = file.stat().st_size * _EXPANDS + _LINE
    try:
        with gzip.open(file, "rb") as zipped:
            while line := zipped.readline(_LINE):
                budget -= len(line)
                if not line.endswith(b"\n") or budget < 0:
                    msg = "a line does not end"
                    raise ContentInvalid(msg)
                yield line
    except (OSError, EOFError, zlib.error) as error:
        msg = "it is no gzip, or is cut off"
        raise ContentInvalid(msg) from error


def _read(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
        offset = found["offset"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        msg = "a line is no record"
        raise ContentInvalid(msg) from error
    if isinstance(offset, bool) or not isinstance(offset, int) or offset < 0 or not isinstance(found, dict):
        msg = "a line is no record"
        raise ContentInvalid(msg)
    return found


def _bytes(text: object) -> bytes | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise TypeError
    return base64.b64decode(text, validate=True)
