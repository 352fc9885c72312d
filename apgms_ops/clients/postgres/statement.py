"""A statement that reads: its text, the columns it promises, and values that are written into it safely. Pure.

Statements are sent as `COPY (…) TO STDOUT`, which a driver and `psql` both understand, and which takes no parameters:
so values become literals here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

_PLACE = re.compile(r"%\(([a-z_]+)\)s")

Given = str | int | bool | datetime | timedelta | None
"""A value that may be written into a statement."""


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TIME = "time"
    """timestamptz."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One SELECT. `%(name)s` stands for a value."""

    name: str
    """What it reads, in a few words: for evidence and for errors."""
    select: str
    columns: Mapping[str, Kind]
    """The columns of its rows, in order."""
    given: Mapping[str, Given] = field(default_factory=dict)

    def text(self) -> str:
        """Return the SELECT with its values written in.

        Raises:
            KeyError: A place has no value.
            ValueError: A value cannot be written as a literal.
        """
        return _PLACE.sub(lambda place: literal(self.given[place[1]]), self.select).strip().rstrip(";")

    def copy(self) -> str:
        """Return what is sent to the server."""
        return f"COPY ({self.text()}) TO STDOUT"


def literal(value: Given) -> str:
    """Return a value as an SQL literal.

    Raises:
        ValueError: It holds a zero byte, or is a time without its zone.
    """
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return f"({value})"
        case datetime():
            if value.tzinfo is None:
                msg = f"a time with its zone is needed, not {value.isoformat()}"
                raise ValueError(msg)
            return f"timestamptz '{value.astimezone(UTC).isoformat(timespec='microseconds')}'"
        case timedelta():
            return f"interval '{value // timedelta(microseconds=1)} microseconds'"
        case str():
            if "\x00" in value:
                msg = "PostgreSQL's text holds no zero byte"
                raise ValueError(msg)
            # An E string means the same whether or not the server takes backslashes for escapes.
            escaped = value.replace("\\", "\\\\").replace("'", "''")
            return f"E'{escaped}'"
