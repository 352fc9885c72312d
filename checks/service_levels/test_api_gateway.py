"""Service Overview, step 1: requests are answered, fast enough, by every replica, and as seen from outside."""

import pytest

from apgms_ops.environment.model import Limits
from apgms_ops.probes.budget_facts import ErrorBudgets
from apgms_ops.probes.gateway_latency import Latencies, Scraped
from apgms_ops.probes.outside_view import OutsideViews

pytestmark = [pytest.mark.runbook("service-overview", 1), pytest.mark.control("security-monitoring")]


@pytest.mark.services(with_objective="latency")
def test_requests_are_answered_in_time(latencies: Latencies, limits: Limits, service: str) -> None:
    """The promised share of the business requests is answered within the limit."""
    assert not latencies.of(service).slower(limits.window_coverage)


@pytest.mark.services(with_objective="latency")
def test_the_latency_histogram_is_sound(latencies: Latencies, service: str) -> None:
    """What times the requests can be believed: buckets, counts and sums fit together, in seconds."""
    assert not latencies.of(service).unsound()


@pytest.mark.services(with_objective="availability")
def test_requests_are_answered(error_budgets: ErrorBudgets, limits: Limits, service: str) -> None:
    """The promised share of the business requests is answered without 5xx, declared maintenance left out."""
    assert not error_budgets.of(service).missed(limits.window_coverage)


@pytest.mark.services(with_objective="latency")
def test_every_replica_is_scraped(scraped: Scraped, service: str) -> None:
    """As many instances are scraped as there are replicas."""
    assert not scraped.differs(service)


@pytest.mark.services(with_objective="availability")
def test_the_outside_view_agrees(outside_views: OutsideViews, limits: Limits, service: str) -> None:
    """From outside no more fails than the service says of itself."""
    assert not outside_views.of(service).disagrees(limits.outside_disagreement, limits.window_coverage)
