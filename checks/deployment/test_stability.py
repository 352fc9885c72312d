"""Deployment Procedure, step 4: what was rolled out holds still."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.probes.stability_facts import Stability

pytestmark = [
    pytest.mark.runbook("deployment-procedure", 4),
    pytest.mark.control("certification", "security-monitoring"),
]


def test_no_container_was_restarted(stability: Stability, environment: Environment, service: str) -> None:
    """Since the rollout began no container was started again, for lack of memory or for anything else."""
    assert not stability.of(service).restarted(environment.deployment.soak)


def test_no_pod_backs_off(stability: Stability, environment: Environment, service: str) -> None:
    """Since the rollout began no pod was held back: from being started again, or from its image."""
    assert not stability.of(service).backing_off(environment.deployment.soak)
