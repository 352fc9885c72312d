"""Growth of counters in whole numbers: resets, births, gaps and the edges of a window."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.errors import BadAnswer
from apgms_ops.probes.counting import Course, Labels, Sample, courses, grown, longest_gap

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
END = START + 60 * SECOND


def samples(*pairs: tuple[float, float]) -> list[Sample]:
    """Return samples, each as seconds after the start and a value."""
    return [Sample(START + seconds * SECOND, value) for seconds, value in pairs]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(-5, 100), (25, 110), (55, 130)], 30),
        ([(-5, 100), (25, 110), (55, 130), (65, 133), (75, 140)], 33),
        ([(-65, 90), (-5, 100), (0, 101), (60, 121), (65, 130)], 20),
        ([(-5, 100), (25, 110), (35, 4), (55, 10)], 20),
        ([(25, 7), (55, 10)], 3),
        ([(-5, 100)], 0),
        ([(65, 100)], 0),
        ([], 0),
    ],
    ids=[
        "up to its last sample",
        "to the first sample after its end",
        "its edges belong to it",
        "begun anew at zero",
        "first seen within it",
        "nothing within it",
        "first seen after its end",
        "nothing at all",
    ],
)
def test_a_counter_grows_by_whole_numbers(pairs: list[tuple[float, float]], expected: int) -> None:
    """What was counted is what the samples say, and nothing is extrapolated."""
    assert grown(samples(*pairs), START, END) == expected


def test_the_counter_of_a_new_process_began_at_zero() -> None:
    """What it stood at when it was first seen came about within the window; of an older process nobody knows."""
    assert grown(samples((25, 7), (55, 10)), START, END, new=True) == 10
    assert grown(samples((-5, 3), (25, 7)), START, END, new=True) == 4
    assert grown(samples((65, 100)), START, END, new=True) == 0


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=50))
def test_growth_is_never_negative_and_adds_up(steps: list[int]) -> None:
    """Of a counter that is never begun anew, growth is the difference of its ends."""
    values = [sum(steps[: n + 1]) for n in range(len(steps))]
    series = samples(*((n - 1, value) for n, value in enumerate(values)))
    assert grown(series, START, END) == values[-1] - (values[1] if len(values) > 1 else values[0])


LABELS: Labels = frozenset({("instance", "10.0.0.7:8080"), ("route", "/v1/abn/{abn}")})
COUNT = samples((-5, 5), (10, 6), (25, 9))
BUCKET = samples((-5, 2), (10, 5), (25, 8))


def course(*counters: list[Sample], starts: list[Sample] | None = None) -> Course:
    """Return what is known of counters of one histogram; the process says of its start only the instance."""
    told = {frozenset({("instance", "10.0.0.7:8080")}): starts} if starts else {}
    return courses([{LABELS: counter} for counter in counters], told)[LABELS]


def test_a_count_that_falls_tells_of_its_buckets() -> None:
    """A bucket that is past its old mark after a restart counts from zero, because its count fell."""
    count = samples((-5, 50), (10, 6), (25, 9))
    known = course(count, BUCKET)
    assert known.anew == (START + 10 * SECOND,)
    assert grown(BUCKET, START, END) == 6
    assert grown(BUCKET, START, END, anew=known.anew) == 8
    assert grown(count, START, END, anew=known.anew) == 9


def test_a_counter_that_comes_back_after_a_restart_is_begun_anew_once() -> None:
    """Nobody asked for a while after it: the restart is told by the process at once, and by the counters later."""
    seldom = samples((-5, 5), (40, 1), (50, 3))
    known = course(seldom, starts=samples((-5, 1000.0), (10, 2000.0), (25, 2000.0), (40, 2000.0)))
    assert known.anew == (START + 10 * SECOND, START + 40 * SECOND)
    assert grown(seldom, START, END, anew=known.anew) == 3
    assert grown(samples((40, 4), (50, 6)), START, END, anew=known.anew) == 6


def test_the_start_that_a_process_tells_is_believed() -> None:
    """Every counter is higher than before, and the process is another one; a jitter of its start is none."""
    told = course(COUNT, BUCKET, starts=samples((-5, 1000.0), (10, 2000.0), (25, 2000.01)))
    assert told.anew == (START + 10 * SECOND,)
    assert grown(COUNT, START, END, anew=told.anew) == 9
    assert grown(BUCKET, START, END, anew=told.anew) == 8
    assert course(COUNT, BUCKET).anew == ()


def test_another_processs_start_tells_nothing() -> None:
    """A neighbour that was started anew leaves this one alone."""
    neighbour = {frozenset({("instance", "10.0.0.8:8080")}): samples((-5, 1000.0), (10, 2000.0))}
    assert courses([{LABELS: COUNT}], neighbour)[LABELS].anew == ()


def test_what_came_in_between_two_readings_is_left_out() -> None:
    """A scrape that is in the buckets and not yet in the counts is none: it would hold more in time than there were."""
    known = course(COUNT[:2], BUCKET)
    assert (known.until, known.anew) == (START + 10 * SECOND, ())
    assert grown(BUCKET, START, END, until=known.until) == 3
    assert grown(COUNT, START, END, until=known.until) == 1


@given(st.lists(st.tuples(st.booleans(), st.lists(st.booleans(), max_size=4)), min_size=1, max_size=12))
def test_no_more_are_in_time_than_there_were(scrapes: list[tuple[bool, list[bool]]]) -> None:
    """Whenever a process restarts, and whatever it is asked: with its start told, buckets and counts agree."""
    count = bucket = born = asked = quick = 0
    told, counts, buckets = samples((-5, 0)), samples((-5, 0)), samples((-5, 0))
    for number, (restarts, requests) in enumerate(scrapes, 1):
        if restarts:
            count = bucket = 0
            born = 10 * number
        count, bucket = count + len(requests), bucket + sum(requests)
        asked, quick = asked + len(requests), quick + sum(requests)
        for series, value in ((told, born), (counts, count), (buckets, bucket)):
            series.extend(samples((4 * number, value)))
    known = course(counts, buckets, starts=told)
    assert grown(counts, START, END, anew=known.anew, until=known.until) == asked
    assert grown(buckets, START, END, anew=known.anew, until=known.until) == quick


def test_a_counter_of_fractions_is_no_counter_of_requests() -> None:
    """Half a request is an average that somebody exports under a wrong name."""
    with pytest.raises(BadAnswer, match="does not count whole requests"):
        grown(samples((-5, 1.0), (30, 2.5)), START, END)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ((-5, 10, 25, 40, 55, 70), 15),
        ((-5, 10, 50, 70), 40),
        ((30, 40), 30),
        ((-5, 5), 55),
        ((-100, 100), 60),
        ((), 60),
    ],
)
def test_the_longest_gap_is_within_the_window(seconds: tuple[int, ...], expected: int) -> None:
    """Samples on both sides do not cover what lies between them."""
    assert longest_gap([START + s * SECOND for s in seconds], START, END) == expected * SECOND
