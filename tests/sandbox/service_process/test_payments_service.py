"""The payments service with its bank, on a real broker and database: each payment once, reconciled, and added up."""

import itertools
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.outside import Outside
from apgms_ops.sandbox.postgres import Postgres
from apgms_ops.sandbox.services import Payments
from apgms_ops.sandbox.world import World
from tests.sandbox.service_process.platform_client import ask, broken_links, ids_in_topic, metric, rows, switched, until

pytestmark = pytest.mark.sandbox
PERIODS = (f"{year}-{month:02}" for year, month in itertools.product(range(2030, 2099), range(1, 13)))
OLDEST = "apgms_reconciliation_oldest_unreconciled_seconds"
DEPTH = "apgms_reconciliation_dlq_depth"
COLUMNS = ("abn", "tax_type", "period", "amount_cents", "balance_after_cents")


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


class Customer:
    """One employer's tax of one period that nobody else uses."""

    def __init__(self, world: World, tax_type: str = "GST") -> None:
        """Take a period."""
        self.world = world
        self.period = next(PERIODS)
        self.place = {"abn": "51824753556", "taxType": tax_type, "period": self.period}

    def order(self, what: str, cents: Any, key: str | None = None) -> tuple[int, dict[str, Any]]:  # noqa: ANN401 — wrong too
        """Order a deposit or a payment."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        body = {**self.place, "amountCents": cents}
        return ask(self.world.get("payments.1.url"), "POST", f"/{what}", body, headers=headers)

    def surely(self, what: str, cents: int) -> dict[str, Any]:
        """Order something again and again, under one key, until it is answered well."""
        key = str(uuid.uuid4())
        answer = self.order(what, cents, key)
        until_then = time.monotonic() + 60
        while answer[0] not in {201, 202}:
            assert time.monotonic() < until_then, answer
            time.sleep(0.1)
            answer = self.order(what, cents, key)
        return answer[1]

    def close(self) -> dict[str, Any]:
        """Close the period."""
        path = "/".join(("/periods", *self.place.values(), "close"))
        status, answer = ask(self.world.get("payments.1.url"), "POST", path, {})
        assert status == 200
        return answer

    def state(self) -> str:
        """Return the period's state."""
        return str(rows(self.world, f"SELECT state FROM periods WHERE period = '{self.period}'")[0][0])  # noqa: S608 — ours

    def ready_to_pay(self, cents: int) -> "Customer":
        """Deposit, and close the period."""
        assert self.order("deposits", cents)[0] == 201
        self.close()
        return self


def payment(world: World, identity: object) -> dict[str, Any]:
    """Return a payment."""
    return ask(world.get("payments.1.url"), "GET", f"/payments/{identity}")[1]


def reconciled(world: World, identity: object) -> bool:
    """Whether a payment is acknowledged and reconciled."""
    found = payment(world, identity)
    return found.get("state") == "ACK" and found.get("reconciledAt") is not None


def require_sound_books(world: World) -> None:
    """Hold that the ledger's chain is whole and each balance is the sum of all that came before."""
    assert broken_links(world, "ledger", "id", COLUMNS, "created_at") == []
    sums = "SELECT *, sum(amount_cents) OVER (PARTITION BY abn, tax_type ORDER BY id) AS total FROM ledger"
    assert rows(world, f"SELECT id FROM ({sums}) AS sums WHERE total <> balance_after_cents") == []  # noqa: S608 — ours


def test_money_is_deposited_closed_paid_and_reconciled(paying: World) -> None:
    """A period that was paid in full is PAID, its payment is acknowledged and reconciled, and the events tell of it."""
    before = {topic: len(ids_in_topic(paying, topic)) for topic in ("payments.result", "reconciliation.completed")}
    customer = Customer(paying)
    status, first = customer.order("deposits", 1000)
    assert status == 201
    assert first["balanceAfterCents"] == first["balanceBeforeCents"] + 1000
    assert customer.order("payments", 1000)[1]["error"] == "period_open"
    assert customer.close() == {"state": "CLOSED", "dueCents": 1000}
    status, answer = customer.order("payments", 1000)
    assert (status, answer["state"]) == (202, "PREPARED")
    until(lambda: reconciled(paying, answer["paymentId"]), "the payment being reconciled", 20)
    assert customer.state() == "PAID"
    assert customer.close() == {"state": "PAID", "dueCents": 0}
    until(lambda: all(len(ids_in_topic(paying, topic)) > count for topic, count in before.items()), "the events", 20)
    require_sound_books(paying)


def test_a_key_is_answered_once_and_the_same_ever_after(paying: World) -> None:
    """A replay gives the first answer and moves nothing; the key with another body is a conflict."""
    customer, key = Customer(paying), str(uuid.uuid4())
    first = customer.order("deposits", 700, key)
    assert customer.order("deposits", 700, key) == first
    assert customer.order("deposits", 701, key)[1]["error"] == "idempotency_conflict"
    assert customer.order("payments", 700, key)[1]["error"] == "idempotency_conflict"
    assert customer.close()["dueCents"] == 700
    path = f"/ledger/{customer.place['abn']}/GST"
    entries = ask(paying.get("payments.1.url"), "GET", path)[1]["entries"]
    assert [entry["amountCents"] for entry in entries if entry["period"] == customer.period] == [700]


@pytest.mark.parametrize("cents", [0, -1, 1.5, "100", True, None, 10**14])
def test_no_money_is_made_of_nothing(paying: World, cents: object) -> None:
    """An amount that is no positive number of cents is refused."""
    assert Customer(paying).order("deposits", cents)[0] == 422


def test_what_is_not_there_is_refused(paying: World) -> None:
    """More than the balance, a wrong business number, an odd period, an unknown payment, a missing key."""
    url = paying.get("payments.1.url")
    poor = Customer(paying)
    poor.close()
    assert poor.order("payments", 10**12)[1]["error"] == "insufficient_funds"
    for change, error in (({"abn": "12345678901"}, "abn_invalid"), ({"taxType": "VAT"}, "tax_type_invalid"),
                          ({"period": "2026-13"}, "period_invalid")):  # fmt: skip
        body = {**poor.place, "amountCents": 1, **change}
        assert ask(url, "POST", "/deposits", body, headers={"Idempotency-Key": "k"})[1]["error"] == error
    assert ask(url, "POST", "/deposits", {**poor.place, "amountCents": 1})[1]["error"] == "idempotency_key_required"
    assert ask(url, "GET", "/payments/unknown")[0] == 404


def test_many_at_once_add_up(paying: World) -> None:
    """Deposits that come at the same time are each added once, and the same key at the same time only once."""
    customer = Customer(paying, "PAYGW")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda cents: customer.surely("deposits", cents), range(1, 41)))
        same = list(pool.map(lambda _: customer.order("deposits", 5, f"same-{customer.period}"), range(8)))
    assert {str(answer) for _, answer in same} == {str(same[0][1])}
    assert customer.close()["dueCents"] == sum(range(1, 41)) + 5
    require_sound_books(paying)


def test_a_bank_that_hangs_lets_payments_age_and_then_goes_on(paying: World) -> None:
    """The age of the oldest grows while it hangs, and is 0 again once it answers."""
    customer = Customer(paying).ready_to_pay(300)
    with switched(paying, "bank", hang=True):
        identity = customer.order("payments", 300)[1]["paymentId"]
        until(lambda: metric(paying, "payments.1", OLDEST) > 3, "the payment ageing", 20)
        assert payment(paying, identity)["state"] in {"PREPARED", "SENT"}
    until(lambda: reconciled(paying, identity), "the payment being reconciled")
    until(lambda: metric(paying, "payments.1", OLDEST) == 0, "nothing being old", 10)


@pytest.mark.parametrize("victim", ["payments", "outside"])
def test_who_is_killed_while_payments_flow_pays_each_once(paying: World, victim: str) -> None:
    """The service or the bank, killed in the middle: each payment is made once, for what was asked, and reconciled."""
    customers = [Customer(paying).ready_to_pay(1000 + number) for number in range(12)]
    component = {"payments": Payments(), "outside": Outside()}[victim]
    answers: list[dict[str, Any]] = []

    def pay() -> None:
        answers.extend(customer.surely("payments", 1000 + number) for number, customer in enumerate(customers))

    flow = threading.Thread(target=pay)
    flow.start()
    time.sleep(0.15)
    paying.signal(victim, signal.SIGKILL)
    component.stop(paying, Deadline(30))
    component.start(paying, Deadline(60))
    component.ready(paying, Deadline(60))
    flow.join()
    until(lambda: all(reconciled(paying, answer["paymentId"]) for answer in answers), "all being reconciled")
    assert {customer.state() for customer in customers} == {"PAID"}
    require_sound_books(paying)


def test_a_database_that_is_killed_while_money_flows_costs_no_cent(paying: World) -> None:
    """Each deposit whose key was repeated until it was answered is in the ledger once."""
    customer, back = Customer(paying, "PAYGW"), threading.Event()
    deposited: list[int] = []

    def deposit() -> None:
        while not back.is_set() or len(deposited) < 60:
            customer.surely("deposits", len(deposited) + 1)
            deposited.append(len(deposited) + 1)

    flow = threading.Thread(target=deposit)
    flow.start()
    until(lambda: len(deposited) > 5, "money flowing")
    postgres = Postgres()
    paying.signal("postgres", signal.SIGKILL)
    postgres.stop(paying, Deadline(30))
    postgres.start(paying, Deadline(60))
    postgres.ready(paying, Deadline(60))
    back.set()
    flow.join()
    assert customer.close()["dueCents"] == sum(deposited)
    require_sound_books(paying)


def test_a_discrepancy_blocks_the_period_until_the_bank_has_corrected_it(paying: World) -> None:
    """A cent that the bank did not move blocks the period and refuses payments; corrected, the period is PAID."""
    customer = Customer(paying).ready_to_pay(500)
    with switched(paying, "bank", settle_short=1):
        identity = customer.order("payments", 500)[1]["paymentId"]
        until(lambda: customer.state() == "BLOCKED_DISCREPANCY", "the period being blocked", 20)
    assert customer.order("payments", 1)[1]["error"] == "period_blocked"
    assert payment(paying, identity)["reconciledAt"] is None
    assert ask(paying.get("bank.url"), "POST", f"/transfers/{identity}/correction", {})[0] == 200
    assert ask(paying.get("payments.1.url"), "POST", "/reconciliations/replay", {}) == (200, {"started": 1})
    until(lambda: customer.state() == "PAID", "the period being paid", 20)
    assert reconciled(paying, identity)


def test_a_reconciliation_that_fails_is_parked_and_can_be_started_again(paying: World) -> None:
    """The depth of the dead letters rises, the payment ages, and a replay reconciles it."""
    customer = Customer(paying).ready_to_pay(600)
    depth = metric(paying, "payments.1", DEPTH)
    with switched(paying, "payments.1", fail_reconciliation=True):
        identity = customer.order("payments", 600)[1]["paymentId"]
        until(
            lambda: metric(paying, "payments.1", "apgms_reconciliation_dlq_depth") == depth + 1, "the dead letter", 20
        )
    assert not reconciled(paying, identity)
    assert ask(paying.get("payments.1.url"), "POST", "/reconciliations/replay", {})[0] == 200
    until(lambda: reconciled(paying, identity), "the payment being reconciled", 20)


def test_the_gauge_lies_only_when_it_is_told_to(paying: World) -> None:
    """Held back, the age grows; frozen it stands still; in milliseconds it is a thousand times too large."""
    customer = Customer(paying).ready_to_pay(400)
    with switched(paying, "payments.1", hold_reconciliation=True):
        customer.order("payments", 400)
        until(lambda: metric(paying, "payments.1", OLDEST) > 1, "the payment ageing", 20)
        with switched(paying, "payments.1", freeze_collector=True):
            time.sleep(1.2)
            frozen = metric(paying, "payments.1", OLDEST)
            time.sleep(2)
            assert metric(paying, "payments.1", OLDEST) == frozen
        with switched(paying, "payments.1", gauge_seconds_as_ms=True):
            assert metric(paying, "payments.1", OLDEST) > 1000
    until(lambda: metric(paying, "payments.1", OLDEST) == 0, "nothing being old", 20)


def test_a_balance_joined_as_text_does_not_add_up(paying: World) -> None:
    """The switch damages the next deposit's balance, and no later one's arithmetic."""
    customer = Customer(paying, "PAYGW")
    assert customer.order("deposits", 10)[0] == 201
    with switched(paying, "payments.1", string_balance=1):
        answer = customer.order("deposits", 25)[1]
    assert answer["balanceAfterCents"] == int(f"{answer['balanceBeforeCents']}25")
    after = customer.order("deposits", 1)[1]
    assert after["balanceAfterCents"] == after["balanceBeforeCents"] + 1
    assert broken_links(paying, "ledger", "id", COLUMNS, "created_at") == []
