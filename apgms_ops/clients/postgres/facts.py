"""What PostgreSQL says, as frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from apgms_ops.errors import BadAnswer

Value = str | int | bool | datetime | None
"""A value of a row; NULL is None, and never an empty text."""
T = TypeVar("T", str, int, bool, datetime)


@dataclass(frozen=True, slots=True)
class Server:
    """The server that answered."""

    system_id: str
    """Its system identifier, which a cluster keeps for life and shares with its replicas."""
    version: str
    now: datetime
    """Its clock, at the start of the snapshot."""
    in_recovery: bool
    """Whether it is a replica."""
    replayed: timedelta | None
    """How long ago the last transaction that a replica has replayed was committed; None on a primary."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row, its values by the name of their column."""

    values: Mapping[str, Value]

    def text(self, column: str) -> str:
        """Return a text.

        Raises:
            BadAnswer: It is NULL.
        """
        return self._of(column, str)

    def text_or_none(self, column: str) -> str | None:
        """Return a text, or None where it is NULL."""
        return None if self.values[column] is None else self.text(column)

    def integer(self, column: str) -> int:
        """Return a whole number.

        Raises:
            BadAnswer: It is NULL.
        """
        return self._of(column, int)

    def truth(self, column: str) -> bool:
        """Return a truth value.

        Raises:
            BadAnswer: It is NULL.
        """
        return self._of(column, bool)

    def time(self, column: str) -> datetime:
        """Return a time, aware, in UTC.

        Raises:
            BadAnswer: It is NULL.
        """
        return self._of(column, datetime)

    def time_or_none(self, column: str) -> datetime | None:
        """Return a time, or None where it is NULL."""
        return None if self.values[column] is None else self._of(column, datetime)

    def _of(self, column: str, kind: type[T]) -> T:
        value = self.values[column]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            msg = f"column {column} is {value!r:.60}, not {kind.__name__}"
            raise BadAnswer(msg)
        return value
