"""An object store: S3, or what speaks as S3 does."""

from apgms_ops.clients.objectstore.calling import AlreadyThere, NotThere
from apgms_ops.clients.objectstore.client import ObjectStoreClient
from apgms_ops.clients.objectstore.facts import COMPLIANCE, Bucket, Stored, Version

__all__ = ["COMPLIANCE", "AlreadyThere", "Bucket", "NotThere", "ObjectStoreClient", "Stored", "Version"]
