"""The log of a container's run, as it is asked for: from its end, since a time, up to a size."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Final

_BLOCK: Final = 65536
# What a line says of its time: a service's own JSON, or a timestamp at its beginning, as most programs write one.
_JSON: Final = re.compile(rb'^\{"(?:ts|timestamp|time)":"([^"]{19,40})"')
_PLAIN: Final = re.compile(rb"^\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?)")


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a log is wanted."""

    tail: int | None = None
    """Lines from the end."""
    since: datetime | None = None
    bytes: int | None = None
    """The answer is cut there, wherever that is in a line."""
    timestamps: bool = False


def read(log: BinaryIO, asked: Asked, began: datetime) -> Iterator[bytes]:
    """Yield the log's bytes that were asked for, never all of it at once.

    A line that says no time has that of the last line before it that does, or of the container's beginning: a process
    writes its log itself, and nobody stands by with a clock.

    Args:
        log: The file, open for reading.
        asked: What is wanted: lines from the end first, those since a time among them, and of that so many bytes.
        began: When the container began.
    """
    start = 0 if asked.tail is None else _start_of_tail(log, asked.tail)
    began = _time_before(log, start) or began
    log.seek(start)
    left = asked.bytes
    for piece in _lines(log, asked, began) if asked.since or asked.timestamps else _blocks(log):
        taken = piece if left is None else piece[:left]
        if taken:
            yield taken
        if left is not None:
            left -= len(taken)
            if not left:
                return


def _blocks(log: BinaryIO) -> Iterator[bytes]:
    while block := log.read(_BLOCK):
        yield block


def _lines(log: BinaryIO, asked: Asked, began: datetime) -> Iterator[bytes]:
    at = began
    for line in log:
        at = time_of(line) or at
        if asked.since is None or at >= asked.since:
            yield (
                f"{at.isoformat(timespec='microseconds').removesuffix('+00:00')}Z ".encode() + line
                if asked.timestamps
                else line
            )


def time_of(line: bytes) -> datetime | None:
    """Return the time that a line says it is of, if it does."""
    match = _JSON.match(line) or _PLAIN.match(line)
    if match is None:
        return None
    try:
        found = datetime.fromisoformat(match[1].decode("ascii").replace(",", ".").replace(" +", "+").replace(" -", "-"))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _time_before(log: BinaryIO, start: int) -> datetime | None:
    """Return the last time that is said within a block before a place."""
    size = min(_BLOCK, start)
    log.seek(start - size)
    times = (time_of(line) for line in reversed(log.read(size).splitlines()))
    return next((found for found in times if found is not None), None)


def _start_of_tail(log: BinaryIO, lines: int) -> int:
    """Return where the last so many lines begin, read from the end."""
    end = place = log.seek(0, 2)
    if lines <= 0:
        return end
    # The newline that ends the last line begins no line of its own.
    wanted = lines + 1
    while place > 0:
        size = min(_BLOCK, place)
        place -= size
        log.seek(place)
        block = log.read(size)
        if place + size == end and not block.endswith(b"\n"):
            wanted -= 1
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            wanted -= 1
            if not wanted:
                return place + at + 1
    return 0
