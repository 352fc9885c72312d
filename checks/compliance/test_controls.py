"""Compliance, step 3: every control has evidence, and it is not out of date.

These checks evidence no control themselves: they would hold up what they look for.
"""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.probes.control_facts import ControlStandings

pytestmark = pytest.mark.runbook("compliance", 3)


def test_every_control_has_fresh_evidence(control_standings: ControlStandings, environment: Environment) -> None:
    """Nothing that evidences a control is older than evidence may be, and no control is without any."""
    assert not control_standings.without_fresh_evidence(environment)


def test_every_document_holds(control_standings: ControlStandings) -> None:
    """Every document that people supplied is the one that was registered, and has not expired."""
    assert not control_standings.invalid_documents()
