"""The books of a small honest platform: employers, periods, ledger, payments, and an audit log in a chain."""

import hashlib
import itertools
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from apgms_ops.observation import canonical, timestamp

GENESIS = "0" * 64


class Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, error: str) -> None:
        """Say how to answer."""
        super().__init__(error)
        self.status, self.error = status, error


@dataclass
class Payment:
    """A payment, acknowledged once it was looked at often enough."""

    identity: str
    abn: str
    cents: int
    looks: int = 0


@dataclass
class Office:
    """Everything that is written down."""

    looks_until_ack: int = 2
    """How often a payment is looked at before it is acknowledged; a large number is never."""
    employers: dict[str, dict[str, Any]] = field(default_factory=dict)
    periods: dict[tuple[str, str, str], str] = field(default_factory=dict)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    payments: dict[str, Payment] = field(default_factory=dict)
    answers: dict[tuple[str, str], tuple[object, int, dict[str, Any]]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def register(self, abn: str, name: str) -> tuple[int, dict[str, Any]]:
        """Register an employer, unless it is."""
        with self.lock:
            fresh = abn not in self.employers
            if fresh:
                self.employers[abn] = {
                    "abn": abn,
                    "legalName": name,
                    "status": "active",
                    "synthetic": True,
                    "registeredAt": timestamp(datetime.now(UTC)),
                }
            return (201 if fresh else 200), dict(self.employers[abn])

    def remove(self, abn: str) -> None:
        """Bring an employer's books to nothing, and forget it."""
        with self.lock:
            self.require(abn)
            if any(p.abn == abn and p.looks < self.looks_until_ack for p in self.payments.values()):
                for payment in self.payments.values():
                    payment.looks += payment.abn == abn
                raise Refusal(409, "payments_pending")
            sums: dict[tuple[str, str], int] = {}
            for row in self.ledger:
                if row["abn"] == abn:
                    place = row["taxType"], row["period"]
                    sums[place] = sums.get(place, 0) + row["amountCents"]
            for (tax_type, period), cents in sums.items():
                if cents:
                    self.append(abn, tax_type, period, -cents)
            self.periods = {place: state for place, state in self.periods.items() if place[0] != abn}
            del self.employers[abn]

    def require(self, abn: str) -> None:
        """Go on only with an employer that is registered."""
        if abn not in self.employers:
            raise Refusal(404, "not_found")

    def balance(self, abn: str, tax_type: str) -> int:
        """Return what an account holds."""
        return sum(row["amountCents"] for row in self.ledger if (row["abn"], row["taxType"]) == (abn, tax_type))

    def append(self, abn: str, tax_type: str, period: str, cents: int) -> dict[str, Any]:
        """Add a row."""
        before = self.balance(abn, tax_type)
        row = {
            "id": len(self.ledger) + 1,
            "abn": abn,
            "taxType": tax_type,
            "period": period,
            "amountCents": cents,
            "balanceAfterCents": before + cents,
            "prevHash": self.ledger[-1]["hash"] if self.ledger else GENESIS,
            "createdAt": timestamp(datetime.now(UTC)),
        }
        row["hash"] = hashlib.sha256(canonical(row)).hexdigest()
        self.ledger.append(row)
        return row

    def rows(self, abn: str, tax_type: str) -> list[dict[str, Any]]:
        """Return an account's rows."""
        self.require(abn)
        return [dict(row) for row in self.ledger if (row["abn"], row["taxType"]) == (abn, tax_type)]

    def once(self, org: str, key: str, kind: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Deposit or pay, once under its key."""
        with self.lock:
            self.require(body["abn"])
            asked = (kind, sorted(body.items()))
            known = self.answers.get((org, key))
            if known is not None:
                if known[0] != asked:
                    raise Refusal(409, "idempotency_conflict")
                return known[1], known[2]
            status, answer = self._deposit(body) if kind == "deposit" else self._pay(body)
            self.answers[org, key] = asked, status, answer
            return status, answer

    def _deposit(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        place = body["abn"], body["taxType"], body["period"]
        self.periods.setdefault(place, "OPEN")
        row = self.append(*place, body["amountCents"])
        after = row["balanceAfterCents"]
        return 201, {
            "ledgerId": row["id"],
            "balanceBeforeCents": after - body["amountCents"],
            "balanceAfterCents": after,
        }

    def _pay(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        place = body["abn"], body["taxType"], body["period"]
        if self.periods.get(place, "OPEN") == "OPEN":
            raise Refusal(409, "period_open")
        self.append(*place, -body["amountCents"])
        payment = Payment(str(uuid.uuid4()), body["abn"], body["amountCents"])
        self.payments[payment.identity] = payment
        return 202, {"paymentId": payment.identity, "state": "PREPARED"}

    def close(self, abn: str, tax_type: str, period: str) -> dict[str, Any]:
        """Close a period."""
        with self.lock:
            self.require(abn)
            self.periods[abn, tax_type, period] = "CLOSED"
            due = sum(r["amountCents"] for r in self.rows(abn, tax_type) if r["period"] == period)
            return {"state": "CLOSED", "dueCents": due}

    def payment(self, identity: str) -> dict[str, Any]:
        """Look at a payment, which moves it on."""
        with self.lock:
            if identity not in self.payments:
                raise Refusal(404, "not_found")
            payment = self.payments[identity]
            payment.looks += 1
            done = payment.looks >= self.looks_until_ack
            return {
                "paymentId": identity,
                "abn": payment.abn,
                "amountCents": payment.cents,
                "state": "ACK" if done else "SENT",
                "reconciledAt": timestamp(datetime.now(UTC)) if done else None,
                "bank": "synthetic",
            }

    def audit(self, org: str, actor: str, action: str, correlation_id: str) -> None:
        """Write down what was done."""
        with self.lock:
            content = {
                "event_id": str(uuid.uuid4()),
                "org_id": org,
                "actor_id": actor,
                "action": action,
                "at": timestamp(datetime.now(UTC)),
                "payload": {"correlationId": correlation_id, "route": action},
            }
            previous = self.events[-1]["hash"] if self.events else GENESIS
            linked = hashlib.sha256(previous.encode() + canonical(content)).hexdigest()
            self.events.append(
                {
                    "seq": len(self.events) + 1,
                    "eventId": content["event_id"],
                    "orgId": org,
                    "actorId": actor,
                    "action": action,
                    "at": content["at"],
                    "payload": content["payload"],
                    "prevHash": previous,
                    "hash": linked,
                }
            )

    def events_of(self, org: str, correlation_id: str) -> list[dict[str, Any]]:
        """Return what a tenant may know of a correlation id."""
        with self.lock:
            return [
                dict(event)
                for event in self.events
                if event["orgId"] == org and event["payload"]["correlationId"] == correlation_id
            ]

    @property
    def out_of_balance(self) -> list[tuple[str, str]]:
        """The accounts that hold anything."""
        places = {(row["abn"], row["taxType"]) for row in self.ledger}
        return sorted(itertools.filterfalse(lambda place: self.balance(*place) == 0, places))
