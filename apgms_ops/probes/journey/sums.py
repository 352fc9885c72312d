"""PAYGW and GST: what is asked of the platform, and what the oracle says to its answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from apgms_ops.compliance.gst import SOURCE, gst_cents
from apgms_ops.compliance.withholding import PayPeriod, schedule_of, withheld_cents
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.journey.answers import each, not_answered, same

if TYPE_CHECKING:
    from apgms_ops.probes.journey.facts import Journey

_OLDER: Final = date(2026, 6, 30)
"""The last day of the table before today's: an effective date is only shown by one that has passed."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A calculation: of `paygw`, or of `gst`."""

    name: str
    what: str
    cents: int
    period: str = ""
    """How often is paid; empty for GST."""
    pay_date: str = ""
    flag: bool = False
    """Whether the tax-free threshold is claimed; for GST, whether the amount holds it."""

    def body(self) -> dict[str, object]:
        """Return it as the API takes it."""
        if self.what == "gst":
            return {"amountCents": self.cents, "inclusive": self.flag}
        return {
            "grossCents": self.cents,
            "payPeriod": self.period,
            "payDate": self.pay_date,
            "taxFreeThreshold": self.flag,
        }

    def wanted(self) -> int:
        """Return what the oracle says, in cents.

        Raises:
            Unobserved: No table covers the pay date.
        """
        if self.what == "gst":
            return gst_cents(self.cents, inclusive=self.flag)
        pay_date = date.fromisoformat(self.pay_date)
        return withheld_cents(self.cents, PayPeriod(self.period), pay_date, tax_free_threshold=self.flag)

    @property
    def field(self) -> str:
        """The field of the answer that holds the result."""
        return "gstCents" if self.what == "gst" else "withheldCents"

    def __str__(self) -> str:
        """Read as prose."""
        if self.what == "gst":
            return f"GST of {self.cents} cents {'with' if self.flag else 'without'} it"
        claimed = "claimed" if self.flag else "not claimed"
        return f"PAYGW of {self.cents} cents {self.period}, paid on {self.pay_date}, threshold {claimed}"


def asked(today: date) -> tuple[Sum, ...]:
    """Return the calculations to ask for: every period and scale, and where rounding goes wrong first."""
    pays = (
        (100_000, "weekly", today, True),
        (100_000, "weekly", today, False),
        # The cents of a pay are ignored; those of its tax are rounded, 50 of them upwards.
        (53_899, "weekly", today, True),
        (3_650_01, "weekly", today, False),
        (98_980, "fortnightly", today, True),
        (186_299, "fortnightly", today, False),
        # A month that ends in 33 cents is given one more.
        (233_133, "monthly", today, True),
        (540_033, "monthly", today, False),
        (1_300_000, "quarterly", today, True),
        (4_750_087, "quarterly", today, False),
        # Below the threshold nothing is withheld, and before the tables changed it was something else.
        (36_100, "weekly", today, True),
        (100_000, "weekly", _OLDER, True),
    )
    amounts = ((11_000, True), (10_000, False), (100, True), (105, False), (99_999_999, True), (4, False))
    return (
        *(
            Sum(f"paygw-{number}", "paygw", cents, period, pay_date.isoformat(), claimed)
            for number, (cents, period, pay_date, claimed) in enumerate(pays, 1)
        ),
        *(Sum(f"gst-{number}", "gst", cents, flag=holds) for number, (cents, holds) in enumerate(amounts, 1)),
    )


class Sums:
    """Judges the calculations."""

    def __init__(self, journey: "Journey") -> None:
        """Take the walk."""
        self._journey = journey

    def paygw_wrong(self) -> Findings:
        """Say which amounts to withhold are not those of the ATO's formulas.

        Raises:
            Unobserved: They were not asked for, or no table covers a pay date.
        """
        return self._wrong("paygw")

    def gst_wrong(self) -> Findings:
        """Say which amounts of GST are wrong.

        Raises:
            Unobserved: They were not asked for.
        """
        return self._wrong("gst")

    def _wrong(self, what: str) -> Findings:
        mine = [one for one in self._journey.sums if one.what == what]
        if not mine:
            self._journey.made(f"{what}-1")  # says how far the walk came
            msg = f"no calculation of {what} is recorded"
            raise Unobserved(msg)
        return each(mine, self._off)

    def _off(self, one: Sum) -> Iterator[str]:
        seen = self._journey.made(one.name)
        refused = tuple(not_answered(seen, HTTPStatus.OK))
        if refused:
            yield from refused
            return
        wanted, told = one.wanted(), seen.fields.get(one.field)
        if not same(told, wanted):
            source = SOURCE if one.what == "gst" else schedule_of(date.fromisoformat(one.pay_date)).name
            yield f"{one}: {one.field} is {told!r}, not {wanted} ({source})"
