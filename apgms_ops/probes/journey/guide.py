"""What every part of a walk goes by: names for its requests, time for each, and where it must end early."""

import threading
from dataclasses import dataclass
from typing import Final

from apgms_ops.clients.gateway.front_door import Customer, Label, Login, Told
from apgms_ops.clients.gateway.journey_facts import Exchanged
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Smoke
from apgms_ops.errors import DeadlineExceeded
from apgms_ops.evidence.journal import Journal, NoJournal
from apgms_ops.probes.journey.answers import shown

_PATIENCE: Final = 5
"""A request is given so many times its step's limit, so that how slow it is can be seen."""
_LEAST: Final = 10.0
"""Seconds that it is given at least."""


class WalkEnded(Exception):
    """The walk cannot go on; the text says why."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who walks, and who looks on."""

    customer: Customer
    rules: Smoke
    login: Login
    other: Login


class Guide:
    """Names requests, keeps what came of them, and ends the walk where it must end."""

    def __init__(
        self, walk: str, party: Party, journal: Journal | NoJournal, deadline: Deadline, interrupted: threading.Event
    ) -> None:
        """Begin.

        Args:
            walk: The walk's id, twelve hexadecimal digits.
            party: Who walks.
            journal: What the walk is about to do, on the disk before it is done.
            deadline: For the walk; its clean-up has time of its own.
            interrupted: Set when somebody stops the run.
        """
        self.walk = walk
        self.customer = party.customer
        self.rules = party.rules
        self.party = party
        self.journal = journal
        self.deadline = deadline
        self.interrupted = interrupted
        self.step = "version"
        self.exchanges: dict[str, Exchanged] = {}
        self.audited: dict[str, str] = {}
        self._number = 0

    @property
    def legal_name(self) -> str:
        """What the employer of this walk is called."""
        return self.name_of(self.walk)

    def name_of(self, walk: str) -> str:
        """Return what the employer of a walk is called: that tells later whose it is."""
        return f"{self.rules.legal_name} {walk}"

    def key(self, name: str) -> str:
        """Return a fresh idempotency key."""
        return f"smoke-{self.walk}-{name}"

    def label(self, step: str, name: str) -> Label:
        """Name the next request.

        Raises:
            WalkEnded: The run was interrupted.
            DeadlineExceeded: No time is left.
        """
        self.step = step
        if self.interrupted.is_set():
            msg = "the run was interrupted"
            raise WalkEnded(msg)
        self.deadline.require(f"going on to {name}")
        return self.label_anyway(step, name)

    def label_anyway(self, step: str, name: str) -> Label:
        """Name a request of the clean-up, which is made whatever has happened; note it before it is made."""
        self._number += 1
        self.journal.note(step=step, request=name)
        return Label(step, name, f"smoke-{self.walk}-{self._number:03d}-{name}")

    def patience(self, step: str) -> Deadline:
        """Return the time for one request of a step."""
        return patience(self.rules, step, self.deadline)

    def keep(self, told: Told, action: str | None = None) -> tuple[Exchanged, object]:
        """Keep a request, under its name; of several of one name, the slowest time and the newest answer.

        Args:
            told: What came of it.
            action: Under which the audit log must tell of it; None where it need not.
        """
        seen, data = told
        before = self.exchanges.get(seen.name)
        if before is not None and before.took > seen.took:
            seen = _as_slow_as(before, seen)
        self.exchanges[seen.name] = seen
        if action is not None and seen.trouble is None:
            self.audited[seen.name] = action
        return seen, data

    def need(self, seen: Exchanged, status: int) -> None:
        """Go on only if a request was answered so.

        Raises:
            WalkEnded: It was not.
        """
        if seen.trouble is not None:
            msg = f"{seen.what} ({seen.name}): {seen.trouble}"
            raise WalkEnded(msg)
        if seen.status != status:
            msg = f"{seen.what} ({seen.name}) was answered with {shown(seen)}, not {status}"
            raise WalkEnded(msg)

    def pause(self, seconds: float, doing: str, deadline: Deadline) -> bool:
        """Wait, unless the time for it is over; return whether it was waited.

        Raises:
            WalkEnded: The run was interrupted meanwhile.
        """
        try:
            deadline.pause(seconds, doing)
        except DeadlineExceeded:
            return False
        if self.interrupted.is_set():
            msg = "the run was interrupted"
            raise WalkEnded(msg)
        return True


def patience(rules: Smoke, step: str, deadline: Deadline) -> Deadline:
    """Return the time for one request of a step: what hangs is not waited for until the whole walk's time is up."""
    return deadline.within(max(_LEAST, _PATIENCE * rules.limit_of(step).value.total_seconds()))


def _as_slow_as(slower: Exchanged, newest: Exchanged) -> Exchanged:
    return Exchanged(
        step=newest.step,
        name=newest.name,
        what=newest.what,
        correlation_id=newest.correlation_id,
        at=newest.at,
        took=slower.took,
        status=newest.status,
        tls=newest.tls,
        date=newest.date,
        fields=newest.fields,
        trouble=newest.trouble,
    )
