"""Compliance, step 1: the platform's evidence index is of the release that runs, whole, and true."""

import pytest

from apgms_ops.probes.evidence_index_facts import EvidenceIndex

pytestmark = [
    pytest.mark.runbook("compliance", 1),
    pytest.mark.control("certification"),
]


def test_the_index_is_of_the_release_that_runs(evidence_index: EvidenceIndex) -> None:
    """The evidence index was refreshed for the release that runs, by its tag and its commit."""
    assert not evidence_index.stale()


def test_the_index_was_not_edited(evidence_index: EvidenceIndex) -> None:
    """The index's table is the one that was written when it was refreshed."""
    assert not evidence_index.altered()


def test_what_the_index_links_is_there(evidence_index: EvidenceIndex) -> None:
    """Every row links a file that is there, and is the file that was indexed."""
    assert not evidence_index.broken()


def test_what_is_indexed_is_good_evidence(evidence_index: EvidenceIndex) -> None:
    """No row is pending, and no artifact was empty, old, of another commit, or with findings that nobody accepted."""
    assert not evidence_index.unsound()
