"""Backups, step 1: the database could be restored from what is kept, up to now."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.evidence.rehearsal import VERIFY_BACKUPS
from apgms_ops.probes.backup_facts import BackupHistory
from apgms_ops.probes.rehearsals import Rehearsals, declared
from apgms_ops.probes.wal_facts import WalArchive

pytestmark = [pytest.mark.runbook("backups", 1)]


def test_the_repository_is_well(backup_history: BackupHistory) -> None:
    """Nothing is called amiss by pgBackRest, in the stanza or in any of its repositories."""
    assert not backup_history.unwell()


def test_the_newest_backup_is_fresh(backup_history: BackupHistory, environment: Environment) -> None:
    """The newest backup is not older than the policy says, and not dated in the future."""
    assert not backup_history.too_old(declared(environment).database.newest)


def test_the_newest_full_backup_is_fresh(backup_history: BackupHistory, environment: Environment) -> None:
    """The newest full backup is not older than the policy says, and not dated in the future."""
    assert not backup_history.too_old(declared(environment).database.newest_full, full=True)


def test_no_backup_holds_bad_pages(backup_history: BackupHistory) -> None:
    """Every page of every backup had a checksum, and passed it."""
    assert not backup_history.bad_pages()


def test_no_backup_lacks_another(backup_history: BackupHistory) -> None:
    """Every backup that another is made of is there, and each has the list of its files."""
    assert not backup_history.missing()


def test_backups_are_of_the_cluster_that_runs(backup_history: BackupHistory) -> None:
    """The newest backup is one of the database cluster that runs, and of its version."""
    assert not backup_history.foreign()


@pytest.mark.control("encryption-at-rest")
def test_the_repository_is_encrypted(backup_history: BackupHistory) -> None:
    """Every repository is encrypted by pgBackRest itself, whoever may read the bucket."""
    assert not backup_history.plain()


@pytest.mark.control("audit-logging")
def test_the_write_ahead_log_has_no_gap(wal_archive: WalArchive) -> None:
    """Every segment of the write-ahead log is kept, from the oldest backup up to the newest segment."""
    assert not wal_archive.gaps()


def test_the_write_ahead_log_is_archived_at_once(wal_archive: WalArchive, environment: Environment) -> None:
    """The archiver does not fail, little waits for it, and what it says it has put away is there."""
    section = declared(environment).database
    assert not wal_archive.behind(section.archived, section.waiting)


def test_every_file_of_the_repository_was_verified(rehearsals: Rehearsals, environment: Environment) -> None:
    """The last verification of every file is not longer ago than the policy says, and found all of them sound."""
    section = declared(environment).database
    assert not rehearsals.overdue(VERIFY_BACKUPS, section.verified, section.stanza)
