"""Compliance, step 2: what earlier runs saw is kept, and nobody can delete it before its time."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.probes.evidence_archive_facts import EvidenceArchive

pytestmark = [
    pytest.mark.runbook("compliance", 2),
    pytest.mark.control("audit-logging"),
]


def test_the_archive_protects_what_is_in_it(evidence_archive: EvidenceArchive, environment: Environment) -> None:
    """The bucket of the evidence is locked for long enough, versioned, encrypted, onshore and closed to the public."""
    assert not evidence_archive.unprotected(environment)


def test_every_sealed_run_is_archived(evidence_archive: EvidenceArchive, environment: Environment) -> None:
    """Every run that was sealed is in the archive in time, as it was sealed, and none is missing from its chain."""
    assert not evidence_archive.missing(environment)


def test_archived_runs_cannot_be_lost(evidence_archive: EvidenceArchive, environment: Environment) -> None:
    """Every archived run is whole, and locked until its retention is over."""
    assert not evidence_archive.losable(environment)
