"""The stand-in of the bank: takes transfers, each once, acknowledges them after a moment, and answers statements."""

import re
import threading
import time
from typing import Final

from apgms_ops.sandbox.service_process import abn as abns
from apgms_ops.sandbox.service_process.bank_book import Book, Transfer
from apgms_ops.sandbox.service_process.frame import Frame
from apgms_ops.sandbox.service_process.message import Handler, Refused, Request, Response, reply
from apgms_ops.sandbox.service_process.switches import Spec

SWITCHES: Final = Spec(flags=("hang", "fail"), delays=("delay_ms",), counts=("settle_short",))
_MOMENT: Final = 0.1
"""Seconds from the acceptance of a transfer to its settlement."""
_TAX_TYPES: Final = ("PAYGW", "GST")
_PERIOD: Final = re.compile(r"[0-9]{4}-(Q[1-4]|0[1-9]|1[0-2])")
_IDENTITY: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_HANGING: Final = 600.0
_POLL: Final = 0.1


def build(frame: Frame) -> None:
    """Add the routes."""
    Bank(frame, Book(frame.settings.files.get("book", ":memory:")))


class Bank:
    """The bank's routes."""

    def __init__(self, frame: Frame, book: Book) -> None:
        """Add them to the frame."""
        self._switches = frame.switches
        self._book = book
        self._ending = threading.Event()
        frame.at_end(book.close)
        frame.at_end(self._ending.set)
        frame.route("POST", "/transfers", self._as_it_is(self._take), (202, 400, 409, 422))
        frame.route("GET", "/transfers/{id}", self._as_it_is(self._tell), (404,))
        frame.route("POST", "/transfers/{id}/correction", self._as_it_is(self._correct), (404,))
        frame.route("GET", "/statements/{abn}/{taxType}/{period}", self._as_it_is(self._state), (404, 422))

    def _as_it_is(self, work: Handler) -> Handler:
        """Answer as the bank is today: slow, hung or failing."""

        def answer(request: Request) -> Response:
            began = time.monotonic()
            while self._switches.on("hang") and time.monotonic() - began < _HANGING:
                if self._ending.wait(_POLL):
                    break
            self._ending.wait(self._switches.seconds("delay_ms"))
            if self._switches.on("fail"):
                raise Refused(503, "unavailable", "the bank is closed")
            return work(request)

        return answer

    def _take(self, request: Request) -> Response:
        identity = request.text("transferId")
        abn, tax_type, period = request.text("abn"), request.text("taxType"), request.text("period")
        cents = request.integer("amountCents")
        if not _IDENTITY.fullmatch(identity):
            raise Refused(422, "transfer_invalid", "transferId must be letters, digits and hyphens")
        _require_account(abn, tax_type, period)
        if not 0 < cents < 10**15:
            raise Refused(422, "amount_invalid", "amountCents must be more than 0, and of this world")
        known = self._book.find(identity)
        short = known is None and self._switches.take("settle_short")
        asked = Transfer(identity, abn, tax_type, period, cents, cents - short, time.time())
        taken = self._book.enter(asked)
        if taken.asked != asked.asked:
            raise Refused(409, "idempotency_conflict", "there is another transfer of that id")
        return reply(202, {"transferId": identity, "state": "ACCEPTED"})

    def _tell(self, request: Request) -> Response:
        transfer = self._known(request)
        settled = time.time() >= transfer.accepted_at + _MOMENT
        return reply(200, {"transferId": transfer.id, "state": "SETTLED" if settled else "ACCEPTED"})

    def _correct(self, request: Request) -> Response:
        transfer = self._known(request)
        self._book.correct(transfer.id)
        return reply(200, {"transferId": transfer.id, "amountCents": transfer.asked_cents})

    def _state(self, request: Request) -> Response:
        account = (request.values["abn"], request.values["taxType"], request.values["period"])
        _require_account(*account)
        until = time.time() - _MOMENT
        found = self._book.statement(*account, request.query.get("transferId"))
        entries = [
            {"transferId": transfer.id, "amountCents": transfer.moved_cents}
            for transfer in found
            if transfer.accepted_at <= until
        ]
        if not entries:
            raise Refused(404, "not_found", "nothing was moved there")
        return reply(200, {"entries": entries})

    def _known(self, request: Request) -> Transfer:
        transfer = self._book.find(request.values["id"])
        if transfer is None:
            raise Refused(404, "not_found", "there is no such transfer")
        return transfer


def _require_account(abn: str, tax_type: str, period: str) -> None:
    if not abns.valid(abn):
        raise Refused(422, "abn_invalid", "that is not the number of a business")
    if tax_type not in _TAX_TYPES or not _PERIOD.fullmatch(period):
        raise Refused(422, "account_invalid", "there is no such tax, or no such period")
