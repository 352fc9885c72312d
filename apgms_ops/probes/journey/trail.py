"""What the audit log tells of the walk: every step, by its correlation id, in a chain that holds."""

from collections.abc import Iterator
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING

from apgms_ops.environment.model import Smoke
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.journey.answers import not_answered

if TYPE_CHECKING:
    from apgms_ops.clients.gateway.journey_facts import AuditEvent
    from apgms_ops.probes.journey.facts import Journey


class Trail:
    """Judges the audit log's events."""

    def __init__(self, journey: "Journey") -> None:
        """Take the walk."""
        self._journey = journey

    def missing(self, rules: Smoke) -> Findings:
        """Say of which requests the audit log does not tell: not at all, or not who did what.

        Raises:
            Unobserved: It was not asked.
        """
        self._require_asked()
        refused = tuple(not_answered(self._journey.made("audit"), HTTPStatus.OK))
        if refused:
            return Findings(refused)
        return Findings(
            sentence for name, action in self._journey.audited.items() for sentence in self._untold(name, action, rules)
        )

    def _untold(self, name: str, action: str, rules: Smoke) -> Iterator[str]:
        seen = self._journey.exchanges[name]
        events = self._journey.events.get(name, ())
        told = [event for event in events if event.action == action]
        where = f"{seen.what} ({name}, correlation id {seen.correlation_id})"
        if not told:
            others = f", but {', '.join(sorted({event.action for event in events}))}" if events else ""
            limit = rules.audit
            yield f"{where}: no event {action}{others}, within {format_duration(limit.value)} ({limit.source})"
            return
        token = self._journey.token
        for event in told:
            if event.org_id != self._journey.organisation:
                yield f"{where}: event {event.event_id} is of {event.org_id}, not of {self._journey.organisation}"
            elif token is not None and token.subject is not None and event.actor_id != token.subject:
                yield f"{where}: event {event.event_id} was done by {event.actor_id}, and {token.subject} did it"

    def altered(self) -> Findings:
        """Say which events do not fit their hash, or the event that they follow.

        Raises:
            Unobserved: There is no event; or none has all that its hash is of.
        """
        self._require_asked()
        events = sorted(self._events(), key=lambda event: event.seq)
        if not events:
            msg = "the audit log told of no event: there is no hash to recompute"
            raise Unobserved(msg)
        found = [
            f"event {event.event_id} (row {event.seq}) was altered: its hash is not that of its content"
            for event in events
            if event.computed is not None and event.computed != event.hash
        ]
        found.extend(
            f"event {after.event_id} (row {after.seq}) does not follow row {before.seq}: its prevHash is another"
            for before, after in pairwise(events)
            if after.seq == before.seq + 1 and after.prev_hash != before.hash
        )
        untold = sum(event.computed is None for event in events)
        if untold and not found:
            msg = f"{untold} of {len(events)} events come without their payload: their hashes cannot be recomputed"
            raise Unobserved(msg)
        return Findings(found)

    def _events(self) -> Iterator["AuditEvent"]:
        known: set[int] = set()
        for events in self._journey.events.values():
            for event in events:
                if event.seq not in known:
                    known.add(event.seq)
                    yield event

    def _require_asked(self) -> None:
        self._journey.made("audit")
        if not self._journey.audited:
            msg = "nothing was done of which the audit log should tell"
            raise Unobserved(msg)
