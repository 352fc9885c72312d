"""Employers of the payments service: registered, removed without a trace in any balance, and what switches do."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import smoke_money, smoke_tools
from apgms_ops.sandbox.outside import Outside
from apgms_ops.sandbox.service_process.tenants import ABNS, CUSTOMERS, SMOKE
from apgms_ops.sandbox.services import Payments
from apgms_ops.sandbox.world import World
from tests.sandbox.service_process.platform_client import ask, broken_links, rows, switched, until

pytestmark = pytest.mark.sandbox
NUMBERS = iter(ABNS[SMOKE])
COLUMNS = ("abn", "tax_type", "period", "amount_cents", "balance_after_cents")
NAME = {"legalName": "APGMS smoke test (synthetic) 1"}


@pytest.fixture(scope="module")
def paying(world: World) -> Iterator[World]:
    """A world with the payments service and the bank."""
    components = (Outside(), Payments())
    for component in components:
        component.start(world, Deadline(60))
        component.ready(world, Deadline(60))
    yield world
    for component in reversed(components):
        component.stop(world, Deadline(30))


class Employer:
    """A synthetic employer that nobody else uses."""

    def __init__(self, world: World, *, registered: bool = True) -> None:
        """Take a number, and register it."""
        self.world = world
        self.abn = next(NUMBERS)
        if registered:
            assert self.ask("PUT", "", NAME)[0] == 201

    def ask(self, method: str, path: str = "", body: object = None) -> tuple[int, dict[str, Any]]:
        """Ask for something of the employer."""
        return self._ask(method, f"/employers/{self.abn}{path}", body)

    def order(self, what: str, cents: int, key: str | None = None, tax_type: str = "GST") -> tuple[int, dict[str, Any]]:
        """Order a deposit or a payment."""
        body = {"abn": self.abn, "taxType": tax_type, "period": "2026-11", "amountCents": cents}
        return self._ask("POST", f"/{what}", body, key or str(uuid.uuid4()))

    def close(self) -> tuple[int, dict[str, Any]]:
        """Close its period."""
        return self._ask("POST", f"/periods/{self.abn}/GST/2026-11/close", {})

    def ledger(self, tax_type: str = "GST") -> tuple[int, dict[str, Any]]:
        """Read its ledger."""
        return self._ask("GET", f"/ledger/{self.abn}/{tax_type}")

    def payment(self, identity: str) -> tuple[int, dict[str, Any]]:
        """Read a payment."""
        return self._ask("GET", f"/payments/{identity}")

    def pay(self, cents: int) -> str:
        """Deposit, close and pay, and return the payment's id."""
        assert self.order("deposits", cents)[0] == 201
        assert self.close()[0] == 200
        status, answer = self.order("payments", cents)
        assert status == 202
        return str(answer["paymentId"])

    def reconciled(self, identity: str) -> bool:
        """Whether a payment is."""
        return self.payment(identity)[1].get("reconciledAt") is not None

    def _ask(self, method: str, path: str, body: object = None, key: str = "") -> tuple[int, dict[str, Any]]:
        headers = {"X-Org-Id": SMOKE, "Idempotency-Key": key} if key else {"X-Org-Id": SMOKE}
        return ask(self.world.get("payments.1.url"), method, path, body, headers=headers)


def balances(world: World, abn: str) -> list[tuple[Any, ...]]:
    """Return the last balance of each of an employer's taxes, and the sum of each period that is not 0."""
    last = (
        f"SELECT DISTINCT ON (tax_type) balance_after_cents FROM ledger WHERE abn = '{abn}' ORDER BY tax_type, id DESC"  # noqa: S608 — ours
    )
    sums = f"SELECT sum(amount_cents) FROM ledger WHERE abn = '{abn}' GROUP BY tax_type, period"  # noqa: S608 — ours
    return [row for row in (*rows(world, last), *rows(world, sums)) if row != (0,)]


def require_sound_books(world: World) -> None:
    """Hold that the ledger is one chain, and each balance the sum of all that came before."""
    assert broken_links(world, "ledger", "id", COLUMNS, "created_at") == []
    sums = "SELECT *, sum(amount_cents) OVER (PARTITION BY abn, tax_type ORDER BY id) AS total FROM ledger"
    assert rows(world, f"SELECT id FROM ({sums}) AS sums WHERE total <> balance_after_cents") == []  # noqa: S608 — ours


def test_an_employer_is_registered_once(paying: World) -> None:
    """The first to ask is told 201, everybody after that 200 with what was registered then."""
    employer = Employer(paying, registered=False)
    status, first = employer.ask("PUT", "", NAME)
    assert status == 201
    assert set(first) == {"abn", "legalName", "status", "synthetic", "registeredAt"}
    assert (first["abn"], first["status"], first["synthetic"]) == (employer.abn, "active", True)
    assert employer.ask("PUT", "", {"legalName": "Another"}) == (200, first)
    assert employer.ask("DELETE")[0] == 204


def test_of_many_who_ask_at_once_one_has_the_number(paying: World) -> None:
    """Of eight at the same time one is told that the number was free."""
    employer = Employer(paying, registered=False)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: employer.ask("PUT", "", NAME)[0], range(8)))
    assert sorted(found) == [200] * 7 + [201]
    assert employer.ask("DELETE")[0] == 204


@pytest.mark.parametrize(
    "name", [{}, {"legalName": ""}, {"legalName": " "}, {"legalName": "x" * 201}, {"legalName": "\0"}]
)
def test_a_name_that_is_none_is_refused(paying: World, name: dict[str, str]) -> None:
    """A name must be there, be of this world and fit a line."""
    assert ask(paying.get("payments.1.url"), "PUT", f"/employers/{ABNS[SMOKE][0]}", name)[0] == 422


def test_nothing_is_done_for_an_employer_that_is_not_registered(paying: World) -> None:
    """Neither deposit nor payment, close, ledger or removal; a wrong number is said to be one."""
    nobody = Employer(paying, registered=False)
    answers = [nobody.order("deposits", 5), nobody.order("payments", 5), nobody.close(), nobody.ledger()]
    answers.append(nobody.ask("DELETE"))
    assert [(status, answer["error"]) for status, answer in answers] == [(404, "not_found")] * 5
    wrong = ask(paying.get("payments.1.url"), "DELETE", "/employers/12345678901")
    assert (wrong[0], wrong[1]["error"]) == (422, "abn_invalid")


def test_a_customer_stays(paying: World) -> None:
    """Customers are registered from the start, and cannot be removed."""
    url = paying.get("payments.1.url")
    for abn, legal_name in CUSTOMERS.items():
        status, answer = ask(url, "PUT", f"/employers/{abn}", {"legalName": "Another"})
        assert (status, answer["legalName"], answer["synthetic"]) == (200, legal_name, False)
        status, answer = ask(url, "DELETE", f"/employers/{abn}")
        assert (status, answer["error"]) == (403, "not_synthetic")


def test_what_is_removed_leaves_nothing_in_any_balance(paying: World) -> None:
    """Rows are added until every period sums to 0; periods and payments are not told any more; the number is free."""
    employer = Employer(paying)
    assert employer.order("deposits", 700, tax_type="PAYGW")[0] == 201
    identity = employer.pay(500)
    status, answer = employer.ask("DELETE")
    assert (status, answer.get("error")) in {(409, "payments_pending"), (204, None)}
    until(lambda: status == 204 or employer.reconciled(identity), "the payment being reconciled", 20)
    if status != 204:
        assert employer.payment(identity)[1]["bank"] == "synthetic"
        assert employer.ask("DELETE")[0] == 204
    assert balances(paying, employer.abn) == []
    assert rows(paying, f"SELECT count(*) FROM periods WHERE abn = '{employer.abn}'") == [(0,)]  # noqa: S608 — ours
    assert [employer.ledger()[0], employer.payment(identity)[0], employer.ask("DELETE")[0]] == [404, 404, 404]
    assert employer.ask("PUT", "", NAME)[0] == 201
    assert employer.order("deposits", 5)[1]["balanceBeforeCents"] == 0
    assert employer.ask("DELETE")[0] == 204
    require_sound_books(paying)


def test_a_key_is_answered_even_when_its_employer_is_gone(paying: World) -> None:
    """A replay moves nothing, whatever has become of the employer."""
    employer, key = Employer(paying), str(uuid.uuid4())
    first = employer.order("deposits", 9, key)
    assert employer.ask("DELETE")[0] == 204
    assert employer.order("deposits", 9, key) == first
    assert balances(paying, employer.abn) == []


def test_walks_at_once_do_not_disturb_each_other(paying: World) -> None:
    """Eight employers are registered, paid for and removed at the same time, and the books are sound."""

    def walk(_: int) -> int:
        employer = Employer(paying)
        identity = employer.pay(123)
        until(lambda: employer.reconciled(identity), "the payment being reconciled", 30)
        return employer.ask("DELETE")[0]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(walk, range(8))) == [204] * 8
    require_sound_books(paying)


def test_switches_break_what_they_say(paying: World) -> None:
    """A replay that moves money, a conflict that is none, an open period that is paid, a cent that is lost."""
    employer, key = Employer(paying), str(uuid.uuid4())
    first = employer.order("deposits", 10, key)
    with switched(paying, "payments.1", repeat_rows=True):
        assert employer.order("deposits", 10, key) == first
    assert [entry["amountCents"] for entry in employer.ledger()[1]["entries"]] == [10, 10]
    with switched(paying, "payments.1", accept_conflicts=True):
        assert employer.order("deposits", 11, key) == first
    with switched(paying, "payments.1", lose_cents=True):
        answer = employer.order("deposits", 5)[1]
    assert answer["balanceAfterCents"] == answer["balanceBeforeCents"] + 4
    with switched(paying, "payments.1", live_bank=True, pay_open_periods=True, due_short=True):
        identity = employer.order("payments", 3)[1]["paymentId"]
        assert employer.payment(identity)[1]["bank"] == "live"
        assert employer.close()[1]["dueCents"] == 10 + 10 + 5 - 3 - 1
    with switched(paying, "payments.1", register_again=True):
        assert employer.ask("PUT", "", {"legalName": "Another"})[0] == 201
    with switched(paying, "payments.1", keep_employers=True):
        assert employer.ask("DELETE")[0] == 204
    assert employer.ledger()[0] == 200
    smoke_tools.clear(paying, Deadline(30))
    smoke_money.CentLost().heal(paying, {}, Deadline(30))
    assert smoke_tools.left(paying, Deadline(10)) == []
    require_sound_books(paying)


def test_a_payment_that_is_passed_over_is_made_when_that_is_healed(paying: World) -> None:
    """It stays PREPARED and the employer cannot be removed; healed, it is paid and the employer gone."""
    fault, employer = smoke_money.Prepared(), Employer(paying)
    memo = fault.break_(paying, Deadline(20))
    identity = employer.pay(77)
    other = ask(paying.get("payments.1.url"), "GET", f"/payments/{identity}")
    assert other[1]["state"] == "PREPARED"
    assert employer.ask("DELETE")[1]["error"] == "payments_pending"
    fault.heal(paying, memo, Deadline(30))
    assert (employer.payment(identity)[0], balances(paying, employer.abn)) == (404, [])
    require_sound_books(paying)


def test_a_ledger_read_from_a_replica_that_stands_still_is_stale(paying: World) -> None:
    """What was deposited a moment ago is not told; healed, it is."""
    fault, employer = smoke_money.StaleReplica(), Employer(paying)
    assert len(employer.ledger()[1]["entries"]) == 0
    memo = fault.break_(paying, Deadline(20))
    assert employer.order("deposits", 5)[0] == 201
    assert employer.ledger() == (200, {"entries": []})
    smoke_tools.back(paying, memo, Deadline(20))
    assert len(employer.ledger()[1]["entries"]) == 1
    fault.heal(paying, memo, Deadline(20))
    assert employer.ledger()[0] == 404
