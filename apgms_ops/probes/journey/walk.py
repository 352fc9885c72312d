"""The walk itself: the twelve steps of the customer journey, in their order."""

from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from apgms_ops.clients.gateway import journey_parse, tokens
from apgms_ops.clients.gateway.front_door import Order
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer
from apgms_ops.probes.journey.guide import Guide, WalkEnded
from apgms_ops.probes.journey.lease import Leases
from apgms_ops.probes.journey.sums import Sum, asked
from apgms_ops.secret import Secret

if TYPE_CHECKING:
    from apgms_ops.clients.gateway.journey_facts import AuditEvent, LedgerRow, TokenSeen

TAX_TYPE: Final = "PAYGW"
DEPOSITS: Final = (12_345, 6_789)
"""Cents."""
_POLL: Final = 0.2
"""Seconds between two looks."""
_SYDNEY: Final = ZoneInfo("Australia/Sydney")
_OTHERS: Final = 1
"""Cents that another tenant tries to move."""


def quarter_of(day: date) -> str:
    """Return the quarter of a day, as periods are written: `2026-Q4`."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


class Walk:
    """Walks the journey once."""

    def __init__(self, guide: Guide, known: dict[str, str], now: datetime) -> None:
        """Take the guide, numbers whose answers are known by that answer, and the present (aware)."""
        self.guide = guide
        self._known = known
        self._today = now.astimezone(_SYDNEY).date()
        self.token: Secret | None = None
        self.token_seen: TokenSeen | None = None
        self.sums: tuple[Sum, ...] = ()
        self.abn: str | None = None
        self.period = quarter_of(self._today)
        self.payment_id: str | None = None
        self.acknowledged_after: float | None = None
        self.ledgers: dict[str, tuple[LedgerRow, ...]] = {}
        self.events: dict[str, tuple[AuditEvent, ...]] = {}
        self.others_events: tuple[AuditEvent, ...] | None = None

    # Steps 2 and 3, and 5: nothing is written

    def be_let_in(self) -> Secret:
        """Try without a token, without a second factor, then log in, then try tokens that nobody signed.

        Raises:
            WalkEnded: There is no log-in.
        """
        guide, customer = self.guide, self.guide.customer
        number = next(iter(self._known.values()), guide.rules.abns[0])
        label = guide.label("no-token", "no-token")
        guide.keep(customer.look_up(label, number, None, guide.patience("no-token")))
        label = guide.label("no-second-factor", "without-otp")
        guide.keep(customer.log_in_without(label, guide.party.login, guide.patience("no-second-factor")))
        label = guide.label("no-second-factor", "wrong-otp")
        guide.keep(customer.log_in_wrongly(label, guide.party.login, guide.patience("no-second-factor")))
        label = guide.label("log-in", "log-in")
        told = customer.log_in(label, guide.party.login, guide.patience("log-in"))
        seen, _ = guide.keep(told, "auth.login")
        guide.need(seen, HTTPStatus.OK)
        token = told[1]
        if token is None:
            msg = f"{seen.what}: the answer has no accessToken"
            raise WalkEnded(msg)
        self.token = token
        try:
            self.token_seen, forged = tokens.read(token), tokens.forgeries(token)
        except BadAnswer as error:
            raise WalkEnded(str(error)) from None
        for name, forgery in forged.items():
            label = guide.label("forged-token", f"forged-{name}")
            guide.keep(customer.look_up(label, number, forgery, guide.patience("forged-token")))
        return token

    def look_up(self, token: Secret) -> None:
        """Look up numbers whose answers are known."""
        for standing, abn in self._known.items():
            label = self.guide.label("look-up", f"abn-{standing}")
            told = self.guide.customer.look_up(label, abn, token, self.guide.patience("look-up"))
            self.guide.keep(told, "registries.abn.lookup")

    def calculate(self, token: Secret) -> None:
        """Have PAYGW and GST calculated."""
        self.sums = asked(self._today)
        for one in self.sums:
            label = self.guide.label("gst" if one.what == "gst" else "paygw", one.name)
            patience = self.guide.patience(label.step)
            told = self.guide.customer.calculate(label, one.what, one.body(), token, patience)
            self.guide.keep(told, f"calculation.{one.what}")

    # Steps 4 and 6 to 9: this writes, with a number that the walk has to itself

    def take_number(self, token: Secret, leases: Leases) -> str:
        """Register an employer that is nobody else's, and register it again.

        Raises:
            WalkEnded: There is none.
        """
        guide = self.guide
        if "invalid" in self._known:
            label = guide.label("employer", "employer-invalid")
            told = guide.customer.register(
                label, self._known["invalid"], guide.legal_name, token, guide.patience("employer")
            )
            guide.keep(told, "employer.register")
        self.abn = abn = leases.take()
        label = guide.label("employer", "employer-again")
        told = guide.customer.register(label, abn, guide.legal_name, token, guide.patience("employer"))
        guide.keep(told, "employer.register")
        return abn

    def keep_books(self, token: Secret, abn: str) -> None:
        """Deposit, pay too early, close, pay, pay again, pay otherwise, and see it acknowledged.

        Raises:
            WalkEnded: A step without which the next makes no sense did not work.
        """
        guide, customer = self.guide, self.guide.customer
        self._read(token, abn, "ledger-before")
        orders = [Order(abn, TAX_TYPE, self.period, cents) for cents in DEPOSITS]
        for number, order in enumerate(orders, 1):
            label = guide.label("deposit", f"deposit-{number}")
            told = customer.deposit(label, order, guide.key(label.name), token, guide.patience("deposit"))
            guide.need(guide.keep(told, "deposit.create")[0], HTTPStatus.CREATED)
        label = guide.label("deposit", "deposit-again")
        told = customer.deposit(label, orders[0], guide.key("deposit-1"), token, guide.patience("deposit"))
        guide.keep(told, "deposit.create")
        self._read(token, abn, "ledger-deposited")
        due = Order(abn, TAX_TYPE, self.period, sum(DEPOSITS))
        label = guide.label("pay-too-early", "pay-too-early")
        told = customer.pay(label, due, guide.key("pay-too-early"), token, guide.patience("pay-too-early"))
        guide.keep(told, "payment.create")
        label = guide.label("close", "close")
        told = customer.close(label, due, token, guide.patience("close"))
        guide.need(guide.keep(told, "period.close")[0], HTTPStatus.OK)
        self._pay(token, due)
        self._read(token, abn, "ledger-paid")

    def _pay(self, token: Secret, due: Order) -> None:
        guide, customer = self.guide, self.guide.customer
        tried = (
            ("pay", due),
            ("pay-again", due),
            ("pay-otherwise", Order(due.abn, due.tax_type, due.period, due.cents - 1)),
        )
        for name, order in tried:
            label = guide.label(name, name)
            seen, _ = guide.keep(
                customer.pay(label, order, guide.key("pay"), token, guide.patience(name)), "payment.create"
            )
            if name == "pay":
                guide.need(seen, HTTPStatus.ACCEPTED)
                identity = seen.fields.get("paymentId")
                if not isinstance(identity, str):
                    msg = f"{seen.what}: the answer has no paymentId"
                    raise WalkEnded(msg)
                self.payment_id = identity

    def see_acknowledged(self, token: Secret) -> None:
        """Look at the payment until it is acknowledged and reconciled, or has failed, or its time is over.

        Raises:
            WalkEnded: Its bank is not the synthetic one.
        """
        guide = self.guide
        limit = guide.rules.acknowledgement.value
        waiting = guide.deadline.within(limit.total_seconds() + _POLL)
        paid = guide.exchanges["pay"]
        while self.payment_id is not None:
            label = guide.label("payment", "payment")
            told = guide.customer.payment(label, self.payment_id, token, guide.patience("payment"))
            seen, _ = guide.keep(told, "payment.read")
            bank = seen.fields.get("bank")
            if bank is not None and bank != guide.rules.bank:
                msg = f"the payment names the bank {bank!r}, not {guide.rules.bank!r}: nothing more is done"
                raise WalkEnded(msg)
            state = seen.fields.get("state")
            if state == "ACK" and seen.fields.get("reconciledAt") is not None:
                ended = seen.at + timedelta(seconds=told[0].took)
                self.acknowledged_after = (ended - paid.at).total_seconds()
                return
            if state == "FAILED" or not guide.pause(_POLL, "waiting for the acknowledgement", waiting):
                return

    def _read(self, token: Secret, abn: str, name: str) -> None:
        label = self.guide.label("ledger", name)
        told = self.guide.customer.ledger(label, abn, TAX_TYPE, token, self.guide.patience("ledger"))
        seen, data = self.guide.keep(told, "ledger.read")
        if seen.status == HTTPStatus.OK:
            try:
                self.ledgers[name] = journey_parse.ledger(data)
            except BadAnswer as error:
                msg = f"{seen.what} ({name}): {error}"
                raise WalkEnded(msg) from None

    # Steps 10 and 11: who knows of it

    def look_on(self, abn: str) -> None:
        """Log in as another tenant, and try to see and do what is ours."""
        guide, customer = self.guide, self.guide.customer
        label = guide.label("other-tenant", "other-log-in")
        told = customer.log_in(label, guide.party.other, guide.patience("other-tenant"))
        guide.keep(told)
        token = told[1]
        if token is None:
            return
        order = Order(abn, TAX_TYPE, self.period, _OTHERS)

        def patience() -> Deadline:
            return guide.patience("other-tenant")

        def name(what: str) -> str:
            return f"other-{what}"

        guide.keep(customer.ledger(guide.label("other-tenant", name("ledger")), abn, TAX_TYPE, token, patience()))
        if self.payment_id is not None:
            label = guide.label("other-tenant", name("payment"))
            guide.keep(customer.payment(label, self.payment_id, token, patience()))
        label = guide.label("other-tenant", name("events"))
        ours = guide.exchanges["deposit-1"].correlation_id
        seen, data = guide.keep(customer.events(label, ours, token, patience()))
        if seen.status == HTTPStatus.OK:
            self.others_events = self._parsed(data)
        label = guide.label("other-tenant", name("deposit"))
        guide.keep(customer.deposit(label, order, guide.key("other-deposit"), token, patience()))
        guide.keep(customer.close(guide.label("other-tenant", name("close")), order, token, patience()))
        # Under our own key: what it was answered to us is not for others either.
        guide.keep(customer.pay(guide.label("other-tenant", name("pay")), order, guide.key("pay"), token, patience()))
        label = guide.label("other-tenant", name("register"))
        guide.keep(customer.register(label, abn, guide.legal_name, token, patience()))
        guide.keep(customer.remove(guide.label("other-tenant", name("remove")), abn, token, patience()))

    def read_audit(self, token: Secret) -> None:
        """Look into the audit log until it tells of every request that it must, or the time for that is over."""
        guide = self.guide
        waiting = guide.deadline.within(guide.rules.audit.value.total_seconds())
        while True:
            for name, action in guide.audited.items():
                if any(event.action == action for event in self.events.get(name, ())):
                    continue
                label = guide.label("audit", "audit")
                asked_of = guide.exchanges[name].correlation_id
                seen, data = guide.keep(guide.customer.events(label, asked_of, token, guide.patience("audit")))
                guide.need(seen, HTTPStatus.OK)
                self.events[name] = self._parsed(data)
            told = {name for name, events in self.events.items() for e in events if e.action == guide.audited.get(name)}
            if told >= set(guide.audited) or not guide.pause(_POLL, "waiting for the audit log", waiting):
                return

    def _parsed(self, data: object) -> "tuple[AuditEvent, ...]":
        try:
            return journey_parse.events(data)
        except BadAnswer as error:
            msg = f"the audit log: {error}"
            raise WalkEnded(msg) from None
