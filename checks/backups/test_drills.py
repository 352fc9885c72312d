"""Backups, steps 1 and 3: what was kept was restored, lately, and all of it was there."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.evidence.rehearsal import RESTORE_DATABASE, RESTORE_TOPIC
from apgms_ops.probes.rehearsals import Rehearsals, declared


@pytest.mark.runbook("backups", 1)
@pytest.mark.control("audit-logging")
def test_a_restore_of_the_database_was_rehearsed(rehearsals: Rehearsals, environment: Environment) -> None:
    """The last rehearsed restore of the database is not longer ago than the policy says, and it passed."""
    section = declared(environment).database
    assert not rehearsals.overdue(RESTORE_DATABASE, section.drilled, section.stanza)


@pytest.mark.runbook("backups", 3)
@pytest.mark.control("audit-logging")
def test_a_restore_of_a_topic_was_rehearsed(rehearsals: Rehearsals, environment: Environment) -> None:
    """The last rehearsed restore of a topic is not longer ago than the policy says, and it passed."""
    assert not rehearsals.overdue(RESTORE_TOPIC, declared(environment).kafka.drilled)
