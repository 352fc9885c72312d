"""Daily Checks, step 4: the error budgets hold, and the metrics that say so are whole, fresh and our own."""

import pytest

from apgms_ops.environment.model import Environment, Limits
from apgms_ops.probes.budget_facts import ErrorBudgets, PrometheusIdentity

pytestmark = [pytest.mark.runbook("daily-checks", 4), pytest.mark.control("security-monitoring")]


@pytest.mark.services(with_objective="availability")
def test_the_objectives_window_is_covered(error_budgets: ErrorBudgets, limits: Limits, service: str) -> None:
    """The whole window of the availability objective holds samples, up to the present."""
    assert not error_budgets.of(service).uncovered(limits.window_coverage)


@pytest.mark.services(with_objective="availability")
def test_enough_error_budget_is_left(error_budgets: ErrorBudgets, limits: Limits, service: str) -> None:
    """At least the agreed share of the service's error budget is left."""
    assert not error_budgets.of(service).overspent(limits.remaining_budget, limits.window_coverage)


@pytest.mark.services(with_objective="availability")
def test_the_error_budget_does_not_burn(error_budgets: ErrorBudgets, limits: Limits, service: str) -> None:
    """The service's error budget burns too fast over no pair of a long and a short window."""
    assert not error_budgets.of(service).burning(limits.burn_rates, limits.window_coverage)


def test_metrics_come_from_the_pinned_prometheus(
    prometheus_identity: PrometheusIdentity, environment: Environment
) -> None:
    """The Prometheus that answers is the one that the environment pins."""
    assert not prometheus_identity.differs_from(environment.identities.prometheus)
