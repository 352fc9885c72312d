"""The buckets, and who may do what with them: made over S3's own interface, as somebody at AWS would."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from apgms_ops.sandbox.objectstore_process.settings import Settings

if TYPE_CHECKING:
    from moto.s3.models import S3Backend

USER: Final = "apgms-ops"
"""Who checks, and adds evidence."""
WRITER: Final = "apgms-backups"
"""Who takes backups and snapshots, and expires them."""
_ACCOUNT: Final = "123456789012"
"""Moto's only one."""
_ACTIONS: Final = ("s3:Get*", "s3:List*", "s3:PutObject", "s3:PutObjectRetention")
"""Reading and adding: what docs/evidence.md asks a site to grant. No deleting, and no changing of the bucket."""
_READING: Final = ("s3:Get*", "s3:List*")
"""What docs/backups.md asks a site to grant to the checks and the drills."""
_TAKING: Final = ("s3:Get*", "s3:List*", "s3:PutObject", "s3:DeleteObject")
_PUBLIC: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def backend() -> "S3Backend":
    """Return what holds the objects: for faults and their healing, past everything that S3 refuses."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 — heavy

    found: S3Backend = s3_backends[_ACCOUNT]["aws"]
    return found


def region_of(bucket: str) -> str | None:
    """Return where a bucket is; None: there is none."""
    found = backend().buckets.get(bucket)
    return None if found is None else str(found.region_name)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """Of a user."""

    id: str
    secret: str = field(repr=False)


def make(settings: Settings) -> dict[str, AccessKey]:
    """Make the buckets and their users; return each user's access key.

    Called once the server listens, and before it asks anybody who they are.
    """
    s3 = client(settings, "s3")
    here = {"LocationConstraint": settings.region}
    s3.create_bucket(Bucket=settings.bucket, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=here)
    s3.create_bucket(Bucket=settings.backups, CreateBucketConfiguration=here)
    there = {"LocationConstraint": settings.copies_region}
    client(settings, "s3", settings.copies_region).create_bucket(
        Bucket=settings.copies, CreateBucketConfiguration=there
    )
    retention = {"Mode": "COMPLIANCE", "Days": settings.retention_days}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
    for bucket in (settings.bucket, settings.backups, settings.copies):
        protect(bucket, s3)
    s3.put_object_lock_configuration(Bucket=settings.bucket, ObjectLockConfiguration=lock)
    backend().put_bucket_replication(settings.backups, replication(settings.copies))
    evidence = _allowed(_ACTIONS, settings.bucket)
    granted = {USER: [evidence, _allowed(_READING, settings.backups)], WRITER: [_allowed(_TAKING, settings.backups)]}
    iam = client(settings, "iam")
    return {user: _user(iam, user, statements) for user, statements in granted.items()}


def protect(bucket: str, s3: Any) -> None:  # noqa: ANN401 — boto3's clients have no types
    """Set what protects a bucket, but for its lock."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(_PUBLIC, True))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def replication(bucket: str, status: str = "Enabled") -> dict[str, Any]:
    """Return what moto holds of a bucket all of whose objects are copied to another."""
    rule = {"ID": "copies", "Priority": "1", "Status": status, "Destination": {"Bucket": f"arn:aws:s3:::{bucket}"}}
    return {"Role": f"arn:aws:iam::{_ACCOUNT}:role/copies", "Rule": [rule]}


def ageing(days: int, storage: str | None = None) -> list[Any]:
    """Return what moto holds of a bucket whose objects go after some days, or are moved to another storage class."""
    from moto.s3.models import LifecycleRule, LifecycleTransition  # noqa: PLC0415 — heavy

    if storage is None:
        return [LifecycleRule("tidy", prefix="", status="Enabled", expiration_days=str(days))]
    moved = [LifecycleTransition(days=days, storage_class=storage)]
    return [LifecycleRule("cheap", prefix="", status="Enabled", transitions=moved)]


def _allowed(actions: tuple[str, ...], bucket: str) -> dict[str, Any]:
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources}


def _user(iam: Any, name: str, statements: list[dict[str, Any]]) -> AccessKey:  # noqa: ANN401 — as above
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="buckets", PolicyDocument=document)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return AccessKey(made["AccessKeyId"], made["SecretAccessKey"])


def client(settings: Settings, service: str, region: str | None = None) -> Any:  # noqa: ANN401 — boto3's have no types
    """Return a client for the time before the server asks who somebody is; of the settings' region, or another."""
    import boto3  # noqa: PLC0415 — heavy
    from botocore.config import Config  # noqa: PLC0415 — heavy

    session = boto3.session.Session("anybody", "anybody", region_name=region or settings.region)
    return session.client(
        service,
        endpoint_url=f"https://localhost:{settings.port}",
        verify=settings.ca_file,
        config=Config(proxies={"http": "", "https": ""}, s3={"addressing_style": "path"}),
    )
