"""How long the walk took, request by request, and whose clock is off."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from apgms_ops.environment.model import Smoke
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings

if TYPE_CHECKING:
    from apgms_ops.clients.gateway.journey_facts import Exchanged
    from apgms_ops.probes.journey.facts import Journey

_LAST: Final = "audit"
_SECOND: Final = timedelta(seconds=1)
"""What a `Date` leaves out: it is cut to the second."""
_NAMED: Final = 5


class Timing:
    """Judges times."""

    def __init__(self, journey: "Journey") -> None:
        """Take the walk."""
        self._journey = journey

    def slow_steps(self, rules: Smoke) -> Findings:
        """Say which requests took as long as their step's limit, or longer; the clean-up's among them.

        Raises:
            Unobserved: The walk did not come to its end, and what it came through was in time.
        """
        found: list[str] = []
        for seen in self._journey.exchanges.values():
            limit = rules.limit_of(seen.step)
            if seen.took >= limit.value.total_seconds():
                allowed = f"{format_duration(limit.value)} ({limit.source})"
                found.append(
                    f"{seen.step}: {seen.what} ({seen.name}) took {seen.took:.2f} s, and must take less than {allowed}"
                )
        if not found:
            self._journey.made(_LAST)
        return Findings(found)

    def slow_walk(self, rules: Smoke) -> Findings:
        """Say whether the whole walk took too long, without the wait for a number and without the clean-up.

        Raises:
            Unobserved: It did not come to its end in less.
        """
        limit = rules.duration
        if self._journey.took >= limit.value.total_seconds():
            allowed = f"{format_duration(limit.value)} ({limit.source})"
            return Findings((f"the walk took {self._journey.took:.1f} s, and must take less than {allowed}",))
        self._journey.made(_LAST)
        return Findings()

    def clocks_off(self, rules: Smoke) -> Findings:
        """Say which answers, and whether the token, are of a time that is not ours.

        Raises:
            Unobserved: No answer says when it was made.
        """
        dated = [seen for seen in self._journey.exchanges.values() if seen.date is not None]
        off = [(seen, skew) for seen in dated for skew in (_skew(seen),) if abs(skew) > rules.clock_skew.value]
        found = list(_sentences(off, rules))
        token, log_in = self._journey.token, self._journey.exchanges.get("log-in")
        if token is not None and token.issued_at is not None and log_in is not None:
            skew = _outside(token.issued_at, log_in)
            if abs(skew) > rules.clock_skew.value:
                found.append(f"the token was issued {_words(skew)} our clock; at most {_allowed(rules)}")
        if not dated and not found:
            msg = "no answer says when it was made (header Date): whose clock is off is not known"
            raise Unobserved(msg)
        return Findings(found)


def _sentences(off: "list[tuple[Exchanged, timedelta]]", rules: Smoke) -> Iterator[str]:
    for seen, skew in off[:_NAMED]:
        yield f"{seen.what} ({seen.name}) was answered {_words(skew)} our clock; at most {_allowed(rules)}"
    if len(off) > _NAMED:
        yield f"and {len(off) - _NAMED} more answers"


def _skew(seen: "Exchanged") -> timedelta:
    return timedelta(0) if seen.date is None else _outside(seen.date, seen)


def _outside(told: datetime, seen: "Exchanged") -> timedelta:
    """Return how far a time, cut to the second, lies outside of the request it was told in; negative is behind."""
    first, last = seen.at - _SECOND, seen.at + timedelta(seconds=seen.took)
    if told < first:
        return told - first
    return max(timedelta(0), told - last)


def _words(skew: timedelta) -> str:
    return f"{abs(skew).total_seconds():.1f} s {'behind' if skew < timedelta(0) else 'ahead of'}"


def _allowed(rules: Smoke) -> str:
    return f"{format_duration(rules.clock_skew.value)} ({rules.clock_skew.source})"
