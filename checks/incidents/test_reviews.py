"""Incident Response, step 5: every incident is reviewed in time."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.probes.incident_facts import Incidents
from apgms_ops.probes.paged_services import declared_oncall

pytestmark = [pytest.mark.runbook("incident-response", 5), pytest.mark.control("security-monitoring")]


def test_every_incident_is_reviewed_in_time(incidents: Incidents, environment: Environment) -> None:
    """A review is held within 48 hours of the resolution; until then none is planned for later."""
    assert not incidents.unreviewed(declared_oncall(environment).incidents)
