"""The gateway's calculations: PAYG withholding and GST, which depend on nothing but what is asked."""

import re
from datetime import date
from typing import Final

from apgms_ops.sandbox.service_process import withholding
from apgms_ops.sandbox.service_process.goods_and_services_tax import gst, gst_cut_off
from apgms_ops.sandbox.service_process.message import Refused, Request, Response, reply
from apgms_ops.sandbox.service_process.switches import Switches
from apgms_ops.sandbox.service_process.withholding_tables import table_on

FLAGS: Final = ("paygw_exact", "paygw_cut_off", "gst_cut_off")
"""Ways in which they can be wrong on purpose."""
_MOST_CENTS: Final = 10**13
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def paygw(request: Request, switches: Switches) -> Response:
    """Answer what is withheld of a payment to an employee.

    Raises:
        Refused: Something is missing, or no table applies on the day.
    """
    cents, pay_period = _cents(request, "grossCents"), request.text("payPeriod")
    if pay_period not in withholding.PERIODS:
        raise Refused(422, "pay_period_invalid", f"payPeriod must be one of {', '.join(withholding.PERIODS)}")
    threshold, day = _boolean(request, "taxFreeThreshold"), _day(request, "payDate")
    table = table_on(day)
    if table is None:
        raise Refused(422, "no_table", f"no table for payments made on {day} is known")
    scale = table.scale_2 if threshold else table.scale_1
    if switches.on("paygw_exact"):
        withheld = withholding.withheld_exactly(cents, pay_period, scale)
    else:
        rounding = withholding.down if switches.on("paygw_cut_off") else withholding.nearest
        withheld = withholding.withheld(cents, pay_period, scale, rounding)
    return reply(200, {"withheldCents": withheld, "table": table.name})


def goods_and_services(request: Request, switches: Switches) -> Response:
    """Answer the GST on a price, or in it.

    Raises:
        Refused: Something is missing.
    """
    work_out = gst_cut_off if switches.on("gst_cut_off") else gst
    cents = work_out(_cents(request, "amountCents"), inclusive=_boolean(request, "inclusive"))
    return reply(200, {"gstCents": cents})


def _cents(request: Request, name: str) -> int:
    cents = request.integer(name)
    if not 0 <= cents <= _MOST_CENTS:
        raise Refused(422, "amount_invalid", f"{name} must be 0 or more, and of this world")
    return cents


def _boolean(request: Request, name: str) -> bool:
    value = request.json().get(name)
    if not isinstance(value, bool):
        raise Refused(422, "body_invalid", f"{name} must be true or false")
    return value


def _day(request: Request, name: str) -> date:
    text = request.text(name)
    try:
        # What fromisoformat takes beside this, 2026W011 and the like, is no date of a pay run.
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:  # the 30th of February
        pass
    raise Refused(422, "pay_date_invalid", f"{name} must be YYYY-MM-DD")
