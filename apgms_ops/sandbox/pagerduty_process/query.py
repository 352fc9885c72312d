"""The parameters of a request: those that are known, once each, and nothing beside them. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from apgms_ops.sandbox.pagerduty_process.answer import ProblemError, refuse

_MOST = 100
_LAST = 10_000


class Query:
    """What stands behind the question mark."""

    def __init__(self, text: str) -> None:
        """Take it apart."""
        self._pairs = parse_qsl(text, keep_blank_values=True)

    def know(self, *names: str) -> None:
        """Refuse whatever is not among these.

        Raises:
            ProblemError: There is something else; PagerDuty itself is silent about it, which hides a typing mistake.
        """
        strange = sorted({name for name, _ in self._pairs} - set(names))
        if strange:
            refuse(*(f"unknown parameter {name}" for name in strange))

    def one(self, name: str, default: str = "") -> str:
        """Return a value.

        Raises:
            ProblemError: It is given twice.
        """
        found = self.every(name)
        if len(found) > 1:
            refuse(f"{name} is given more than once")
        return found[0] if found else default

    def every(self, name: str) -> list[str]:
        """Return all values of a name that may be repeated."""
        return [value for key, value in self._pairs if key == name]

    def words(self, name: str, known: Sequence[str]) -> list[str]:
        """Return all values of a name, each one of those that are known.

        Raises:
            ProblemError: One is not.
        """
        found = self.every(name)
        for word in found:
            if word not in known:
                refuse(f"{name} is one of {', '.join(known)}")
        return found

    def time(self, name: str, default: datetime) -> datetime:
        """Return a time.

        Raises:
            ProblemError: It is none, or lies more than ten years away.
        """
        text = self.one(name)
        if not text:
            return default
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            refuse(f"{name} is not a valid date")
        found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        if abs(found - default) > timedelta(days=3660):
            refuse(f"{name} is out of range")
        return found

    def page(self) -> tuple[int, int]:
        """Return limit and offset.

        Raises:
            ProblemError: They are no numbers, or lead too far.
        """
        limit, offset = self.one("limit", "25"), self.one("offset", "0")
        if not limit.isdecimal() or not offset.isdecimal() or not int(limit):
            refuse("limit and offset are numbers")
        if min(int(limit), _MOST) + int(offset) > _LAST:
            raise ProblemError(400, "Invalid Input Provided", 2001, ["Offset must be less than 10000"])
        return min(int(limit), _MOST), int(offset)
