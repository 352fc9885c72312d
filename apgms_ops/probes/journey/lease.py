"""A synthetic number for this walk alone, and the clean-up after this walk and after those that died.

`PUT` of an employer answers 201 to one walk only: that is the lease. The employer's name holds the walk's id, so that
whoever finds it later knows whose it is; how old it is tells whether that walk can still be alive.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from apgms_ops.clients.gateway import journey_parse
from apgms_ops.clients.gateway.journey_facts import Exchanged
from apgms_ops.clients.http.shape import rfc3339
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer
from apgms_ops.evidence.journal import HOLDING, RELEASED, TRYING, Dead
from apgms_ops.probes.journey.answers import shown
from apgms_ops.probes.journey.guide import Guide, WalkEnded
from apgms_ops.secret import Secret

TAX_TYPES: Final = ("PAYGW", "GST")
PENDING: Final = "payments_pending"
_STEP: Final = "employer"
_CLEAN: Final = "clean-up"
_POLL: Final = 0.5
"""Seconds between two looks."""
_LOOKS: Final = 4
"""Looks at a number that was given back, which others may take and give back while it is being looked at."""
_SWEPT: Final = 8
"""Numbers that a walk looks through for what others left; where there are more, a part of them each time."""


@dataclass(slots=True)
class Leases:
    """Takes numbers, and gives them back."""

    guide: Guide
    token: Secret
    rng: random.Random
    cleaned: list[str] = field(default_factory=list)
    """Numbers that were cleaned up after somebody else."""
    residue: dict[str, str] = field(default_factory=dict)
    """Number → what is left of it."""
    held: str | None = None
    """The number that this walk has to itself."""
    _unsure: str | None = None
    """A number that it asked for, and has no answer about."""

    def take(self) -> str:
        """Return a number that this walk has to itself.

        Raises:
            WalkEnded: The platform refuses, or every number is taken for as long as there is time to wait.
            DeadlineExceeded: No time is left.
        """
        numbers = list(self.guide.rules.abns)
        self.rng.shuffle(numbers)
        while True:
            for abn in numbers:
                if self._taken(abn):
                    return abn
            if not self.guide.pause(_POLL, "waiting for a number", self.guide.deadline.within(self._waiting)):
                msg = (
                    f"all {len(numbers)} synthetic numbers are taken by walks that may be alive: run it again later, "
                    "declare more of them (smoke.abns), or, if nobody walks: apgms-ops smoke clean"
                )
                raise WalkEnded(msg)

    @property
    def _waiting(self) -> float:
        """Seconds that may be waited: what the walk itself takes must be left."""
        return max(_POLL, self.guide.deadline.remaining - self.guide.rules.duration.value.total_seconds())

    def _taken(self, abn: str) -> bool:
        seen = self._register(abn)
        if seen.status == HTTPStatus.OK and self._abandoned(abn, seen):
            self._clean_up_after_others(abn, self.guide.deadline)
            seen = self._register(abn)
        if seen.status == HTTPStatus.OK:
            return False
        self.guide.keep((seen, None), "employer.register")
        self.guide.need(seen, HTTPStatus.CREATED)
        self.held = abn
        self.guide.journal.note(**{HOLDING: abn})
        return True

    def _register(self, abn: str) -> Exchanged:
        label = self.guide.label(_STEP, "employer")
        self.guide.journal.note(**{TRYING: abn})
        self._unsure = abn
        seen, _ = self.guide.customer.register(
            label, abn, self.guide.legal_name, self.token, self.guide.patience(_STEP)
        )
        if seen.status is not None:
            self._unsure = None
        if seen.status == HTTPStatus.OK:
            self.guide.journal.note(**{RELEASED: abn})
        return seen

    def _abandoned(self, abn: str, seen: Exchanged) -> bool:
        """Whether an employer is a walk's, and was not touched for so long that this walk must be dead."""
        name = seen.fields.get("legalName")
        if not isinstance(name, str) or not name.startswith(self.guide.rules.legal_name):
            return False
        touched = [at for at in (_registered_at(seen), *self._movements(abn)) if at is not None]
        if not touched:
            return False  # nobody says how old it is: it may be somebody's walk
        return self._old(max(touched), seen)

    def _old(self, at: datetime | None, seen: Exchanged) -> bool:
        """Whether a time is older than a walk that is alive can be, or there is none."""
        now = seen.date or datetime.now(UTC)
        return at is None or now - at > self.guide.rules.abandoned_after.value

    def _movements(self, abn: str) -> Iterator[datetime]:
        for tax_type in TAX_TYPES:
            label = self.guide.label(_STEP, f"age-{tax_type}")
            _, data = self.guide.customer.ledger(label, abn, tax_type, self.token, self.guide.patience(_STEP))
            at = _last_movement(data)
            if at is not None:
                yield at

    # Clean-up

    def give_back(self, deadline: Deadline) -> bool:
        """Remove what this walk has taken, and return whether nothing is left of it."""
        unsure, self._unsure = self._unsure, None
        done = True
        if unsure is not None and unsure != self.held:
            done = self._recover(unsure, self.guide.walk, deadline)
        if self.held is not None:
            done = self.release(self.held, deadline, self.guide.walk, kept=True) and done
        return done

    def recover(self, dead: Dead, deadline: Deadline) -> None:
        """Clean up what a walk left that died on this machine, and nothing else."""
        done = [self._recover(abn, dead.walk, deadline) for abn in dead.holds]
        if all(done):
            dead.journal.finish()
        else:
            dead.journal.close()

    def _recover(self, abn: str, walk: str, deadline: Deadline) -> bool:
        if abn not in self.guide.rules.abns:
            return True  # it is not declared any more: nothing of ours to touch
        label = self.guide.label_anyway(_CLEAN, "whose")
        self.guide.journal.note(**{TRYING: abn})
        seen, _ = self.guide.customer.register(label, abn, self.guide.legal_name, self.token, deadline)
        if seen.status == HTTPStatus.CREATED:
            return self.release(abn, deadline, self.guide.walk)
        if seen.status != HTTPStatus.OK:
            self.residue[abn] = f"a walk left it, and it cannot be looked at: {_said(seen)}"
            return False
        if seen.fields.get("legalName") != self.guide.name_of(walk):
            self.guide.journal.note(**{RELEASED: abn})
            return True  # it is another walk's by now
        return self._clean_up_after_others(abn, deadline)

    def _clean_up_after_others(self, abn: str, deadline: Deadline) -> bool:
        done = self.release(abn, deadline, None)
        if done:
            self.cleaned.append(abn)
        return done

    def sweep(self, mine: str | None, deadline: Deadline) -> None:
        """Clean up after walks of other machines, as far as they are known to be dead."""
        others = [abn for abn in self.guide.rules.abns if abn != mine]
        self.rng.shuffle(others)
        for abn in others[:_SWEPT]:
            label = self.guide.label(_CLEAN, "sweep")
            found, data = self.guide.customer.ledger(label, abn, TAX_TYPES[0], self.token, self.guide.patience(_CLEAN))
            if found.status != HTTPStatus.OK or not self._old(_last_movement(data), found):
                continue
            seen = self._register(abn)
            if seen.status == HTTPStatus.CREATED:  # it was given back meanwhile
                self.release(abn, deadline, self.guide.walk)
            elif seen.status == HTTPStatus.OK and self._abandoned(abn, seen):
                self._clean_up_after_others(abn, deadline)

    def release(self, abn: str, deadline: Deadline, walk: str | None, *, kept: bool = False) -> bool:
        """Remove an employer, see that nothing is left of it, and return whether that is so.

        Args:
            abn: Its number.
            deadline: For all of it; a payment that is under way is waited for.
            walk: Whose it is; None where it is somebody else's.
            kept: Whether the requests are kept as those of this walk's clean-up.
        """
        if deadline.expired:
            self.residue[abn] = "no time was left to remove the employer"
            return False
        seen = self._remove(abn, deadline)
        if kept:
            self.guide.keep((seen, None))
        if seen.status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}:
            self.residue[abn] = f"the employer is still registered: DELETE was answered with {_said(seen)}"
            return False
        left = self._left(abn, deadline, kept=kept)
        for _ in range(_LOOKS):
            if not left or self._belongs_to_others(abn, walk, deadline):
                # Only now: where something is left, the next run on this machine is to try again.
                self.guide.journal.note(**{RELEASED: abn})
                return True
            left = self._left(abn, deadline, kept=False)
        self.residue[abn] = "; ".join(left)
        return False

    def _remove(self, abn: str, deadline: Deadline) -> Exchanged:
        # A payment that is under way is given once more the time that payments are given.
        waiting = deadline.within(self.guide.rules.acknowledgement.value.total_seconds())
        while True:
            label = self.guide.label_anyway(_CLEAN, "clean-up")
            seen, _ = self.guide.customer.remove(label, abn, self.token, deadline)
            pending = seen.status == HTTPStatus.CONFLICT and seen.fields.get("error") == PENDING
            if not pending or waiting.remaining <= _POLL:
                return seen
            waiting.pause(_POLL, "waiting for a payment to be reconciled")

    def _left(self, abn: str, deadline: Deadline, *, kept: bool) -> list[str]:
        left: list[str] = []
        for tax_type in TAX_TYPES:
            label = self.guide.label_anyway(_CLEAN, f"left-{tax_type}")
            told = self.guide.customer.ledger(label, abn, tax_type, self.token, deadline)
            if kept:
                self.guide.keep(told)
            seen = told[0]
            if seen.status != HTTPStatus.NOT_FOUND:
                left.append(f"{seen.what} was answered with {_said(seen)} after the employer was removed, not 404")
        return left

    def _belongs_to_others(self, abn: str, walk: str | None, deadline: Deadline) -> bool:
        """Whether another walk has taken the number since it was given back, which is no residue of ours."""
        label = self.guide.label_anyway(_CLEAN, "whose")
        seen, _ = self.guide.customer.register(label, abn, self.guide.legal_name, self.token, deadline)
        if seen.status == HTTPStatus.CREATED:
            # Nobody has it: whoever had it, when it was looked at, has given it back; or it can be read all the same,
            # which the next look tells.
            self._remove(abn, deadline)
            return False
        mine = self.guide.name_of(walk) if walk is not None else None
        return seen.status == HTTPStatus.OK and seen.fields.get("legalName") != mine


def _last_movement(data: object) -> datetime | None:
    """Return when an account's last row was written; None where it has none, or nobody says."""
    try:
        return max((row.created_at for row in journey_parse.ledger(data)), default=None)
    except BadAnswer:
        return None


def _registered_at(seen: Exchanged) -> datetime | None:
    try:
        return rfc3339(seen.fields.get("registeredAt"), "registeredAt")
    except BadAnswer:
        return None


def _said(seen: Exchanged) -> str:
    return seen.trouble if seen.trouble is not None else shown(seen)
