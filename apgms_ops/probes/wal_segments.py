"""Segments of the write-ahead log by number, so that what is missing between two of them shows. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from apgms_ops.errors import BadAnswer

_NAME: Final = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")
_LOG: Final = 1 << 32
"""Bytes of the log that one value of a name's middle part stands for."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment."""

    timeline: int
    number: int
    """Its place from the beginning of the log: one on another timeline may have the same."""
    size: int
    """Bytes of every segment."""

    @classmethod
    def parse(cls, name: str, size: int) -> Self:
        """Return the segment of a name.

        Args:
            name: 24 hexadecimal digits.
            size: `wal_segment_size`, in bytes.

        Raises:
            BadAnswer: It is no name of a segment.
        """
        match = _NAME.fullmatch(name)
        if match is None or size <= 0 or int(match[3], 16) >= _LOG // size:
            msg = f"{name!r:.60} is not the name of a segment of {size} bytes"
            raise BadAnswer(msg)
        timeline, log, part = (int(digits, 16) for digits in match.groups())
        return cls(timeline, log * (_LOG // size) + part, size)

    @property
    def name(self) -> str:
        """As the file is called."""
        log, part = divmod(self.number, _LOG // self.size)
        return f"{self.timeline:08X}{log:08X}{part:08X}"


@dataclass(frozen=True, slots=True)
class Run:
    """Segments without a gap between them."""

    first: int
    last: int


def runs(numbers: Iterable[int]) -> tuple[Run, ...]:
    """Return numbers as runs, in order."""
    found: list[Run] = []
    for number in sorted(numbers):
        if found and found[-1].last == number - 1:
            found[-1] = Run(found[-1].first, number)
        elif not found or found[-1].last != number:
            found.append(Run(number, number))
    return tuple(found)
