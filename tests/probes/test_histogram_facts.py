"""The judgement of a latency histogram: what is slow, what is broken, and what nobody can know."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.probes.gateway_latency import Scraped, untimed
from apgms_ops.probes.histogram_facts import Bucket, Histogram, Instance
from apgms_ops.probes.slots import Gap

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
COVERAGE = Limit(value=Decimal("0.99"), source="runbook: Daily Checks, step 4")
NAN, INFINITE = float("nan"), float("inf")


def instance(name: str = "gateway-1", **changed: object) -> Instance:
    """Return a healthy exporter, with a change: a thousand requests of 20 ms."""
    whole = Instance(
        name=name,
        edges=(0.1, 0.25, 5.0),
        count=1000.0,
        sum=20.0,
        recent_count=10.0,
        recent_sum=0.2,
        last=0.0,
        above=0,
        uncounted=0,
    )
    return replace(whole, **changed)  # type: ignore[arg-type]


def buckets(*counts: float) -> tuple[Bucket, ...]:
    """Return the counts up to 100 ms, 250 ms, 5 s and any time."""
    return tuple(Bucket(edge, count) for edge, count in zip((0.1, 0.25, 5.0, None), counts, strict=True))


def histogram(*instances: Instance, **changed: object) -> Histogram:
    """Return a healthy histogram, with a change: 99 % of the requests took at most 250 ms, promised are 95 %."""
    whole = Histogram(
        what="requests of api-gateway",
        quantile=Decimal("0.95"),
        limit=timedelta(milliseconds=250),
        window=DAY,
        source="runbook: Service Overview",
        at=AT,
        newest=AT - timedelta(seconds=15),
        gaps=(),
        buckets=buckets(900, 990, 1000, 1000),
        instances=instances or (instance(),),
        unobserved=0.0,
        course=(),
    )
    return replace(whole, **changed)  # type: ignore[arg-type]


def test_a_healthy_histogram_has_no_findings() -> None:
    """Fast enough, and sound."""
    assert not histogram().slower(COVERAGE)
    assert not histogram().unsound()


@given(st.integers(0, 1000))
def test_the_promise_holds_exactly_where_the_share_reaches_the_quantile(within: int) -> None:
    """950 of 1,000 keep a promise of 95 %, 949 break it; nothing is interpolated."""
    found = histogram(buckets=buckets(0, within, 1000, 1000)).slower(COVERAGE)
    assert bool(found) == (within < 950)


def test_a_finding_says_what_was_seen_what_was_promised_and_by_whom() -> None:
    """The sentence at three in the morning."""
    (said,) = histogram(buckets=buckets(100, 900, 1000, 1000)).slower(COVERAGE)
    for part in ("90.00% of 1000 requests of api-gateway", "250ms", "95%", "runbook: Service Overview"):
        assert part in said


def test_a_limit_that_is_no_edge_is_unknown_and_the_edges_are_named() -> None:
    """One replica without the edge is enough: what is between edges is a guess."""
    odd = instance("gateway-2", edges=(0.2, 0.3))
    with pytest.raises(Unobserved, match=r"gateway-2 has no bucket that ends at 250ms, only at 0\.2, 0\.3 s"):
        histogram(instance(), odd).slower(COVERAGE)


def test_buckets_without_the_limit_are_unknown_even_where_no_instance_is_left() -> None:
    """What exported them may be gone."""
    with pytest.raises(Unobserved, match="no bucket ends at 250ms"):
        histogram(buckets=(Bucket(0.2, 10), Bucket(None, 10))).slower(COVERAGE)


def test_no_traffic_is_unknown_and_never_fast() -> None:
    """Zero requests took no time, and prove nothing: neither speed nor soundness."""
    idle = histogram(
        instance(count=0.0, sum=0.0, recent_count=0.0, recent_sum=0.0),
        buckets=buckets(0, 0, 0, 0),
    )
    with pytest.raises(Unobserved, match="none was observed within 1d"):
        idle.slower(COVERAGE)
    with pytest.raises(Unobserved, match="none was timed within 1d"):
        idle.unsound()


def test_no_exporter_is_unknown() -> None:
    """Nobody says anything: that is not sound."""
    with pytest.raises(Unobserved, match="nobody exports"):
        replace(histogram(), instances=()).unsound()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sum": 0.0}, "1000 took 0 s together: the timer is broken"),
        ({"sum": -1.0}, "the timer is broken"),
        ({"recent_sum": 0.0}, "10 took 0 s together within the last 5m: the timer is broken"),
        ({"sum": NAN}, "no numbers"),
        ({"count": NAN}, "no numbers"),
        ({"recent_sum": INFINITE}, "no numbers"),
        ({"above": 2}, r"2 series with a bucket that holds more than \+Inf"),
        ({"uncounted": 1}, r"1 series whose \+Inf is not their count"),
        ({"sum": 60_000.0, "last": 1000.0}, "milliseconds perhaps"),
        ({"sum": 21_000.0}, "sum and buckets differ in unit"),
    ],
)
def test_a_broken_exporter_is_named_and_its_speed_not_believed(changed: dict[str, object], said: str) -> None:
    """One of two replicas is broken: the finding names it, and the share of fast requests is unknown."""
    broken = histogram(instance(), instance("gateway-2", **changed))
    assert broken.unsound()
    with pytest.raises(Unobserved, match=f"gateway-2: .*{said}"):
        broken.slower(COVERAGE)


@pytest.mark.parametrize("counts", [(900, 800, 1000, 1000), (900, 990, 1100, 1000), (NAN, 990, 1000, 1000)])
def test_buckets_that_are_not_cumulative_are_no_histogram(counts: tuple[float, ...]) -> None:
    """A wider bucket holds at least what a narrower one holds, and none holds no number."""
    assert histogram(buckets=buckets(*counts)).unsound()


def test_extrapolation_is_no_finding() -> None:
    """`increase` of two counters that rose together differs by a little."""
    assert not histogram(buckets=buckets(900, 1000.4, 1000.2, 1000)).unsound()


def test_slow_requests_are_slow_and_not_milliseconds() -> None:
    """Half of them beyond the largest edge, with a mean of eight seconds: that is an outage, no unit."""
    slow = histogram(instance(last=600.0, sum=8000.0), buckets=buckets(100, 200, 400, 1000))
    assert not slow.unsound()
    assert slow.slower(COVERAGE)


def test_a_hole_in_the_window_is_unknown() -> None:
    """The share is about the whole window or about nothing."""
    hole = (Gap(AT - timedelta(hours=9), AT - timedelta(hours=4)),)
    with pytest.raises(Unobserved, match="samples cover"):
        histogram(gaps=hole).slower(COVERAGE)


@pytest.mark.parametrize("newest", [None, AT - timedelta(minutes=4)])
def test_what_is_not_scraped_now_is_unknown(newest: datetime | None) -> None:
    """Yesterday's speed is not today's."""
    with pytest.raises(Unobserved, match="nothing scrapes it now"):
        histogram(newest=newest).slower(COVERAGE)


def test_requests_that_were_never_timed_count_as_slow() -> None:
    """A timer that forgets what timed out hides the slowest requests; a little rounding is none of these."""
    assert untimed(histogram(), 1000.9).unobserved == 0
    (said,) = untimed(histogram(), 1100.0).slower(COVERAGE)
    assert "100 of them were never timed" in said


def test_as_many_instances_are_scraped_as_there_are_replicas() -> None:
    """One too few hides its requests, and one too many counts some twice."""
    scraped = Scraped(AT, {"api-gateway": 2, "audit": 1}, {"api-gateway": ("a", "b"), "audit": ()})
    assert not scraped.differs("api-gateway")
    assert "0 instances are scraped; 1 replicas" in repr(scraped.differs("audit"))
    assert replace(scraped, declared={"api-gateway": 1}).differs("api-gateway")
