"""The judgement of error budgets: what is red, what is green, and what nobody can know."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apgms_ops.environment.limits import BurnRate
from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.probes.budget_facts import Counted, ErrorBudgets, PrometheusIdentity, ServiceBudget
from apgms_ops.probes.slots import Gap

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
MONTH, HOUR, MINUTES = timedelta(days=30), timedelta(hours=1), timedelta(minutes=5)
LEAST = Limit(value=Decimal("0.1"), source="runbook: Daily Checks, step 4")
COVERAGE = Limit(value=Decimal("0.99"), source="runbook: Daily Checks, step 4")
RATES = (BurnRate(rate=14.4, long=HOUR, short=MINUTES),)


def budget(  # noqa: PLR0913 — what a test may change
    *,
    month: tuple[float, float] = (1_000_000, 100),
    hour: tuple[float, float] = (1_000, 0),
    minutes: tuple[float, float] = (100, 0),
    maintained: timedelta = timedelta(),
    gaps: tuple[Gap, ...] = (),
    newest: datetime | None = AT - timedelta(seconds=15),
    skew: timedelta = timedelta(),
    scraped: int = 3,
) -> ServiceBudget:
    """Return a healthy budget, but for what the test changes: requests and errors of each window."""
    return ServiceBudget(
        service="api-gateway",
        target=Decimal("0.999"),
        window=MONTH,
        at=AT,
        skew=skew,
        newest=newest,
        replicas=3,
        scraped=scraped,
        slot=HOUR,
        gaps=gaps,
        counts=(
            Counted(MINUTES, maintained, *minutes),
            Counted(HOUR, timedelta(), *hour),
            Counted(MONTH, timedelta(), *month),
        ),
    )


def test_a_healthy_budget_has_no_findings() -> None:
    """Covered, nine tenths left, nothing burning."""
    healthy = budget()
    assert not healthy.uncovered(COVERAGE)
    assert not healthy.overspent(LEAST, COVERAGE)
    assert not healthy.burning(RATES, COVERAGE)


@pytest.mark.parametrize(("errors", "red"), [(899, False), (901, True), (5000, True)])
def test_the_budget_is_red_below_its_limit(errors: float, red: bool) -> None:  # noqa: FBT001 — the expectation
    """Of a thousand allowed errors nine hundred may be made."""
    assert bool(budget(month=(1_000_000, errors)).overspent(LEAST, COVERAGE)) is red


def test_the_finding_says_what_was_seen_and_the_limit() -> None:
    """A person at 3 a.m. reads the share left, the numbers behind it, and where the limit comes from."""
    (finding,) = budget(month=(1_000_000, 950)).overspent(LEAST, COVERAGE)
    assert finding == (
        "api-gateway: 5.0% of the error budget of 30d is left (950 errors of 1000 allowed in 1000000 requests), "
        "less than 10% (runbook: Daily Checks, step 4)"
    )


def test_no_traffic_is_unknown() -> None:
    """Zero requests are neither 100 % nor 0 %."""
    with pytest.raises(Unobserved, match="no request was counted within 30d"):
        budget(month=(0, 0)).overspent(LEAST, COVERAGE)
    with pytest.raises(Unobserved, match="no request was counted within 5m"):
        budget(minutes=(0, 0)).burning(RATES, COVERAGE)


@pytest.mark.parametrize(
    ("hour", "minutes", "red"),
    [((1000, 14.4), (100, 1.44), True), ((1000, 14.3), (100, 100), False), ((1000, 1000), (100, 1.4), False)],
)
def test_a_burn_is_red_when_both_windows_burn(
    hour: tuple[float, float],
    minutes: tuple[float, float],
    red: bool,  # noqa: FBT001 — the expectation
) -> None:
    """The long window shows that it matters, the short one that it goes on; the rate itself is red already."""
    assert bool(budget(hour=hour, minutes=minutes).burning(RATES, COVERAGE)) is red


def test_a_burn_that_is_seen_is_said_even_if_another_pair_cannot_be_judged() -> None:
    """What is known to be red is not hidden behind what is not known."""
    unread = BurnRate(rate=1.0, long=timedelta(days=3), short=timedelta(hours=6))
    assert budget(hour=(1000, 500), minutes=(100, 50)).burning((unread, *RATES), COVERAGE)
    with pytest.raises(Unobserved, match="not counted over 3d"):
        budget().burning((unread, *RATES), COVERAGE)


def test_a_short_window_wholly_in_maintenance_burns_nothing() -> None:
    """During a declared maintenance nothing that happens counts; the other windows are judged."""
    day = BurnRate(rate=1.0, long=MONTH, short=HOUR)
    assert not budget(hour=(1000, 0), minutes=(0, 0), maintained=MINUTES).burning((*RATES, day), COVERAGE)


def test_maintenance_that_leaves_no_window_is_unknown() -> None:
    """A check that was left nothing to look at does not say that all is well."""
    with pytest.raises(Unobserved, match="maintenance leaves no pair of windows"):
        budget(minutes=(0, 0), maintained=MINUTES).burning(RATES, COVERAGE)


def test_a_replica_that_nobody_scrapes_is_found_and_hides_no_error_that_is_seen() -> None:
    """Two of three replicas: said by the coverage; without it good figures are unknown, and bad ones bad."""
    partly = budget(scraped=2)
    (finding,) = partly.uncovered(COVERAGE)
    assert finding.startswith("api-gateway: 2 of 3 replicas were scraped within 5 minutes")
    with pytest.raises(Unobserved, match="2 of 3 replicas"):
        partly.overspent(LEAST, COVERAGE)
    with pytest.raises(Unobserved, match="2 of 3 replicas"):
        partly.burning(RATES, COVERAGE)
    assert budget(scraped=2, month=(1_000_000, 5000)).overspent(LEAST, COVERAGE)
    assert budget(scraped=2, hour=(1000, 500), minutes=(100, 50)).burning(RATES, COVERAGE)
    assert not budget(scraped=4).uncovered(COVERAGE)


@pytest.mark.parametrize(("minutes", "believed"), [(10, True), (15, False)])
def test_an_hour_with_a_hole_is_believed_if_it_is_as_short_as_a_restart(
    minutes: int,
    believed: bool,  # noqa: FBT001 — the expectation
) -> None:
    """Ten minutes without samples are a Prometheus that was started anew; a longer hole may hide the burn."""
    holed = budget(gaps=(Gap(AT - timedelta(minutes=5 + minutes), AT - timedelta(minutes=5)),))
    if believed:
        assert not holed.burning(RATES, COVERAGE)
    else:
        with pytest.raises(Unobserved, match=r"samples cover 75\.0% of the last 1h"):
            holed.burning(RATES, COVERAGE)
    assert not holed.uncovered(COVERAGE)


def test_a_hole_is_found_and_makes_the_figure_unknown() -> None:
    """A hole in the middle shows, however old the oldest sample is, and no figure over it is believed."""
    holed = budget(gaps=(Gap(AT - timedelta(days=14), AT - timedelta(days=11)),))
    (finding,) = holed.uncovered(COVERAGE)
    assert "90.0% of the last 30d" in finding
    assert "from 2026-11-09T12:00Z to 2026-11-12T12:00Z" in finding
    with pytest.raises(Unobserved, match=r"90\.0%"):
        holed.overspent(LEAST, COVERAGE)
    assert not holed.burning(RATES, COVERAGE)


def test_a_short_hole_is_within_the_limit() -> None:
    """Two hours in thirty days are less than a hundredth."""
    assert not budget(gaps=(Gap(AT - timedelta(days=2), AT - timedelta(days=2, hours=-2)),)).uncovered(COVERAGE)


@pytest.mark.parametrize(
    ("newest", "skew", "says"),
    [
        (None, timedelta(), "no sample is newer than 5 minutes"),
        (AT - timedelta(seconds=200), timedelta(), "200 s old"),
        (AT, timedelta(hours=-1), "3600 s behind ours"),
        (AT, timedelta(hours=1), "3600 s ahead of ours"),
    ],
)
def test_old_samples_and_a_wrong_clock_are_found(newest: datetime | None, skew: timedelta, says: str) -> None:
    """Figures that are about another time than now are not believed, and the coverage check says why."""
    stale = budget(newest=newest, skew=skew)
    (finding,) = stale.uncovered(COVERAGE)
    assert says in finding
    with pytest.raises(Unobserved, match=says):
        stale.overspent(LEAST, COVERAGE)
    with pytest.raises(Unobserved, match=says):
        stale.burning(RATES, COVERAGE)


def test_a_service_that_was_not_read_is_unknown() -> None:
    """Nothing is assumed of a service that is not in the facts."""
    with pytest.raises(Unobserved, match="payments was not read"):
        ErrorBudgets({}).of("payments")


def test_another_prometheus_than_the_pinned_one_is_a_finding() -> None:
    """Another name, or none, is said; the pinned one is not."""
    assert not PrometheusIdentity("cluster", "prod", "Prometheus").differs_from("prod")
    (other,) = PrometheusIdentity("cluster", "dev", "Prometheus").differs_from("prod")
    assert "says cluster='dev'; pinned is 'prod'" in other
    (none,) = PrometheusIdentity("cluster", None, "Prometheus").differs_from("prod")
    assert "has no external label 'cluster'" in none


@pytest.mark.parametrize("pinned", [None, ""])
def test_without_a_pin_nobody_knows(pinned: str | None) -> None:
    """An environment that pins nothing cannot have its Prometheus confirmed."""
    with pytest.raises(Unobserved, match="not pinned"):
        PrometheusIdentity("cluster", "prod", "Prometheus").differs_from(pinned)
