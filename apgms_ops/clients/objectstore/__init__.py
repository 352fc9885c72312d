"""An object store: S3, or what speaks as S3 does."""

from apgms_ops.clients.objectstore.bucket_facts import COMPLIANCE, Ageing, Bucket, Copying
from apgms_ops.clients.objectstore.calling import AlreadyThere, NotThere
from apgms_ops.clients.objectstore.client import ObjectStoreClient
from apgms_ops.clients.objectstore.facts import Listed, Stored, Version
from apgms_ops.clients.objectstore.survey import Survey

__all__ = [
    "COMPLIANCE",
    "Ageing",
    "AlreadyThere",
    "Bucket",
    "Copying",
    "Listed",
    "NotThere",
    "ObjectStoreClient",
    "Stored",
    "Survey",
    "Version",
]
