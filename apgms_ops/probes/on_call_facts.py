"""Who is on call at every level at every moment ahead, and whether they can be reached. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from typing import Final

from apgms_ops.clients.pagerduty.facts import ContactKind, EscalationPolicy, OnCall, TargetKind, Urgency
from apgms_ops.environment.model import Environment, EscalationPath, Oncall
from apgms_ops.environment.types import Duration, Limit, format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.local_time import local
from apgms_ops.probes.paged_services import declared_oncall
from apgms_ops.redact import printable

ROUSING: Final = (ContactKind.PHONE, ContactKind.SMS, ContactKind.PUSH)
"""What wakes a person; an e-mail does not."""
_ONLOOKERS: Final = ("read_only_user", "read_only_limited_user")
"""Roles that cannot act on an incident, whoever is called."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to reach a person."""

    id: str
    kind: ContactKind
    ending: str
    """The last two digits of a telephone's number: more is nobody's business. Empty where it is none."""
    blocked: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """When a person is told, and which way."""

    urgency: Urgency
    delay: float
    """Seconds."""
    way: str
    """Id of the way."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is on call, or stands in the list of contacts; without a name."""

    id: str
    there: bool
    """Whether the account has such a user at all."""
    role: str
    invited: bool
    """Has never logged in."""
    ways: tuple[Way, ...]
    rules: tuple[Rule, ...]

    def inactive(self) -> str | None:
        """Return why this person cannot be on call; None where nothing is in the way."""
        if not self.there:
            return "is no user of the account"
        if self.invited:
            return "has never accepted the invitation"
        return f"is a {self.role}, who cannot act" if self.role in _ONLOOKERS else None

    def unreachable(self) -> Iterator[str]:
        """Yield what keeps a call from getting through to this person at once."""
        reason = self.inactive()
        if reason is not None:
            yield f"{self.id} {reason}"
            return
        open_ways = {way.id: way for way in self.ways if not way.blocked}
        if not any(way.kind is ContactKind.PHONE for way in open_ways.values()):
            yield f"{self.id} has no telephone" + (" that is not blocked" if len(open_ways) < len(self.ways) else "")
        at_once = [
            rule
            for rule in self.rules
            if rule.urgency is Urgency.HIGH
            and rule.delay == 0
            and rule.way in open_ways
            and open_ways[rule.way].kind in ROUSING
        ]
        if not at_once:
            yield f"{self.id} is not told at once of what is urgent, by a way that wakes: no such rule"


@dataclass(frozen=True, slots=True)
class Listed:
    """A number of the runbook's list, compared with PagerDuty's."""

    role: str
    user: str
    ending: str
    """The last two digits of the runbook's number."""
    same: bool
    """Whether one of the person's telephones has that number. Numbers, and digests of them, which are as good as
    numbers to who can count to a billion, are not kept."""


@dataclass(frozen=True, slots=True)
class Rota:
    """Who is called."""

    at: datetime
    until: datetime
    """As far as was looked."""
    policies: tuple[EscalationPolicy, ...]
    shifts: tuple[OnCall, ...]
    people: tuple[Person, ...]
    contacts: tuple[Listed, ...]

    def gaps(self, environment: Environment, ahead: Limit[Duration]) -> Findings:
        """Say when nobody who is active is on call at a level, within some time from now.

        Args:
            environment: Declares policies and levels.
            ahead: How far is looked.

        Raises:
            Unobserved: That is further than was looked, or a policy was not read.
        """
        declared = declared_oncall(environment)
        until = self.at + ahead.value
        if until > self.until:
            msg = f"{format_duration(ahead.value)} ahead were to be looked at, and it ends at {self.until.isoformat()}"
            raise Unobserved(msg)
        found = []
        for name, level, shifts in self._levels(declared):
            for start, end in _uncovered([(s.start, s.end) for s in shifts], self.at, until):
                when = f"from {local(start, declared)} to {local(end, declared)}"
                found.append(
                    f"nobody is on call at level {level} of {name} {when}, within {format_duration(ahead.value)} "
                    f"({ahead.source})"
                )
        return Findings(found)

    def alone(self, environment: Environment) -> Findings:
        """Say when two levels are one person: who does not hear the first call does not hear the second."""
        declared = declared_oncall(environment)
        levels: dict[str, list[list[OnCall]]] = {}
        for name, _, shifts in self._levels(declared):
            levels.setdefault(name, []).append(shifts)
        found = []
        for name, every in levels.items():
            for (i, first), (j, second) in combinations(enumerate(every, 1), 2):
                moments = self._moments(first, second)
                for at in moments:
                    people = [{s.user for s in shifts if _covers(s, at)} for shifts in (first, second)]
                    if all(people) and len(people[0] | people[1]) == 1:
                        who, when = people[0].pop(), local(at, declared)
                        found.append(f"{who} alone is on call at both levels {i} and {j} of {name} at {when}")
                        break
        return Findings(found)

    def _moments(self, *shifts: list[OnCall]) -> list[datetime]:
        """Return every moment at which something changes; in between, nothing does."""
        changes = {at for some in shifts for shift in some for at in (shift.start, shift.end) if at is not None}
        return sorted({self.at, *(at for at in changes if self.at <= at < self.until)})

    def out_of_reach(self, environment: Environment) -> Findings:
        """Say who is on call, and would not hear of it.

        Raises:
            Unobserved: Nobody is on call at all, so that there is nobody to reach.
        """
        shifts = [s for path in declared_oncall(environment).policies.values() for s in self._on(path)]
        if not shifts:
            msg = "nobody is on call: there is nobody of whom to say whether they can be reached"
            raise Unobserved(msg)
        wanted = {shift.user for shift in shifts}
        missing = wanted - {person.id for person in self.people}
        if missing:
            msg = f"{', '.join(sorted(missing))} is on call, and was not read"
            raise Unobserved(msg)
        return Findings(words for person in self.people if person.id in wanted for words in person.unreachable())

    def rerouted(self, environment: Environment) -> Findings:
        """Say which level of a policy points to anything but the schedule that is declared for it."""
        found = []
        for name, path in declared_oncall(environment).policies.items():
            policy = self._policy(path)
            for number, schedule in enumerate(path.schedules, 1):
                targets = policy.levels[number - 1].targets if number <= len(policy.levels) else ()
                if not targets:
                    found.append(f"{name} has no level {number}")
                    continue
                others = [one for one in targets if (one.kind, one.id) != (TargetKind.SCHEDULE, schedule)]
                if len(others) == len(targets):
                    shown = ", ".join(f"{one.kind.value} {printable(one.id, limit=40)}" for one in others)
                    found.append(f"level {number} of {name} points to {shown}, not to schedule {schedule}")
                elif others:
                    shown = ", ".join(f"{one.kind.value} {printable(one.id, limit=40)}" for one in others)
                    found.append(f"level {number} of {name} points to {shown} as well as to schedule {schedule}")
        return Findings(found)

    def slow(self, environment: Environment) -> Findings:
        """Say which level of a policy keeps an incident to itself for too long before the next one hears of it."""
        declared = declared_oncall(environment)
        limit = declared.escalation
        return Findings(
            f"level {number} of {name} passes an incident on after {format_duration(timedelta(seconds=level.delay))}, "
            f"not within {format_duration(limit.value)} ({limit.source})"
            for name, path in declared.policies.items()
            for number, level in enumerate(self._policy(path).levels[: len(path.schedules) - 1], 1)
            if not 0 <= level.delay <= limit.value.total_seconds()
        )

    def misnumbered(self, environment: Environment) -> Findings:
        """Say which number of the runbook's list is not that of the person on PagerDuty.

        Raises:
            Unobserved: One of the list was not compared.
        """
        declared = {(contact.user, contact.role) for contact in declared_oncall(environment).contacts}
        missing = declared - {(contact.user, contact.role) for contact in self.contacts}
        if missing:
            msg = f"the number of {', '.join(sorted(user for user, _ in missing))} was not compared"
            raise Unobserved(msg)
        people = {person.id: person for person in self.people}
        found = []
        for contact in self.contacts:
            if not contact.same:
                person = people.get(contact.user)
                endings = sorted({way.ending for way in person.ways if way.ending}) if person else []
                theirs = f"numbers that end with {', '.join(endings)}" if endings else "no number"
                found.append(
                    f"the number of the {contact.role} ends with {contact.ending} in the runbook's list; "
                    f"{contact.user} has {theirs} on PagerDuty"
                )
        return Findings(found)

    def _levels(self, declared: Oncall) -> Iterator[tuple[str, int, list[OnCall]]]:
        """Yield each declared level of each policy, with the shifts of those who are active."""
        active = {person.id for person in self.people if person.inactive() is None}
        for name, path in declared.policies.items():
            shifts = self._on(path)
            for level in range(1, len(path.schedules) + 1):
                yield name, level, [s for s in shifts if s.level == level and s.user in active]

    def _on(self, path: EscalationPath) -> list[OnCall]:
        policy = self._policy(path)
        return [s for s in self.shifts if s.policy == policy.id and s.level <= len(path.schedules)]

    def _policy(self, path: EscalationPath) -> EscalationPolicy:
        for policy in self.policies:
            if policy.id == path.id:
                return policy
        msg = f"escalation policy {path.id} was not read"
        raise Unobserved(msg)


def _covers(shift: OnCall, at: datetime) -> bool:
    return (shift.start is None or shift.start <= at) and (shift.end is None or at < shift.end)


def _uncovered(
    spans: list[tuple[datetime | None, datetime | None]], since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """Return what is left of a time without the spans; all of it is in UTC, which has no hour twice."""
    inside = sorted((max(start or since, since), min(end or until, until)) for start, end in spans)
    edges = [(since, since)]
    for start, end in inside:
        if start < end:
            edges.append((start, max(end, edges[-1][1])))
    edges.append((until, until))
    return [(before[1], after[0]) for before, after in pairwise(edges) if after[0] > before[1]]
