"""PAYG withholding, held to the sample data that the ATO publishes for it."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.compliance.withholding import PayPeriod, schedule_of, schedules, withheld_cents
from apgms_ops.errors import Unobserved

NEW, OLD = date(2026, 11, 26), date(2026, 6, 30)
# ATO, Schedule 1, sample data: weekly earnings, scale 1, scale 2. From 1 July 2026.
WEEKLY_2026 = """
116 17 0, 187 28 0, 188 28 0, 361 64 0, 362 65 0, 370 66 1, 371 66 1, 514 92 23, 515 92 23, 537 99 26, 538 100 27,
672 143 60, 673 143 60, 720 158 68, 721 159 68, 864 205 94, 865 205 94, 907 219 108, 931 227 116, 932 227 116,
1134 292 181, 1135 292 181, 1281 339 229, 1282 339 229, 1845 519 409, 2245 647 537, 2246 647 537, 2491 743 616,
2595 784 649, 2596 784 649, 3302 1059 925, 3303 1060 925, 3652 1224 1061, 3653 1224 1062
"""
FORTNIGHTLY_2026 = """
232 34 0, 740 132 2, 1076 200 54, 1862 454 232, 2270 584 362, 4240 1214 994, 7306 2448 2124
"""
MONTHLY_2026 = """
502.67 74 0, 1083.33 178 0, 1603.33 286 4, 2331.33 433 117, 4038.67 984 503, 4914.00 1265 784, 4918.33 1265 784,
9186.67 2630 2154, 15829.67 5304 4602
"""
# The same, from 1 July 2024.
WEEKLY_2024 = "116 19 0, 370 71 2, 625 134 55, 864 211 99, 1053 272 160, 2596 790 655, 3653 1230 1067"
FORTNIGHTLY_2024 = "1250 268 110, 5192 1580 1310"
MONTHLY_2024 = "1083.33 195 0, 2708.33 581 238, 11249.33 3423 2838"
PUBLISHED = [
    (NEW, PayPeriod.WEEKLY, WEEKLY_2026),
    (NEW, PayPeriod.FORTNIGHTLY, FORTNIGHTLY_2026),
    (NEW, PayPeriod.MONTHLY, MONTHLY_2026),
    (OLD, PayPeriod.WEEKLY, WEEKLY_2024),
    (OLD, PayPeriod.FORTNIGHTLY, FORTNIGHTLY_2024),
    (OLD, PayPeriod.MONTHLY, MONTHLY_2024),
]
DATES = st.sampled_from([NEW, OLD])
PERIODS = st.sampled_from(PayPeriod)
CENTS = st.integers(min_value=0, max_value=10**8)


@pytest.mark.parametrize(("pay_date", "period", "rows"), PUBLISHED, ids=lambda value: str(value)[:11])
def test_the_atos_sample_data_comes_out(pay_date: date, period: PayPeriod, rows: str) -> None:
    """Every pay of the ATO's sample data comes to the dollars that stand beside it, on both scales."""
    for row in rows.split(","):
        earnings, scale_1, scale_2 = row.split()
        cents = round(float(earnings) * 100)
        assert withheld_cents(cents, period, pay_date, tax_free_threshold=False) == int(scale_1) * 100, row
        assert withheld_cents(cents, period, pay_date, tax_free_threshold=True) == int(scale_2) * 100, row


@pytest.mark.parametrize(
    ("earnings", "period", "withheld"),
    [("1333.45", PayPeriod.WEEKLY, 245), ("5400.33", PayPeriod.MONTHLY, 940)],
)
def test_the_atos_worked_examples_come_out(earnings: str, period: PayPeriod, withheld: int) -> None:
    """The worked examples of the schedule of 2026 come out, among them the month that ends in 33 cents."""
    cents = int(earnings.replace(".", ""))
    assert withheld_cents(cents, period, NEW, tax_free_threshold=True) == withheld * 100


def test_a_quarter_is_thirteen_weeks() -> None:
    """A quarterly pay is withheld from as thirteen weekly ones."""
    weekly = withheld_cents(100_000, PayPeriod.WEEKLY, NEW, tax_free_threshold=True)
    assert withheld_cents(1_300_000, PayPeriod.QUARTERLY, NEW, tax_free_threshold=True) == 13 * weekly


def test_the_table_changes_with_the_pay_date() -> None:
    """On 30 June the old table applies, on 1 July the new one."""
    assert schedule_of(date(2026, 6, 30)).name == "NAT 1004 from 1 July 2024"
    assert schedule_of(date(2026, 7, 1)).name == "NAT 1004 from 1 July 2026"


@pytest.mark.parametrize("pay_date", [date(2024, 6, 30), date(2027, 7, 1)])
def test_a_date_without_a_table_is_not_known(pay_date: date) -> None:
    """A pay date that no table covers is not known, and the text says what to add."""
    with pytest.raises(Unobserved, match=r"add the ATO's Schedule 1.*withholding\.toml"):
        withheld_cents(100_000, PayPeriod.WEEKLY, pay_date, tax_free_threshold=True)


def test_the_schedules_follow_one_another() -> None:
    """No date between the first and the last schedule is without one, and none has two."""
    found = schedules()
    for before, after in pairwise(found):
        assert (after.first - before.last).days == 1
    for schedule in found:
        for scale in (schedule.scale_1, schedule.scale_2):
            bounds = [row.below for row in scale[:-1] if row.below is not None]
            assert bounds == sorted(set(bounds))
            assert scale[-1].below is None


@given(
    cents=CENTS,
    more=st.integers(min_value=0, max_value=10**6),
    period=PERIODS,
    pay_date=DATES,
    claimed=st.booleans(),
)
def test_who_earns_more_never_pays_less(
    *, cents: int, more: int, period: PayPeriod, pay_date: date, claimed: bool
) -> None:
    """A higher pay never has less withheld from it."""
    lower = withheld_cents(cents, period, pay_date, tax_free_threshold=claimed)
    assert withheld_cents(cents + more, period, pay_date, tax_free_threshold=claimed) >= lower


@given(cents=CENTS, period=PERIODS, pay_date=DATES, claimed=st.booleans())
def test_no_more_is_withheld_than_is_paid(*, cents: int, period: PayPeriod, pay_date: date, claimed: bool) -> None:
    """What is withheld is whole dollars, not below nothing, and never more than the pay."""
    withheld = withheld_cents(cents, period, pay_date, tax_free_threshold=claimed)
    assert 0 <= withheld <= cents
    assert withheld % 100 == 0


@given(CENTS, PERIODS, DATES)
def test_claiming_the_threshold_never_costs(cents: int, period: PayPeriod, pay_date: date) -> None:
    """Who claims the tax-free threshold never has more withheld than who does not."""
    claimed = withheld_cents(cents, period, pay_date, tax_free_threshold=True)
    assert claimed <= withheld_cents(cents, period, pay_date, tax_free_threshold=False)


def test_a_negative_pay_is_refused() -> None:
    """There is no pay below nothing."""
    with pytest.raises(ValueError, match="0 or more"):
        withheld_cents(-1, PayPeriod.WEEKLY, NEW, tax_free_threshold=True)
