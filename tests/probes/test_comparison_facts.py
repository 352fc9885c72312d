"""The judgement of a release by its requests: worse, no worse, or too little to say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apgms_ops.environment.deployment import Comparison
from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.probes.comparison_facts import ReleaseComparison, Requests, ServiceComparison

DONE = datetime(2026, 11, 24, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
RULES = Comparison()
BEFORE = Requests(
    start=DONE - QUARTER - QUARTER,
    end=DONE - QUARTER,
    requests=10_000,
    failed=2,
    timed=10_000,
    in_time=9_950,
    instances=3,
    scraped_before=True,
    gap=timedelta(seconds=15),
)
AFTER = replace(BEFORE, start=DONE, end=DONE + QUARTER)


def compared(
    was: dict[str, Any] | None = None, now: dict[str, Any] | None = None, **changed: object
) -> ServiceComparison:
    """Return a comparison in which nothing has changed, with changes before and after, and of the whole."""
    whole = ServiceComparison(
        service="api-gateway",
        deployment="api-gateway",
        at=DONE + QUARTER,
        began_at=DONE - QUARTER,
        completed_at=DONE,
        before=replace(BEFORE, **was or {}),
        after=replace(AFTER, **now or {}),
        after_until=DONE + QUARTER,
        limit=timedelta(milliseconds=250),
        maintenance=None,
    )
    return replace(whole, **changed)  # type: ignore[arg-type]


def test_what_has_not_changed_has_no_findings() -> None:
    """As many fail and are slow as before."""
    assert not compared().failing_more(RULES)
    assert not compared().slower(RULES)


def test_a_release_that_fails_more_says_both_shares_and_the_limit() -> None:
    """The sentence that somebody rolls back by."""
    (said,) = compared(now={"failed": 60}).failing_more(RULES)
    for part in ("0.60% of 10000 requests failed with 5xx", "0.02% of 10000", "0.1% more", "less than 0.01%"):
        assert part in said


def test_a_release_that_is_slower_says_so() -> None:
    """Counted at the bucket's edge."""
    (said,) = compared(now={"in_time": 9_000}).slower(RULES)
    assert "10.00% of 10000 requests took longer than 250ms, before it 0.50%" in said


@pytest.mark.parametrize("failed", [3, 10])
def test_a_difference_within_the_margin_or_within_chance_is_none(failed: int) -> None:
    """Sure of a trifle, or not sure of anything."""
    assert not compared(now={"failed": failed}).failing_more(RULES)


def test_chance_alone_stops_no_release() -> None:
    """Beyond the margin, and likely all the same: three of a thousand, where one failed before."""
    few = {"requests": 1_000, "timed": 1_000, "in_time": 1_000}
    assert not compared(was=few | {"failed": 1}, now=few | {"failed": 3}).failing_more(RULES)


def test_a_better_release_is_no_finding() -> None:
    """Only worse is worse."""
    assert not compared(was={"failed": 500, "in_time": 5_000}).failing_more(RULES)
    assert not compared(was={"failed": 500, "in_time": 5_000}).slower(RULES)


@pytest.mark.parametrize(("changed_side", "side"), [("was", "before"), ("now", "after")])
def test_too_few_requests_say_nothing(changed_side: str, side: str) -> None:
    """A quiet night is no proof of a good release, and one failure of two no proof of a bad one."""
    few = {"requests": 999, "failed": 999, "timed": 999, "in_time": 0}
    for judge in ("failing_more", "slower"):
        with pytest.raises(Unobserved, match=f"999 requests {side} the rollout are too few .* 1000 are needed"):
            getattr(compared(**{changed_side: few}), judge)(RULES)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"completed_at": None, "before": None, "after": None}, "has not come to its end"),
        ({"began_at": None, "before": None, "after": None}, "has not come to its end"),
        ({"after": None}, "ask again from 2026-11-24T12:15:00Z on"),
        ({"maintenance": "database upgrade, 11:50 to 12:10"}, "maintenance lies in what would be compared"),
    ],
)
def test_what_is_not_over_or_not_alike_is_unknown(changed: dict[str, Any], said: str) -> None:
    """The time after must be complete, and neither time a special one."""
    for judge in ("failing_more", "slower"):
        with pytest.raises(Unobserved, match=said):
            getattr(compared(**changed), judge)(RULES)


@pytest.mark.parametrize(("changed_side", "side"), [("was", "before"), ("now", "after")])
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"instances": 0}, "no instance tells of requests"),
        ({"scraped_before": False}, "nothing was scraped when the time"),
        ({"gap": timedelta(minutes=3)}, "180 s of the time"),
    ],
)
def test_a_window_that_was_not_scraped_is_unknown(
    changed_side: str, side: str, changed: dict[str, Any], said: str
) -> None:
    """A number over a hole is no number of requests."""
    with pytest.raises(Unobserved, match=f"{said}.*{side} the rollout"):
        compared(**{changed_side: changed}).failing_more(RULES)


def test_without_an_edge_at_the_limit_nothing_is_slow_or_fast() -> None:
    """Errors can be compared all the same."""
    blind = compared(now={"without_edge": ("10.0.0.7:8080",)})
    with pytest.raises(Unobserved, match=r"10\.0\.0\.7:8080 has no bucket that ends at 250ms"):
        blind.slower(RULES)
    assert not blind.failing_more(RULES)


def test_a_service_without_a_latency_has_no_slow_requests() -> None:
    """Nothing says what is slow."""
    with pytest.raises(Unobserved, match="promises no latency"):
        compared(limit=None).slower(RULES)


def test_a_histogram_that_contradicts_itself_is_unknown() -> None:
    """More in time than were timed: no share is made of it, and what may have happened is said."""
    with pytest.raises(Unobserved, match="10001 requests in time of 10000; a process may have begun anew"):
        compared(now={"in_time": 10_001}).slower(RULES)
    with pytest.raises(Unobserved, match="contradict one another before the rollout"):
        compared({"in_time": 10_001}).slower(RULES)


def test_the_stated_confidence_decides() -> None:
    """What is a finding at 90 % need not be one at 99.9 %."""

    def at(confidence: str) -> Comparison:
        return RULES.model_copy(update={"confidence": Limit(value=Decimal(confidence), source="x")})

    doubtful = compared(was={"failed": 10}, now={"failed": 24})
    assert doubtful.failing_more(at("0.9"))
    assert not doubtful.failing_more(at("0.999"))


def test_a_service_that_was_not_compared_is_unknown() -> None:
    """It is not as good as before for want of news."""
    with pytest.raises(Unobserved, match="audit"):
        ReleaseComparison({"api-gateway": compared()}).of("audit")
