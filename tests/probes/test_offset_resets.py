"""Offsets that moved while a group had no members are told from everything that only looks like it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.clients.prometheus.facts import Sample, Series
from apgms_ops.environment.types import Limit
from apgms_ops.errors import BadAnswer, Unobserved
from apgms_ops.probes.offset_resets import OffsetResets, SetBack, Skip, Watched, skips_of, steps_back

AT = datetime(2026, 11, 23, tzinfo=UTC)
COVERAGE = Limit[Decimal](value=Decimal("0.99"), source="runbook")
LABELS = {"consumergroup": "g", "topic": "t", "partition": "2"}


def series(values: list[float], labels: dict[str, str] | None = None, every: float = 15) -> Series:
    """Return a series with one sample a scrape."""
    labels = LABELS if labels is None else labels
    samples = (Sample(labels, AT + timedelta(seconds=every * n), value) for n, value in enumerate(values))
    return Series(labels, tuple(samples))


def skips(members: list[float], offsets: list[float], every: float = 15) -> list[Skip]:
    """Return the skips seen in members and offsets of the same scrapes."""
    return list(skips_of([series(members, every=every)], [series(offsets, every=every)]))


def test_a_step_without_members_is_a_skip() -> None:
    """Nobody there before, at and after the step: the offset was set."""
    (skip,) = skips([1, 0, 0, 0, 1], [10, 12, 12, 312, 320])
    assert (skip.group, skip.topic, skip.partition, skip.before, skip.after) == ("g", "t", 2, 12, 312)


@pytest.mark.parametrize(
    ("members", "offsets"),
    [
        ([1, 1, 1, 1], [10, 20, 30, 40]),
        ([1, 1, 1, 1], [10, 10, 310, 310]),
        ([1, 0, 0, 1], [10, 12, 12, 40]),
        ([1, 0, 0, 0], [10, 10, 12, 12]),
        ([0, 0, 0, 0], [40, 40, 10, 10]),
        ([0, 0, 0, 0], [-1, -1, 10, 10]),
        ([0, 0, 0], [10, 20, 20]),
        ([], [10, 20, 20]),
    ],
    ids=[
        "reading",
        "restarted between two scrapes",
        "came back and read",
        "committed as it left",
        "reset to earlier",
        "first commit",
        "nobody looked before",
        "no series of members",
    ],
)
def test_what_only_looks_like_a_skip_is_none(members: list[float], offsets: list[float]) -> None:
    """A consumer that reads, restarts, leaves or comes back is not somebody who moves offsets."""
    assert skips(members, offsets) == []


def test_a_step_across_a_gap_is_not_told() -> None:
    """Where nobody scraped for longer than the look-back, a member may have come and gone."""
    assert skips([0, 0, 0], [10, 10, 20], every=400) == []


def test_a_second_exporter_that_sees_members_is_believed() -> None:
    """A group has no members only if no exporter sees any."""
    members = [series([0, 0, 0, 0]), series([0, 0, 1, 0])]
    assert list(skips_of(members, [series([10, 10, 10, 99])])) == []


def test_a_series_without_its_labels_is_refused() -> None:
    """A skip that could not be named is a bad answer."""
    with pytest.raises(BadAnswer, match="no label topic"):
        list(skips_of([series([0, 0, 0])], [series([1, 1, 5], {"consumergroup": "g", "partition": "0"})]))


@given(st.lists(st.integers(min_value=0, max_value=1000), min_size=1, max_size=30))
def test_a_group_with_members_never_skips(offsets: list[int]) -> None:
    """However offsets move while there is a member, it is reading."""
    assert skips([1.0] * len(offsets), [float(o) for o in offsets]) == []


WATCHED = Watched("g", Decimal(1), last=True)
SKIP = Skip("g", "t", 0, 10, 310, AT)


def test_a_day_watched_without_a_skip_is_well() -> None:
    """Nothing was skipped, and somebody looked all day."""
    assert not OffsetResets((WATCHED,), ()).skipped(COVERAGE)


@pytest.mark.parametrize(
    "watched",
    [(), (Watched("g", Decimal("0.5"), last=True),), (Watched("g", Decimal(1), last=False),)],
    ids=["no group", "half a day", "not now"],
)
def test_a_day_that_nobody_watched_is_unknown(watched: tuple[Watched, ...]) -> None:
    """Without the exporter's series there is no verdict."""
    with pytest.raises(Unobserved, match="did not watch"):
        OffsetResets(watched, ()).skipped(COVERAGE)


def test_a_skip_is_a_finding_even_on_half_a_day() -> None:
    """What was seen was seen; the finding says what was skipped, and when."""
    (finding,) = OffsetResets((Watched("g", Decimal("0.5"), last=True),), (SKIP,)).skipped(COVERAGE)
    assert finding.startswith("g skipped 300 messages of t partition 0: 10 was set to 310 by 2026-11-23 00:00:00 UTC")


def backward(*offsets: float, labels: dict[str, str] | None = None) -> list[SetBack]:
    """Return the steps backward of one series."""
    return list(steps_back([series(list(offsets), labels)]))


def test_a_group_that_was_set_back_is_a_finding() -> None:
    """The same messages are handled twice, and the lag may be gone since; the finding says how many, and when."""
    (step,) = backward(10, 500, 350, 500, 510)
    (finding,) = OffsetResets((WATCHED,), (), (step,)).set_back()
    assert finding == (
        "g was set back by 150 messages of t partition 2, partition 2 from 500 to 350 by 2026-11-23 00:00:30 UTC: "
        "it handles them a second time"
    )


def test_a_log_that_became_shorter_is_a_finding() -> None:
    """A topic that was deleted and made anew is there, and has no lag, and its messages are lost."""
    (step,) = backward(500, 3, labels={"topic": "t", "partition": "0"})
    (finding,) = OffsetResets((WATCHED,), (), (step,)).set_back()
    assert finding.startswith(
        "the log of t partition 0 became shorter, partition 0 from 500 to 3 by 2026-11-23 00:00:15 UTC"
    )


def test_many_partitions_are_one_finding() -> None:
    """A group that was set back on a whole topic is told in one sentence: the sum, and where it fell furthest."""
    steps = [*backward(500, 350), *backward(500, 100, labels={**LABELS, "partition": "0"})]
    (finding,) = OffsetResets((WATCHED,), (), tuple(steps)).set_back()
    assert finding.startswith("g was set back by 550 messages of t partitions 0, 2, partition 0 from 500 to 100 by")


@pytest.mark.parametrize("offsets", [(), (5,), (5, 5, 6), (-1, 5), (5, -1, 5), (5, -1, 6)])
def test_offsets_that_do_not_fall_are_well(offsets: tuple[float, ...]) -> None:
    """Standing, growing, appearing, and being without a commit for a time: none is a step backward."""
    assert backward(*offsets) == []


def test_a_fall_across_a_time_without_a_commit_is_seen() -> None:
    """A group that was deleted and began anew at the oldest message was set back all the same."""
    (step,) = backward(500, -1, 20)
    assert (step.before, step.after) == (500, 20)


def test_two_exporters_tell_of_one_step() -> None:
    """What both have seen is one finding: the longer of the two steps."""
    seen = [series([500, 350]), series([490, 340, 360])]
    assert [(step.before, step.after) for step in steps_back(seen)] in ([(500, 350)], [(490, 340)])
