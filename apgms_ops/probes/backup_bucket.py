"""Runbook, Backups, step 1: how the bucket that keeps the backups is set up, and where it is copied to."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apgms_ops.clients.objectstore import NotThere
from apgms_ops.deadline import Deadline
from apgms_ops.errors import Unobserved
from apgms_ops.probes.backup_bucket_facts import BackupBucket, Destination
from apgms_ops.probes.probe import probe
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from apgms_ops.clients.objectstore import ObjectStoreClient


@probe(deadline=60.0)
def backup_bucket(backups: "ObjectStoreClient", deadline: Deadline) -> BackupBucket:
    """Where the bucket of the backups is, how it is protected, and what its replication and its lifecycle do."""
    rules = backups.replication(deadline)
    return BackupBucket(
        at=datetime.now(UTC),
        bucket=backups.bucket(deadline),
        public_by_policy=backups.public_by_policy(deadline),
        replication=rules,
        lifecycle=backups.lifecycle(deadline),
        # Last: nobody else's bucket, however slowly S3 answers about it, keeps us from knowing our own.
        destinations=tuple(
            _destination(backups, name, deadline) for name in sorted({one.bucket for one in rules or ()})
        ),
    )


def _destination(store: "ObjectStoreClient", bucket: str, deadline: Deadline) -> Destination:
    """Ask where it is; that nobody tells us is a fact, and all else about our own bucket is known."""
    try:
        return Destination(bucket, store.region_of(bucket, deadline), missing=False, untold=None)
    except NotThere:
        return Destination(bucket, None, missing=True, untold=None)
    except Unobserved as error:
        return Destination(bucket, None, missing=False, untold=printable(str(error), limit=300))
