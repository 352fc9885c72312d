"""What customers ask of the platform: look-ups, and money that is deposited, closed and paid, round after round."""

import http
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import count
from typing import Final

from apgms_ops.sandbox.traffic_process.session import Session

_ABNS: Final = ("53004085616", "51824753556")
"""Two that pass the ABN's check."""
_TAX_TYPES: Final = ("PAYGW", "GST")
_MONTHS: Final = 12 * 2000
_FIRST_YEAR: Final = 2000
_IDLE: Final = 0.1
_HURRY: Final = 50.0
"""Steps a second until every kind of request has succeeded once."""
_LEAVE: Final = 6.0
_LOOK_UPS: Final = 0.6
"""Of all requests; the others are about money."""

Step = Callable[[Session], bool]
"""Makes one request, and returns whether it succeeded."""


def look_ups() -> Iterator[Step]:
    """Yield look-ups without end: two that the cache may answer, then one that asks the register."""
    for number in count():
        abn = _ABNS[number % len(_ABNS)]
        fresh = "?fresh=true" if number % 3 == 0 else ""
        path = f"/v1/registries/abn/{abn}{fresh}"
        yield lambda session, path=path: _done(session.ask("GET", path))  # type: ignore[misc]  # a default, not an argument


def money(first: int) -> Iterator[Step]:
    """Yield, period after period: two deposits, the close of the period, the payment of what is due, a look at it.

    Args:
        first: The number of the first period. A number that grows with time finds none that was paid already.
    """
    for number in count(first):
        yield from Period(number).steps()


class Period:
    """One employer's tax of one month."""

    def __init__(self, number: int) -> None:
        """Take the number of the period, each of which is another employer's, another tax or another month."""
        number, abn = divmod(number, len(_ABNS))
        number, tax = divmod(number, len(_TAX_TYPES))
        year, month = divmod(number % _MONTHS, 12)
        self._place = {"abn": _ABNS[abn], "taxType": _TAX_TYPES[tax], "period": f"{_FIRST_YEAR + year}-{month + 1:02}"}
        self._path = "/".join(("/v1/periods", *self._place.values(), "close"))
        self._due: object = None
        self._payment: object = None

    def steps(self) -> Iterator[Step]:
        """Yield its requests; what an earlier one did not get, a later one does without."""
        yield lambda session: self._deposit(session, 120_000)
        yield lambda session: self._deposit(session, 34_567)
        yield self._close
        yield self._pay
        yield self._look

    def _deposit(self, session: Session, cents: int) -> bool:
        body = {**self._place, "amountCents": cents}
        return _done(session.ask("POST", "/v1/deposits", body, key=str(uuid.uuid4())))

    def _close(self, session: Session) -> bool:
        answer = session.ask("POST", self._path)
        if answer is not None and _done(answer):
            self._due = answer[1].get("dueCents")
        return _done(answer)

    def _pay(self, session: Session) -> bool:
        if self._due is None:
            return False
        body = {**self._place, "amountCents": self._due}
        answer = session.ask("POST", "/v1/payments", body, key=str(uuid.uuid4()))
        if answer is not None and _done(answer):
            self._payment = answer[1].get("paymentId")
        return _done(answer)

    def _look(self, session: Session) -> bool:
        return self._payment is not None and _done(session.ask("GET", f"/v1/payments/{self._payment}"))


class Customer:
    """Takes one step after the other at a rate, in a thread of its own."""

    def __init__(self, name: str, session: Session, steps: Iterator[Step], kinds: int) -> None:
        """Prepare.

        Args:
            name: Of the thread.
            session: Its own.
            steps: What it does, without end.
            kinds: Steps in a round: once as many in a row have succeeded, it is settled, and keeps to its rate.
        """
        self.rate = 0.0
        self.made = 0
        self._session = session
        self._steps = steps
        self._kinds = kinds
        self._in_a_row = 0
        self._settled = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def settled(self) -> bool:
        """Whether a whole round has succeeded since the start."""
        return self._settled.is_set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the request in hand."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until that is over, or for some seconds, should it hang."""
        self._thread.join(_LEAVE)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopping.is_set():
            now = time.monotonic()
            rate = self.rate  # an order may change it while a request is under way
            hurried = rate if self.settled else min(_HURRY, rate * _HURRY)
            if rate <= 0:
                due = now
            elif now >= due:
                self._step()
                # Never more than one period behind: a rate is kept, and not caught up with after a pause.
                due = max(due + 1 / hurried, now - 1 / hurried)
            self._stopping.wait(min(_IDLE, max(0.0, due - time.monotonic())) if rate > 0 else _IDLE)
        self._session.close()

    def _step(self) -> None:
        succeeded = next(self._steps)(self._session)
        self.made += succeeded
        self._in_a_row = self._in_a_row + 1 if succeeded else 0
        if self._in_a_row >= self._kinds:
            self._settled.set()


class Customers:
    """Everybody who asks something of the platform."""

    def __init__(self, session: Callable[[], Session], rate: float, first_period: int) -> None:
        """Prepare.

        Args:
            session: Makes one, for each thread.
            rate: Requests a second, in all.
            first_period: See `money`.
        """
        self._look_ups = Customer("look-ups", session(), look_ups(), kinds=3)
        self._money = Customer("money", session(), money(first_period), kinds=5)
        self.rate = rate

    @property
    def rate(self) -> float:
        """Requests a second, in all."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        self._rate = rate
        self._look_ups.rate = rate * _LOOK_UPS
        self._money.rate = rate * (1 - _LOOK_UPS)

    @property
    def made(self) -> int:
        """Requests that succeeded."""
        return self._look_ups.made + self._money.made

    @property
    def settled(self) -> bool:
        """Whether every kind of request has succeeded."""
        return self._look_ups.settled and self._money.settled

    def start(self) -> None:
        """Begin."""
        self._look_ups.start()
        self._money.start()

    def stop(self) -> None:
        """Stop, once the requests in hand are over, or after some seconds, should they hang."""
        for customer in (self._look_ups, self._money):
            customer.stop()
        for customer in (self._look_ups, self._money):
            customer.join()


def _done(answer: tuple[int, object] | None) -> bool:
    return answer is not None and http.HTTPStatus.OK <= answer[0] < http.HTTPStatus.MULTIPLE_CHOICES
