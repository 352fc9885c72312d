"""Deployment Procedure, step 4: what was rolled out serves no worse than what ran before it."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.probes.comparison_facts import ReleaseComparison

pytestmark = [pytest.mark.runbook("deployment-procedure", 4), pytest.mark.control("security-monitoring")]


@pytest.mark.services(with_objective="availability")
def test_no_more_requests_fail(release_comparison: ReleaseComparison, environment: Environment, service: str) -> None:
    """After the rollout no larger share of the business requests is answered with 5xx than before it."""
    assert not release_comparison.of(service).failing_more(environment.deployment.comparison)


@pytest.mark.services(with_objective="latency")
def test_requests_are_not_slower(release_comparison: ReleaseComparison, environment: Environment, service: str) -> None:
    """After the rollout no larger share of the business requests takes longer than the limit than before it."""
    assert not release_comparison.of(service).slower(environment.deployment.comparison)
