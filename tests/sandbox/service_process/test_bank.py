"""The stand-in of the bank: takes transfers once, and refuses what it does not know."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from apgms_ops.sandbox.service_process import bank
from apgms_ops.sandbox.service_process.frame import Frame
from apgms_ops.sandbox.service_process.settings import Settings
from apgms_ops.sandbox.service_process.web import Application

Ask = Callable[..., tuple[int, dict[str, Any]]]
TRANSFER = {"transferId": "t", "abn": "51824753556", "taxType": "GST", "period": "2026-01", "amountCents": 100}
STATEMENT = "/statements/51824753556/GST/2026-01"


@pytest.fixture
def frame() -> Frame:
    """A bank that forgets everything."""
    frame = Frame(Settings("bank", "bank", 0, 0), bank.SWITCHES)
    bank.build(frame)
    return frame


@pytest.fixture
def ask(frame: Frame, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks it something, each time a second later."""
    seconds = iter(range(1000, 100_000))
    monkeypatch.setattr("time.time", lambda: float(next(seconds)))
    application = Application(frame._router, None, frame.log)

    def asked(method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        response = application.answer(method, path, {}, b"" if body is None else json.dumps(body).encode())
        return response.status, json.loads(response.body)

    return asked


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/transfers/unknown", None, 404),
        ("POST", "/transfers/unknown/correction", {}, 404),
        ("GET", STATEMENT, None, 404),
        ("GET", "/statements/12345678901/GST/2026-01", None, 422),
        ("GET", "/statements/51824753556/VAT/2026-01", None, 422),
        ("POST", "/transfers", TRANSFER | {"abn": "12345678901"}, 422),
        ("POST", "/transfers", TRANSFER | {"taxType": "VAT"}, 422),
        ("POST", "/transfers", TRANSFER | {"period": "2026-13"}, 422),
        ("POST", "/transfers", TRANSFER | {"amountCents": 0}, 422),
        ("POST", "/transfers", TRANSFER | {"amountCents": 1.5}, 422),
        ("POST", "/transfers", TRANSFER | {"transferId": "a b"}, 422),
        ("POST", "/transfers", {"transferId": "t"}, 422),
        ("POST", "/transfers", [], 400),
        ("POST", "/elsewhere", {}, 404),
        ("GET", "/transfers", None, 405),
    ],
)
def test_what_the_bank_does_not_know_it_refuses(ask: Ask, method: str, path: str, body: object, status: int) -> None:
    """It never answers well to what it cannot do."""
    assert ask(method, path, body)[0] == status


def test_a_transfer_is_taken_once_and_settled_after_a_moment(ask: Ask) -> None:
    """A repetition changes nothing, and another transfer of the same id is a conflict."""
    assert ask("POST", "/transfers", TRANSFER) == (202, {"transferId": "t", "state": "ACCEPTED"})
    assert ask("POST", "/transfers", TRANSFER)[0] == 202
    assert ask("POST", "/transfers", TRANSFER | {"amountCents": 101})[1]["error"] == "idempotency_conflict"
    assert ask("GET", "/transfers/t")[1]["state"] == "SETTLED"
    assert ask("GET", STATEMENT) == (200, {"entries": [{"transferId": "t", "amountCents": 100}]})
    assert ask("GET", f"{STATEMENT}?transferId=other")[0] == 404


def test_a_transfer_that_is_not_settled_is_on_no_statement(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the moment in which it was accepted, nothing has moved yet."""
    monkeypatch.setattr("time.time", lambda: 1000.0)
    ask("POST", "/transfers", TRANSFER)
    assert ask("GET", "/transfers/t")[1]["state"] == "ACCEPTED"
    assert ask("GET", STATEMENT)[0] == 404


def test_a_transfer_can_be_short_of_a_cent(frame: Frame, ask: Ask) -> None:
    """The statement says what was moved; a repetition is no second short transfer; a correction makes up for it."""
    frame.switches.set({"settle_short": 1})
    ask("POST", "/transfers", TRANSFER)
    ask("POST", "/transfers", TRANSFER)
    assert ask("GET", STATEMENT)[1]["entries"][0]["amountCents"] == 99
    assert ask("POST", "/transfers/t/correction", {})[0] == 200
    assert ask("GET", STATEMENT)[1]["entries"][0]["amountCents"] == 100


def test_a_bank_that_is_closed_answers_nothing(frame: Frame, ask: Ask) -> None:
    """Whatever it is asked."""
    frame.switches.set({"fail": True})
    assert ask("POST", "/transfers", TRANSFER)[0] == 503
    frame.switches.set({"fail": False})
    assert ask("GET", "/transfers/t")[0] == 404
