"""How a bucket is set up: what is not set is an error of S3's, each by a code of its own, and a fact of ours."""

from apgms_ops.clients.objectstore import parse_bucket
from apgms_ops.clients.objectstore.bucket_facts import Ageing, Bucket, Copying
from apgms_ops.clients.objectstore.connection import Connection
from apgms_ops.deadline import Deadline


def protection(connection: Connection, deadline: Deadline) -> Bucket:
    """Return how the bucket is protected.

    Raises:
        Unobserved: It cannot be found out.
    """
    setting, ask = connection.setting, connection.ask
    lock = setting("get_object_lock_configuration", deadline, "ObjectLockConfigurationNotFoundError")
    locking, mode, retention = (False, None, None) if lock is None else parse_bucket.default_lock(lock)
    encryption = setting("get_bucket_encryption", deadline, "ServerSideEncryptionConfigurationNotFoundError")
    public = setting("get_public_access_block", deadline, "NoSuchPublicAccessBlockConfiguration")
    return Bucket(
        name=connection.bucket,
        region=parse_bucket.region(ask("get_bucket_location", deadline)),
        versioned=parse_bucket.versioned(ask("get_bucket_versioning", deadline)),
        locking=locking,
        default_mode=mode,
        default_retention=retention,
        encryption=None if encryption is None else parse_bucket.encryption(encryption),
        public=parse_bucket.all_unblocked() if public is None else parse_bucket.unblocked(public),
    )


def public_by_policy(connection: Connection, deadline: Deadline) -> bool:
    """Return whether the bucket's policy lets anybody in; without a policy, nobody.

    Raises:
        Unobserved: It cannot be found out.
    """
    status = connection.setting("get_bucket_policy_status", deadline, "NoSuchBucketPolicy")
    return False if status is None else parse_bucket.public(status)


def replication(connection: Connection, deadline: Deadline) -> tuple[Copying, ...] | None:
    """Return the rules by which objects are copied; None: replication was never set up.

    Raises:
        Unobserved: They cannot be found out.
    """
    found = connection.setting("get_bucket_replication", deadline, "ReplicationConfigurationNotFoundError")
    return None if found is None else parse_bucket.copying(found)


def lifecycle(connection: Connection, deadline: Deadline) -> tuple[Ageing, ...] | None:
    """Return the rules of what becomes of objects as they grow old; None: there are none.

    Raises:
        Unobserved: They cannot be found out.
    """
    found = connection.setting("get_bucket_lifecycle_configuration", deadline, "NoSuchLifecycleConfiguration")
    return None if found is None else parse_bucket.ageing(found)
