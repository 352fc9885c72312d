"""The comparison of two shares: exact where it can be counted out, and never more alarms than were agreed to."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apgms_ops.errors import BadAnswer
from apgms_ops.probes.shares import Share, chance

MOST = 40


@st.composite
def shares(draw: st.DrawFn, most: int = MOST) -> Share:
    """Return a share of at least one thing."""
    of = draw(st.integers(1, most))
    return Share(draw(st.integers(0, of)), of)


def counted_out(before: Share, after: Share) -> Fraction:
    """Return the chance as the number of favourable draws of all draws, in whole numbers."""
    total, hits = before.of + after.of, before.hits + after.hits
    ways = sum(
        comb(hits, k) * comb(total - hits, after.of - k)
        for k in range(after.hits, min(hits, after.of) + 1)
        if after.of - k <= total - hits
    )
    return Fraction(ways, comb(total, after.of))


@given(shares(), shares())
def test_the_chance_is_the_one_that_counting_gives(before: Share, after: Share) -> None:
    """Nothing is approximated: the number is that of the draws that would look so, or worse."""
    assert chance(before, after) == pytest.approx(float(counted_out(before, after)), rel=1e-9, abs=1e-15)


@given(shares(10_000), shares(10_000))
def test_a_chance_lies_between_none_and_certainty(before: Share, after: Share) -> None:
    """It is a probability, also of many."""
    assert 0.0 <= chance(before, after) <= 1.0


@given(shares(2_000), shares(2_000))
def test_more_hits_after_are_never_likelier(before: Share, after: Share) -> None:
    """What looks worse is less likely to be chance."""
    if after.hits < after.of:
        worse = Share(after.hits + 1, after.of)
        assert chance(before, worse) <= chance(before, after) + 1e-9


@given(shares(2_000), shares(2_000))
def test_more_hits_before_excuse_those_after(before: Share, after: Share) -> None:
    """What was as bad before is no worsening."""
    if before.hits < before.of:
        excused = Share(before.hits + 1, before.of)
        assert chance(excused, after) >= chance(before, after) - 1e-9


@given(shares(2_000))
def test_the_same_share_is_never_a_worsening(share: Share) -> None:
    """Before and after alike: so many or more are at least as likely as not, a hair for rounding."""
    assert chance(share, share) >= 0.5 - 1e-9


@given(shares(2_000), shares(2_000))
def test_only_one_of_two_can_be_worse(one: Share, other: Share) -> None:
    """If this is worse than that beyond doubt, that is not worse than this."""
    assert max(chance(one, other), chance(other, one)) >= 0.5 - 1e-9


@settings(max_examples=30)
@given(st.integers(1, 12), st.integers(1, 12), st.floats(0.01, 0.99), st.sampled_from([0.01, 0.05, 0.2]))
def test_no_more_false_alarms_than_agreed(before: int, after: int, share: float, most: float) -> None:
    """If nothing changed, the chance is at most so small in at most so many of all rollouts, whatever the share is."""
    alarms = sum(
        comb(before, b)
        * share**b
        * (1 - share) ** (before - b)
        * comb(after, a)
        * share**a
        * (1 - share) ** (after - a)
        for b in range(before + 1)
        for a in range(after + 1)
        if chance(Share(b, before), Share(a, after)) <= most
    )
    assert alarms <= most + 1e-12


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Share(0, 1000), Share(8, 1000), 0.0038),
        (Share(0, 0), Share(5, 10), 1.0),
        (Share(5, 10), Share(0, 0), 1.0),
        (Share(0, 5_000_000), Share(0, 5_000_000), 1.0),
        (Share(1_000_000, 2_000_000), Share(1_000_000, 2_000_000), 0.5),
        (Share(0, 1_000_000), Share(500_000, 1_000_000), 0.0),
        (Share(500_000, 1_000_000), Share(0, 1_000_000), 1.0),
    ],
)
def test_known_chances(before: Share, after: Share, expected: float) -> None:
    """Few, none and millions, to two digits, without hanging and without an overflow."""
    assert chance(before, after) == pytest.approx(expected, rel=0.02, abs=0.001)


@pytest.mark.parametrize(("hits", "of"), [(-1, 5), (6, 5), (1, 0)])
def test_more_than_all_is_no_share(hits: int, of: int) -> None:
    """More failed requests than requests are a wrong count, not a bad release."""
    with pytest.raises(BadAnswer, match="no share"):
        Share(hits, of)
