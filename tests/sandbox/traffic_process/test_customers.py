"""Customers log in, ask what their round says, and go on through every failure of the platform."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.sandbox.service_process import totp
from apgms_ops.sandbox.service_process.tenants import Credentials
from apgms_ops.sandbox.traffic_process.customers import Customer, Customers, look_ups, money
from apgms_ops.sandbox.traffic_process.session import Session

OTP_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


class Platform:
    """A tiny platform, which answers what the gateway would and writes down what it was asked."""

    def __init__(self) -> None:
        """Answer well."""
        self.asked: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.tokens = 0
        self.refused: set[int] = set()
        """Numbers of requests that are answered 503."""
        self.expired = False
        """Whether tokens are refused."""
        platform = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
                status, answer = platform.answer(self, body)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_arguments: object) -> None:
                """Keep silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler, body: dict[str, Any]) -> tuple[int, dict[str, object]]:
        """Return status and body."""
        if request.path == "/v1/auth/login":
            if not totp.accepted(OTP_SECRET, body["otp"], time.time()):
                return 401, {"error": "mfa_required"}
            self.tokens += 1
            return 200, {"accessToken": f"token-{self.tokens}", "expiresIn": 900}
        self.asked.append(f"{request.command} {request.path}")
        self.bodies.append(body)
        self.keys.append(request.headers["Idempotency-Key"])
        issued = {f"Bearer token-{number + 1}" for number in range(self.tokens)}
        if self.expired or request.headers["Authorization"] not in issued:
            return 401, {"error": "unauthorized"}
        if len(self.asked) in self.refused:
            return 503, {"error": "unavailable"}
        if request.path.endswith("/close"):
            return 200, {"state": "CLOSED", "dueCents": 154_567}
        return 202, {"paymentId": "p-1"}


@pytest.fixture
def platform() -> Iterator[Platform]:
    """Run a tiny platform."""
    found = Platform()
    with found.server:
        threading.Thread(target=found.server.serve_forever, args=(0.01,), daemon=True).start()
        yield found
        found.server.shutdown()


@pytest.fixture
def session(platform: Platform, tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """Make sessions with the platform."""
    path = tmp_path / "credentials.json"
    path.write_text(Credentials("operator", "secret", OTP_SECRET, "org").text(), encoding="utf-8")
    made: list[Session] = []

    def make(clock: Callable[[], float] = lambda: 0.0) -> Session:
        made.append(Session(platform.url, path, clock))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_token_is_used_until_most_of_its_life_is_over(platform: Platform, session: Callable[..., Session]) -> None:
    """A session logs in once, with a one-time password, and again before its token expires."""
    now = [0.0]
    customer = session(lambda: now[0])
    for at in (0.0, 600.0, 700.0):
        now[0] = at
        assert customer.ask("GET", "/v1/registries/abn/53004085616") == (202, {"paymentId": "p-1"})
    assert platform.tokens == 2


def test_a_token_that_is_refused_is_replaced(platform: Platform, session: Callable[..., Session]) -> None:
    """Where a token is not accepted any more, the next request logs in again."""
    customer = session()
    customer.ask("GET", "/")
    platform.expired = True
    assert customer.ask("GET", "/") == (401, {"error": "unauthorized"})
    platform.expired = False
    assert customer.ask("GET", "/") == (202, {"paymentId": "p-1"})
    assert platform.tokens == 2


def test_a_platform_that_is_away_is_no_answer(platform: Platform, session: Callable[..., Session]) -> None:
    """While nobody answers there is no answer, and the session works again afterwards."""
    customer = session()
    customer.ask("GET", "/")
    address = platform.server.server_address
    customer.close()
    away = Session("http://127.0.0.1:9", Path("/nowhere"))
    away._token, away._renew_at = "x", float("inf")
    assert away.ask("GET", "/") is None
    assert address == platform.server.server_address
    assert customer.ask("GET", "/") == (202, {"paymentId": "p-1"})


def test_money_goes_from_deposit_to_payment(platform: Platform, session: Callable[..., Session]) -> None:
    """A round deposits twice, closes the period, pays what is due under a key of its own, and looks at the payment."""
    customer, steps = session(), money(0)
    assert [next(steps)(customer) for _ in range(5)] == [True] * 5
    assert platform.asked == [
        "POST /v1/deposits",
        "POST /v1/deposits",
        "POST /v1/periods/53004085616/PAYGW/2000-01/close",
        "POST /v1/payments",
        "GET /v1/payments/p-1",
    ]
    assert platform.bodies[3] == {"abn": "53004085616", "taxType": "PAYGW", "period": "2000-01", "amountCents": 154_567}
    keys = [platform.keys[number] for number in (0, 1, 3)]
    assert None not in keys
    assert len(set(keys)) == 3


def test_every_round_is_another_period(platform: Platform, session: Callable[..., Session]) -> None:
    """Rounds that follow one another pay another employer, another tax or another month each."""
    customer, steps = session(), money(7)
    for _ in range(5 * 40):
        next(steps)(customer)
    closed = [path for path in platform.asked if path.endswith("/close")]
    assert len(set(closed)) == 40


def test_what_was_not_closed_is_not_paid(platform: Platform, session: Callable[..., Session]) -> None:
    """Where the period could not be closed nothing is paid, and the next round goes on."""
    platform.refused = {3}
    customer, steps = session(), money(0)
    assert [next(steps)(customer) for _ in range(5)] == [True, True, False, False, False]
    assert [next(steps)(customer) for _ in range(5)] == [True] * 5


def test_every_third_look_up_asks_the_register(platform: Platform, session: Callable[..., Session]) -> None:
    """Of look-ups every third is fresh, and both business numbers take their turn at it."""
    customer, steps = session(), look_ups()
    for _ in range(6):
        assert next(steps)(customer)
    fresh = [path for path in platform.asked if path.endswith("?fresh=true")]
    assert fresh == [
        "GET /v1/registries/abn/53004085616?fresh=true",
        "GET /v1/registries/abn/51824753556?fresh=true",
    ]


def test_a_customer_is_settled_after_a_whole_round(platform: Platform, session: Callable[..., Session]) -> None:
    """Only once every kind of request has succeeded in a row a customer counts as settled."""
    platform.refused = {2}
    customer = Customer("c", session(), money(0), kinds=5)
    settled = []
    for _ in range(7):
        customer._step()
        settled.append(customer.settled)
    assert settled == [False] * 6 + [True]
    assert customer.made == 6


def test_a_rate_that_becomes_zero_under_a_request_ends_nothing(
    platform: Platform, session: Callable[..., Session]
) -> None:
    """Stopped while requests are under way, and let go on, customers ask again; stopped, they stop."""
    customers = Customers(session, 50.0, 0)
    customers.start()
    try:
        until(lambda: customers.settled)
        customers.rate = 0.0
        assert customers.rate == 0.0
        before = len(platform.asked)
        customers.rate = 50.0
        until(lambda: len(platform.asked) > before + 4)
        assert customers.made >= before
    finally:
        customers.stop()


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(2000):
        if true():
            return
        threading.Event().wait(0.005)
    pytest.fail("it did not become so")
