"""The gateway's calculations take what they can work out, and refuse the rest by name."""

import json

import pytest

from apgms_ops.sandbox.service_process import gateway_calculations as calculations
from apgms_ops.sandbox.service_process.message import Refused, Request
from apgms_ops.sandbox.service_process.switches import Spec, Switches

PAY = {"grossCents": 133_345, "payPeriod": "weekly", "payDate": "2026-11-26", "taxFreeThreshold": True}
PRICE = {"amountCents": 1006, "inclusive": True}


def request(body: object) -> Request:
    """Return a request with a body."""
    return Request("POST", "/v1/calculations", {}, {}, {}, json.dumps(body).encode(), "c")


def switches(**on: bool) -> Switches:
    """Return switches, some of them on."""
    made = Switches(Spec(flags=calculations.FLAGS), common=Spec())
    made.set(on)
    return made


def refused(work: object, body: object) -> tuple[int, str]:
    """Return status and error that a body is refused with."""
    with pytest.raises(Refused) as caught:
        work(request(body), switches())  # type: ignore[operator]  # one of the two
    return caught.value.status, caught.value.error


def test_withholding_names_its_table() -> None:
    """What is withheld is told in cents, with the table that it comes from."""
    answer = json.loads(calculations.paygw(request(PAY), switches()).body)
    assert answer == {"withheldCents": 24_500, "table": "NAT 1004 from 1 July 2026"}
    without = json.loads(calculations.paygw(request(PAY | {"taxFreeThreshold": False}), switches()).body)
    assert without["withheldCents"] == 35_500  # 0.3200 x 1,333.99 - 71.6508 = 355.2260


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"payDate": "2020-10-12"}, "no_table"),
        ({"payDate": "2027-07-01"}, "no_table"),
        ({"payDate": "2026-02-30"}, "pay_date_invalid"),
        ({"payDate": "20261126"}, "pay_date_invalid"),
        ({"payDate": "2026-W48-4"}, "pay_date_invalid"),
        ({"payDate": None}, "body_invalid"),
        ({"payPeriod": "yearly"}, "pay_period_invalid"),
        ({"grossCents": -1}, "amount_invalid"),
        ({"grossCents": 10**14}, "amount_invalid"),
        ({"grossCents": 1.5}, "body_invalid"),
        ({"grossCents": "1"}, "body_invalid"),
        ({"grossCents": True}, "body_invalid"),
        ({"taxFreeThreshold": 1}, "body_invalid"),
    ],
)
def test_a_pay_that_cannot_be_worked_out_is_refused(change: dict[str, object], error: str) -> None:
    """A day without a table, a period that is none and an amount that is no amount are 422, each by name."""
    assert refused(calculations.paygw, PAY | change) == (422, error)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"amountCents": -1}, "amount_invalid"),
        ({"amountCents": 0.5}, "body_invalid"),
        ({"inclusive": "yes"}, "body_invalid"),
        ({"inclusive": None}, "body_invalid"),
    ],
)
def test_a_price_that_is_none_is_refused(change: dict[str, object], error: str) -> None:
    """What is no price, or does not say whether the tax is in it, is 422."""
    assert refused(calculations.goods_and_services, PRICE | change) == (422, error)


def test_gst_is_told_in_cents() -> None:
    """An eleventh of 10.06 is 91 cents, and a tenth of it 1.01."""
    assert json.loads(calculations.goods_and_services(request(PRICE), switches()).body) == {"gstCents": 91}
    outside = calculations.goods_and_services(request(PRICE | {"inclusive": False}), switches())
    assert json.loads(outside.body) == {"gstCents": 101}


@pytest.mark.parametrize(
    ("switch", "body", "wrong"),
    [
        (
            "paygw_cut_off",
            PAY | {"grossCents": 100_000},
            {"withheldCents": 13_700},
        ),  # 0.3227 x 1,000.99 - 185.1935: 137.83
        ("paygw_exact", PAY, {"withheldCents": 24_514}),
        ("gst_cut_off", PRICE | {"inclusive": False}, {"gstCents": 100}),
    ],
)
def test_a_switch_makes_them_wrong_by_rounding(switch: str, body: object, wrong: dict[str, int]) -> None:
    """Cut off, or too exact: a cent or a dollar, and nothing else."""
    work = calculations.goods_and_services if switch.startswith("gst") else calculations.paygw
    answer = json.loads(work(request(body), switches(**{switch: True})).body)
    assert wrong.items() <= answer.items()
