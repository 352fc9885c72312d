"""Incident Response, step 2: every incident is written down."""

import pytest

from apgms_ops.probes.incident_facts import Incidents

pytestmark = [pytest.mark.runbook("incident-response", 2), pytest.mark.control("security-monitoring")]


def test_every_incident_is_written_down(incidents: Incidents) -> None:
    """Every incident that was resolved within the last quarter has a timeline file of its own."""
    assert not incidents.unwritten()


def test_the_timeline_files_are_sound(incidents: Incidents) -> None:
    """Each is filled in, its times are in order and have a zone, it holds no personal data, and PagerDuty agrees."""
    assert not incidents.unsound()


def test_the_ato_was_notified_of_every_breach(incidents: Incidents) -> None:
    """Where personal data was breached, the file names when the ATO was notified."""
    assert not incidents.unnotified()
