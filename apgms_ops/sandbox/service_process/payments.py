"""The payments service: keeps the ledger, orders payments, has them executed by the bank, and reconciles them."""

import re
from collections.abc import Callable
from typing import Final

from apgms_ops.sandbox.service_process import abn as abns
from apgms_ops.sandbox.service_process import ledger, payments_tables
from apgms_ops.sandbox.service_process.employers import Employers
from apgms_ops.sandbox.service_process.executor import START, Executor
from apgms_ops.sandbox.service_process.frame import Frame
from apgms_ops.sandbox.service_process.ledger import Account
from apgms_ops.sandbox.service_process.message import Handler, Refused, Request, Response, problem, reply
from apgms_ops.sandbox.service_process.parking import Parking
from apgms_ops.sandbox.service_process.payments_books import EXECUTE, Books, Once, Order
from apgms_ops.sandbox.service_process.payments_outbox import Cause, Outbox
from apgms_ops.sandbox.service_process.reconciliation import Reconciliation
from apgms_ops.sandbox.service_process.reconciliation_metrics import ReconciliationMetrics
from apgms_ops.sandbox.service_process.switches import Spec
from apgms_ops.sandbox.service_process.tenants import SMOKE, SYNTHETIC
from apgms_ops.sandbox.service_process.unavailable import Unavailable

SWITCHES: Final = Spec(
    flags=(
        *("freeze_collector", "hold_reconciliation", "fail_reconciliation", "gauge_seconds_as_ms", "lose_cents"),
        *("repeat_rows", "accept_conflicts", "pay_open_periods", "leave_prepared", "keep_employers"),
        *("read_replica", "unaudited_deposits", "live_bank", "register_again", "due_short"),
    ),
    counts=("string_balance",),
)
_ORG: Final = "org-synthetic"
_KEY: Final = "idempotency-key"
_LONGEST_KEY: Final = 200
_LONGEST_NAME: Final = 200
_MOST_CENTS: Final = 10**13
_TAX_TYPES: Final = ("PAYGW", "GST")
_PERIOD: Final = re.compile(r"[0-9]{4}-(Q[1-4]|0[1-9]|1[0-2])")
_ROWS: Final = 100
_MOST_ROWS: Final = 1000
_BANK_PATIENCE: Final = 2.0
_COLLECT: Final = 1.0
_MAKING: Final = 0.5
_RELAY: Final = 0.01

_Work = Callable[[Request], tuple[Response, bool]]
"""Answers, and says whether the audit event is in the outbox already."""


def build(frame: Frame) -> None:
    """Add the routes, and the members of `payments-executor` and `reconciliation-worker`."""
    Payments(frame)


class Payments:
    """What the service answers and does."""

    def __init__(self, frame: Frame) -> None:
        """Add it to the frame."""
        self._switches = frame.switches
        self._events = frame.events
        self._database = frame.database
        self._books = Books(frame.database, lambda: frame.replica, frame.switches)
        self._employers = Employers(frame.database)
        self._outbox = Outbox(frame.database, frame.events)
        self._made = False
        frame.every("tables", _MAKING, self._make)
        frame.depend("tables", self._require_tables)
        frame.every("outbox", _RELAY, self._relay)
        self._add_background(frame)
        self._add_routes(frame)

    def _add_background(self, frame: Frame) -> None:
        bank, parking = frame.peer("bank", _BANK_PATIENCE), Parking(frame.events)
        executor = Executor(frame.database, bank, self._outbox, parking, frame.switches)
        self._reconciliation = Reconciliation(frame.database, bank, self._outbox, parking, frame.switches)
        frame.consume("payments-executor", (EXECUTE,), executor.work)
        frame.consume("reconciliation-worker", (START,), self._reconciliation.work, hold="hold_reconciliation")
        metrics = ReconciliationMetrics(frame.database, frame.settings, frame.switches, frame.log)
        frame.registry.register(metrics)
        frame.every("age of the oldest", _COLLECT, metrics.look_at_database)
        frame.every("dead letters", _COLLECT, metrics.look_at_broker)
        frame.at_end(metrics.close)

    def _add_routes(self, frame: Frame) -> None:
        writes = (400, 404, 409, 422)
        frame.route("POST", "/deposits", self._audited("deposit.create", self._deposit), (201, *writes))
        frame.route("POST", "/payments", self._audited("payment.create", self._pay), (202, *writes))
        frame.route("GET", "/payments/{id}", self._audited("payment.read", self._payment), (404,))
        frame.route("GET", "/ledger/{abn}/{taxType}", self._audited("ledger.read", self._ledger), (404, 422))
        close = "/periods/{abn}/{taxType}/{period}/close"
        frame.route("POST", close, self._audited("period.close", self._close), (404, 422))
        employer = "/employers/{abn}"
        frame.route("PUT", employer, self._audited("employer.register", self._register), (201, 400, 422))
        frame.route("DELETE", employer, self._audited("employer.delete", self._remove), (204, 403, 404, 409, 422))
        frame.route("POST", "/reconciliations/replay", self._audited("reconciliation.replay", self._replay))

    # Routes

    def _audited(self, action: str, work: _Work) -> Handler:
        """Answer nothing that is not in the audit log, or in the outbox on its way there."""

        def answer(request: Request) -> Response:
            try:
                response, told = work(request)
            except Refused as refused:
                response, told = problem(refused, request.correlation_id), False
            self._outbox.nudge()
            if not told and not (action == "deposit.create" and self._switches.on("unaudited_deposits")):
                cause = _cause(request)
                self._events.audit(
                    org_id=cause.org_id,
                    actor_id=cause.actor_id,
                    action=action,
                    correlation_id=cause.correlation_id,
                    facts={"route": request.route, "status": response.status},
                )
            return response

        return answer

    def _deposit(self, request: Request) -> tuple[Response, bool]:
        once = _once(request, "deposit.create")
        if self._switches.take("string_balance"):
            add = ledger.concatenated
        else:
            add = ledger.short if self._switches.on("lose_cents") else ledger.added
        answered = self._books.deposit(once, add)
        return reply(answered.status, answered.body), answered.first

    def _pay(self, request: Request) -> tuple[Response, bool]:
        answered = self._books.pay(_once(request, "payment.create"))
        return reply(answered.status, answered.body), answered.first

    def _payment(self, request: Request) -> tuple[Response, bool]:
        found = self._books.payment(request.values["id"]) if _writable(request.values["id"]) else None
        if found is None:
            raise Refused(404, "not_found", "there is no such payment")
        return reply(200, found), False

    def _ledger(self, request: Request) -> tuple[Response, bool]:
        account = _account(request.values["abn"], request.values["taxType"])
        limit = request.query.get("limit", str(_ROWS))
        if not limit.isdecimal() or not 0 < int(limit) <= _MOST_ROWS:
            raise Refused(422, "limit_invalid", f"limit must be from 1 to {_MOST_ROWS}")
        return reply(200, {"entries": self._books.ledger(account, int(limit))}), False

    def _close(self, request: Request) -> tuple[Response, bool]:
        account = _account(request.values["abn"], request.values["taxType"])
        closed = self._books.close(account, _period(request.values["period"]), _cause(request))
        if self._switches.on("due_short") and _cause(request).org_id == SMOKE:
            closed["dueCents"] = max(0, closed["dueCents"] - 1)
        return reply(200, closed), True

    def _register(self, request: Request) -> tuple[Response, bool]:
        abn, legal_name = _abn(request.values["abn"]), request.text("legalName")
        if not legal_name.strip() or len(legal_name) > _LONGEST_NAME or not _writable(legal_name):
            raise Refused(422, "legal_name_invalid", f"legalName must be from 1 to {_LONGEST_NAME} characters")
        again = self._switches.on("register_again")
        register = self._employers.register_again if again else self._employers.register
        fresh, found = register(abn, legal_name, synthetic=abn in SYNTHETIC, cause=_cause(request))
        return reply(201 if fresh else 200, found), True

    def _remove(self, request: Request) -> tuple[Response, bool]:
        abn = _abn(request.values["abn"])
        if not self._switches.on("keep_employers"):
            self._employers.remove(abn, _cause(request))
            return Response(204), True
        return Response(204), False  # and there it still is

    def _replay(self, _request: Request) -> tuple[Response, bool]:
        return reply(200, {"started": self._reconciliation.replay()}), False

    # Background

    def _make(self) -> None:
        if not self._made:
            payments_tables.make(self._database)
            self._made = True

    def _relay(self) -> None:
        if self._made:
            self._outbox.relay()

    def _require_tables(self) -> None:
        if not self._made:
            raise Unavailable("tables", "they are not made yet")  # noqa: EM101 — what is away


def _cause(request: Request) -> Cause:
    headers = request.headers
    return Cause(headers.get("x-org-id", _ORG), headers.get("x-actor-id", "anonymous"), request.correlation_id)


def _once(request: Request, operation: str) -> Once:
    account = _account(request.text("abn"), request.text("taxType"))
    order = Order(account, _period(request.text("period")), _cents(request))
    key = request.headers.get(_KEY, "")
    if not key or len(key) > _LONGEST_KEY or not _writable(key):
        raise Refused(400, "idempotency_key_required", "the header Idempotency-Key is needed")
    return Once(_cause(request), key, operation, order)


def _abn(abn: str) -> str:
    if not abns.valid(abn):
        raise Refused(422, "abn_invalid", "that is not the number of a business: its check digits are wrong")
    return abn


def _account(abn: str, tax_type: str) -> Account:
    _abn(abn)
    if tax_type not in _TAX_TYPES:
        raise Refused(422, "tax_type_invalid", f"taxType must be one of {', '.join(_TAX_TYPES)}")
    return Account(abn, tax_type)


def _period(period: str) -> str:
    if not _PERIOD.fullmatch(period):
        raise Refused(422, "period_invalid", "period must be YYYY-Qn or YYYY-MM")
    return period


def _cents(request: Request) -> int:
    cents = request.integer("amountCents")
    if not 0 < cents <= _MOST_CENTS:
        raise Refused(422, "amount_invalid", "amountCents must be more than 0, and of this world")
    return cents


def _writable(text: str) -> bool:
    """Whether the database can take a text."""
    return "\0" not in text
