"""The books: the employer, deposits, the period, the payment and the ledger, to the cent."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from apgms_ops.environment.model import Smoke
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.journey.answers import differs, not_answered, same, shown

if TYPE_CHECKING:
    from apgms_ops.clients.gateway.journey_facts import Exchanged, LedgerRow
    from apgms_ops.probes.journey.facts import Journey

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_STATES: Final = ("PREPARED", "SENT", "ACK")
_DONE: Final = "ACK"
_BEFORE: Final = "ledger-before"
_DEPOSITED: Final = "ledger-deposited"
_PAID: Final = "ledger-paid"


class Books:
    """Judges what was written."""

    def __init__(self, journey: "Journey") -> None:
        """Take the walk."""
        self._journey = journey

    def employer_wrong(self) -> Findings:
        """Say what is wrong with the employer that was registered, and with registering it again.

        Raises:
            Unobserved: It was not asked for.
        """
        seen = self._journey.made("employer")
        refused = tuple(not_answered(seen, HTTPStatus.CREATED))
        if refused:
            return Findings(refused)
        found = list(self._employer(seen))
        again = self._journey.made("employer-again")
        found.extend(not_answered(again, HTTPStatus.OK))
        if again.status == HTTPStatus.OK:
            found.extend(self._employer(again))
        return Findings(found)

    def _employer(self, seen: "Exchanged") -> Iterator[str]:
        written = self._journey.wrote()
        for field, wanted in (("abn", written.abn), ("legalName", written.legal_name), ("status", "active")):
            yield from differs(seen, field, wanted)
        yield from differs(seen, "synthetic", wanted=True)

    def deposits_wrong(self) -> Findings:
        """Say which deposits do not add up, in their answers and in the ledger right after them.

        Raises:
            Unobserved: None was made.
        """
        found: list[str] = []
        balance = 0
        for number, cents in enumerate(self._written_deposits(), 1):
            seen = self._journey.made(f"deposit-{number}")
            refused = tuple(not_answered(seen, HTTPStatus.CREATED))
            if refused:
                return Findings([*found, *refused])
            found.extend(differs(seen, "balanceBeforeCents", balance))
            balance += cents
            found.extend(differs(seen, "balanceAfterCents", balance))
        again, first = self._journey.made("deposit-again"), self._journey.made("deposit-1")
        found.extend(_unlike(again, first))
        found.extend(self._rows_wrong(_DEPOSITED, self._journey.wrote().deposits))
        return Findings(found)

    def _written_deposits(self) -> tuple[int, ...]:
        self._journey.made("deposit-1")
        return self._journey.wrote().deposits

    def paid_too_early(self) -> Findings:
        """Say whether an open period took a payment.

        Raises:
            Unobserved: It was not tried.
        """
        return Findings(not_answered(self._journey.made("pay-too-early"), HTTPStatus.CONFLICT, "period_open"))

    def closing_wrong(self) -> Findings:
        """Say what is wrong with the period's closing: its state, or what it says is due.

        Raises:
            Unobserved: It was not closed.
        """
        seen = self._journey.made("close")
        refused = tuple(not_answered(seen, HTTPStatus.OK))
        due = sum(self._journey.wrote().deposits)
        return Findings(refused or (*differs(seen, "state", "CLOSED"), *differs(seen, "dueCents", due)))

    def payment_wrong(self, rules: Smoke) -> Findings:
        """Say what is wrong with how the payment was taken, and with the bank that it went to.

        Raises:
            Unobserved: There was none, or nobody says which bank.
        """
        seen = self._journey.made("pay")
        found = list(not_answered(seen, HTTPStatus.ACCEPTED))
        if found:
            return Findings(found)
        if seen.fields.get("state") not in _STATES:
            found.append(f"{seen.what}: state is {seen.fields.get('state')!r}, not PREPARED")
        if not isinstance(seen.fields.get("paymentId"), str) or not seen.fields["paymentId"]:
            found.append(f"{seen.what}: the answer has no paymentId")
        payment = self._journey.made("payment")
        bank = payment.fields.get("bank")
        if bank is not None and bank != rules.bank:
            found.append(f"the payment went to the bank {bank!r}, not to {rules.bank!r}: it may have moved money")
        if bank is None and not found:
            msg = f"{payment.what} names no bank: whether it is {rules.bank!r} is not known"
            raise Unobserved(msg)
        return Findings(found)

    def replay_wrong(self) -> Findings:
        """Say how the same payment under the same key was answered otherwise, or was made twice.

        Raises:
            Unobserved: It was not tried.
        """
        again, first = self._journey.made("pay-again"), self._journey.made("pay")
        return Findings((*_unlike(again, first), *self._paid_twice()))

    def other_body_taken(self) -> Findings:
        """Say whether the key of one payment was taken for another.

        Raises:
            Unobserved: It was not tried.
        """
        seen = self._journey.made("pay-otherwise")
        return Findings((*not_answered(seen, HTTPStatus.CONFLICT, "idempotency_conflict"), *self._paid_twice()))

    def _paid_twice(self) -> Iterator[str]:
        payments = [row for row in self._new(_PAID) if not isinstance(row.amount_cents, int) or row.amount_cents < 0]
        if len(payments) > 1:
            yield f"the ledger holds {len(payments)} payments for one: {', '.join(str(row.id) for row in payments)}"

    def not_acknowledged(self, rules: Smoke) -> Findings:
        """Say whether the payment was not acknowledged and reconciled in time.

        Raises:
            Unobserved: There was no payment.
        """
        seen = self._journey.made("payment")
        refused = tuple(not_answered(seen, HTTPStatus.OK))
        if refused:
            return Findings(refused)
        limit, state = rules.acknowledgement, seen.fields.get("state")
        after = self._journey.wrote().acknowledged_after
        within = f"within {format_duration(limit.value)} ({limit.source})"
        if state != _DONE:
            return Findings((f"the payment is {state}, and was not acknowledged {within}",))
        if after is None:
            return Findings((f"the payment is {state}, and was not reconciled {within}",))
        if after > limit.value.total_seconds():
            return Findings((f"the payment was acknowledged and reconciled after {after:.1f} s, not {within}",))
        return Findings()

    def ledger_wrong(self) -> Findings:
        """Say what in the ledger is not what was done, does not add up, or does not hang together.

        Raises:
            Unobserved: It was not read after the payment.
        """
        deposits = self._journey.wrote().deposits
        found = list(self._rows_wrong(_PAID, (*deposits, -sum(deposits))))
        rows = self._new(_PAID)
        found.extend(
            f"row {row.id} has no hash of 64 hexadecimal digits"
            for row in rows
            if not (_HASH.fullmatch(row.hash) and _HASH.fullmatch(row.prev_hash))
        )
        if len({row.hash for row in rows}) < len(rows):
            found.append("two rows have the same hash")
        found.extend(
            f"row {after.id} does not follow row {before.id}: its prevHash is another"
            for before, after in pairwise(rows)
            if isinstance(before.id, int) and after.id == before.id + 1 and after.prev_hash != before.hash
        )
        return Findings(found)

    def _new(self, name: str) -> tuple["LedgerRow", ...]:
        """Return the rows that an account had beyond those from before the walk.

        Raises:
            Unobserved: It was not read.
        """
        for one in (_BEFORE, name):
            seen = self._journey.made(one)
            if one not in self._journey.ledgers:
                msg = f"{seen.what} ({one}) was answered with {shown(seen)}, and told no rows"
                raise Unobserved(msg)
        before = {row.id for row in self._journey.ledgers[_BEFORE]}
        return tuple(row for row in self._journey.ledgers[name] if row.id not in before)

    def _rows_wrong(self, name: str, wanted: tuple[int, ...]) -> Iterator[str]:
        seen = self._journey.made(name)
        refused = tuple(not_answered(seen, HTTPStatus.OK))
        if refused:
            yield from refused
            return
        rows, period = self._new(name), self._journey.wrote().period
        amounts = tuple(row.amount_cents for row in rows)
        if len(amounts) != len(wanted) or not all(map(same, amounts, wanted)):
            yield f"{seen.what} ({name}) holds the amounts {list(amounts)}, and {list(wanted)} were written"
            return
        balance = 0
        for row, cents in zip(rows, wanted, strict=True):
            balance += cents
            if not same(row.balance_after_cents, balance):
                yield f"row {row.id}: the balance after {cents} cents is {row.balance_after_cents!r}, not {balance}"
            if row.period != period:
                yield f"row {row.id} is of the period {row.period}, not of {period}"


def _unlike(again: "Exchanged", first: "Exchanged") -> Iterator[str]:
    if again.status != first.status or again.fields != first.fields:
        yield (
            f"{again.what} under the same key was answered with {shown(again)} {again.fields}, "
            f"and at first with {shown(first)} {first.fields}"
        )
