"""What is withheld is what the Australian Taxation Office's own examples and sample data say, and moves as it must."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.sandbox.service_process import withholding
from apgms_ops.sandbox.service_process.withholding_tables import TABLES, Scale, Table, table_on

IN_2020, IN_2024, IN_2026 = TABLES
SCALES = [scale for table in TABLES for scale in (table.scale_1, table.scale_2)]
CENTS = st.integers(0, 10**9)
PERIODS = st.sampled_from(withholding.PERIODS)
# Dollars a week → dollars withheld without the tax-free threshold, and with it: sample data of the schedule from 2026.
SAMPLES = {
    116: (17, 0),
    188: (28, 0),
    362: (65, 0),
    371: (66, 1),
    515: (92, 23),
    538: (100, 27),
    673: (143, 60),
    721: (159, 68),
    865: (205, 94),
    932: (227, 116),
    1282: (339, 229),
    2246: (647, 537),
    2596: (784, 649),
    3303: (1060, 925),
    3653: (1224, 1062),
}


@pytest.mark.parametrize("dollars", SAMPLES)
def test_the_offices_sample_data_come_out(dollars: int) -> None:
    """The weekly sample data of the schedule from 1 July 2026 come out to the dollar on both scales."""
    found = tuple(withholding.withheld(100 * dollars, "weekly", scale) for scale in (IN_2026.scale_1, IN_2026.scale_2))
    assert found == tuple(100 * expected for expected in SAMPLES[dollars])


@pytest.mark.parametrize(
    ("gross", "period", "expected"),
    [
        (133_345, "weekly", 24_500),  # (0.3200 x 1,333.99) - 181.7319 = 245.1449
        (540_033, "monthly", 94_000),  # (5,400.33 + 0.01) x 3 / 13 = 1,246.23: $217 a week
        (233_133, "monthly", 11_700),  # a cent for the third: 538.00 a week
        (222_733, "monthly", 10_000),
        (107_400, "fortnightly", 5_200),
        (107_600, "fortnightly", 5_400),
        (260_836, "weekly", 65_400),
        (440_975, "fortnightly", 104_800),
    ],
)
def test_the_offices_examples_come_out(gross: int, period: str, expected: int) -> None:
    """The worked examples of the schedule from 1 July 2026 with the tax-free threshold come out to the dollar."""
    assert withholding.withheld(gross, period, IN_2026.scale_2) == expected


def test_an_earlier_schedule_is_worked_by_hand() -> None:
    """Amounts of the schedules from 2020 and 2024 are those that a pencil gives."""
    # 0.3477 x 1,250.99 - 186.2119 = 248.7573, the office's answer to a question of April 2022
    assert withholding.withheld(125_000, "weekly", IN_2020.scale_2) == 24_900
    # 0.3200 x 1,300.99 - 176.5769 = 239.7399
    assert withholding.withheld(130_000, "weekly", IN_2024.scale_2) == 24_000
    # 13,000 / 13 = 1,000: 0.3227 x 1,000.99 - 180.0385 = 142.98, times 13
    assert withholding.withheld(1_300_000, "quarterly", IN_2024.scale_2) == 185_900
    # 0.1890 x 400.99 + 0.6702 = 76.4573
    assert withholding.withheld(40_012, "weekly", IN_2024.scale_1) == 7_600


@pytest.mark.parametrize(
    ("day", "table"),
    [
        (date(2020, 10, 12), None),
        (date(2020, 10, 13), IN_2020),
        (date(2024, 6, 30), IN_2020),
        (date(2024, 7, 1), IN_2024),
        (date(2026, 6, 30), IN_2024),
        (date(2026, 7, 1), IN_2026),
        (date(2027, 6, 30), IN_2026),
        (date(2027, 7, 1), None),
    ],
)
def test_a_day_has_the_table_of_its_year_or_none(day: date, table: Table | None) -> None:
    """A table applies from its first day to its last; before and after them nothing is invented."""
    assert table_on(day) is table


def test_tables_follow_one_another_and_name_their_source() -> None:
    """Each begins on the day after the one before has ended, and says where its numbers are from."""
    for before, after in pairwise(TABLES):
        assert after.first == before.last + timedelta(days=1)
    assert all("ATO" in table.source and "20" in table.source for table in TABLES)


@pytest.mark.parametrize("scale", SCALES)
def test_a_scale_rises_and_has_an_end(scale: Scale) -> None:
    """Its bands follow one another, the last one has no upper edge, and no edge is a cliff of more than two dollars."""
    edges = [band.below for band in scale]
    assert edges[-1] is None
    assert [edge for edge in edges if edge is not None] == sorted({edge for edge in edges if edge is not None})
    for band, following in pairwise(scale):
        assert band.below is not None
        x = Fraction(100 * band.below + 99, 100)
        either = [x * Fraction(one.a, 10_000) - Fraction(one.b, 10_000) for one in (band, following)]
        assert abs(either[0] - either[1]) < 2


@given(CENTS, PERIODS, st.sampled_from(SCALES))
def test_it_is_whole_dollars_and_less_than_was_earned(cents: int, period: str, scale: Scale) -> None:
    """What is withheld is whole dollars, not less than nothing, and below 48 % of what was earned and a dollar."""
    withheld = withholding.withheld(cents, period, scale)
    assert withheld % 100 == 0
    assert 0 <= withheld <= cents * 48 // 100 + 1300


@given(CENTS, st.integers(0, 10**6), PERIODS, st.sampled_from(SCALES))
def test_who_earns_more_has_not_less_withheld(cents: int, more: int, period: str, scale: Scale) -> None:
    """It never falls by more than the dollar that an edge between two bands may be off, for each week."""
    weeks = {"weekly": 1, "fortnightly": 2, "monthly": 5, "quarterly": 13}[period]
    now, then = (withholding.withheld(gross, period, scale) for gross in (cents, cents + more))
    assert then >= now - 100 * weeks


@given(st.integers(0, 10**8), st.sampled_from(SCALES))
def test_two_weeks_are_twice_one(cents: int, scale: Scale) -> None:
    """A fortnight of twice the earnings has twice as much withheld, and a quarter thirteen times."""
    week = withholding.withheld(cents, "weekly", scale)
    assert withholding.withheld(2 * cents, "fortnightly", scale) == 2 * week
    assert withholding.withheld(13 * cents, "quarterly", scale) == 13 * week


@given(CENTS, PERIODS, st.sampled_from(SCALES))
def test_cutting_off_is_never_more_than_rounding(cents: int, period: str, scale: Scale) -> None:
    """The wrong ways are wrong by rounding only: what is cut off is not more, and to the cent is near."""
    right = withholding.withheld(cents, period, scale)
    assert withholding.withheld(cents, period, scale, withholding.down) <= right
    assert abs(withholding.withheld_exactly(cents, period, scale) - right) <= 50 * 13 + 100


def test_half_a_dollar_goes_up() -> None:
    """Exactly 50 cents are rounded to the next higher dollar."""
    assert [withholding.nearest(Fraction(value, 2)) for value in (1, 2, 3, 5)] == [1, 1, 2, 3]
    assert withholding.nearest(Fraction(1499, 1000)) == 1
