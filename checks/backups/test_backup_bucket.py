"""Backups, step 1: the bucket in which all backups lie keeps them: onshore, encrypted, to itself, and in two places."""

import pytest

from apgms_ops.environment.model import Environment
from apgms_ops.probes.backup_bucket_facts import BackupBucket
from apgms_ops.probes.backup_objects import BackupObjects

pytestmark = pytest.mark.runbook("backups", 1)


@pytest.mark.control("data-hosting")
def test_the_bucket_of_the_backups_is_onshore(backup_bucket: BackupBucket, environment: Environment) -> None:
    """The bucket of the backups is in the region that is declared, and that region is onshore."""
    assert not backup_bucket.offshore(environment)


@pytest.mark.control("data-hosting")
def test_copies_of_the_backups_stay_onshore(backup_bucket: BackupBucket, environment: Environment) -> None:
    """Whatever the bucket of the backups is copied to is onshore as well."""
    assert not backup_bucket.copied_offshore(environment)


@pytest.mark.control("data-hosting")
def test_the_backups_are_copied_where_that_is_asked_for(
    backup_bucket: BackupBucket, backup_objects: BackupObjects, environment: Environment
) -> None:
    """Where the environment asks for it, all backups are copied to another region, and no copy has failed."""
    assert not backup_bucket.uncopied(environment)
    assert not backup_objects.uncopied(environment)


@pytest.mark.control("data-hosting")
def test_the_bucket_of_the_backups_is_not_public(backup_bucket: BackupBucket) -> None:
    """Public access to the bucket of the backups is blocked in all four ways, and its policy lets nobody in."""
    assert not backup_bucket.public()


@pytest.mark.control("encryption-at-rest")
def test_the_bucket_of_the_backups_encrypts(backup_bucket: BackupBucket) -> None:
    """What is put into the bucket of the backups is encrypted, whether or not it is asked for."""
    assert not backup_bucket.unencrypted()


@pytest.mark.control("encryption-at-rest")
def test_the_backups_in_the_bucket_are_encrypted(backup_objects: BackupObjects) -> None:
    """The newest and the oldest objects of the backups are encrypted, each by itself."""
    assert not backup_objects.plain()


def test_what_is_written_over_can_be_had_back(backup_bucket: BackupBucket) -> None:
    """The bucket of the backups keeps what is written over or deleted: it is versioned."""
    assert not backup_bucket.unversioned()


def test_no_rule_takes_backups_away(backup_bucket: BackupBucket, environment: Environment) -> None:
    """No rule of the bucket removes the database's backups by their age, or moves any out of a restore's reach."""
    assert not backup_bucket.aged_away(environment)
