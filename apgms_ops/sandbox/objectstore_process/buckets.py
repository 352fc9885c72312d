"""The bucket of the evidence, and who may do what with it: made over S3's own interface, as somebody at AWS would."""

import json
from typing import TYPE_CHECKING, Any, Final

from apgms_ops.sandbox.objectstore_process.settings import Settings

if TYPE_CHECKING:
    from moto.s3.models import S3Backend

USER: Final = "apgms-ops"
_ACCOUNT: Final = "123456789012"
"""Moto's only one."""
_ACTIONS: Final = ("s3:Get*", "s3:List*", "s3:PutObject", "s3:PutObjectRetention")
"""Reading and adding: what docs/evidence.md asks a site to grant. No deleting, and no changing of the bucket."""
_PUBLIC: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def backend() -> "S3Backend":
    """Return what holds the objects: for faults and their healing, past everything that S3 refuses."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 — heavy

    found: S3Backend = s3_backends[_ACCOUNT]["aws"]
    return found


def make(settings: Settings) -> str:
    """Make the bucket, and the user who may add to it; return the user's access key: id, line break, secret.

    Called once the server listens, and before it asks anybody who they are.
    """
    s3 = client(settings, "s3")
    s3.create_bucket(
        Bucket=settings.bucket,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": settings.region},
    )
    protect(settings, s3)
    iam = client(settings, "iam")
    iam.create_user(UserName=USER)
    resources = [f"arn:aws:s3:::{settings.bucket}", f"arn:aws:s3:::{settings.bucket}/*"]
    statement = {"Effect": "Allow", "Action": list(_ACTIONS), "Resource": resources}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=USER, PolicyName="evidence", PolicyDocument=policy)
    made = iam.create_access_key(UserName=USER)["AccessKey"]
    return f"{made['AccessKeyId']}\n{made['SecretAccessKey']}"


def protect(settings: Settings, s3: Any) -> None:  # noqa: ANN401 — boto3's clients have no types
    """Set everything that protects the bucket."""
    bucket = settings.bucket
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    retention = {"Mode": "COMPLIANCE", "Days": settings.retention_days}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=lock)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(_PUBLIC, True))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def client(settings: Settings, service: str) -> Any:  # noqa: ANN401 — boto3's clients have no types
    """Return a client for the time before the server asks who somebody is."""
    import boto3  # noqa: PLC0415 — heavy
    from botocore.config import Config  # noqa: PLC0415 — heavy

    session = boto3.session.Session("anybody", "anybody", region_name=settings.region)
    return session.client(
        service,
        endpoint_url=f"https://localhost:{settings.port}",
        verify=settings.ca_file,
        config=Config(proxies={"http": "", "https": ""}, s3={"addressing_style": "path"}),
    )
