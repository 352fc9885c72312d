"""S3's answers about objects, as boto3 decodes them, made facts. Pure."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, Final

from apgms_ops.clients.objectstore.facts import Listed, Stored, Version
from apgms_ops.clients.objectstore.shape import mapping, number, refuse, text, time, truth

_NO_VERSION: Final = "null"
"""What S3 calls the only version in a bucket that keeps none, where it names it at all."""


def version(item: Mapping[str, Any], *, marker: bool) -> Version:
    """Return an entry of ListObjectVersions.

    Raises:
        BadAnswer: It is malformed.
    """
    return Version(
        key=text(item.get("Key"), "Key"),
        id=text(item.get("VersionId"), "VersionId"),
        size=0 if marker else number(item.get("Size"), "Size"),
        modified=time(item.get("LastModified"), "LastModified"),
        latest=item.get("IsLatest") is True,
        marker=marker,
    )


def page(answer: Mapping[str, Any], bucket: str, prefix: str) -> Iterator[Listed]:
    """Yield the objects on a page of ListObjectsV2.

    Raises:
        BadAnswer: It is malformed: of another bucket or prefix, or another number of objects than it says itself.
    """
    if text(answer.get("Name"), "Name") != bucket or answer.get("Prefix", "") != prefix:
        refuse("Name", "the bucket and the prefix that were asked for")
    items = answer.get("Contents", [])
    if not isinstance(items, list) or number(answer.get("KeyCount"), "KeyCount") != len(items):
        refuse("KeyCount", "as many as there are Contents")
    for item in items:
        key = text(item.get("Key"), "Key")
        if not key.startswith(prefix):
            refuse("Key", "a name that begins as was asked for")
        yield Listed(key, number(item.get("Size"), "Size"), time(item.get("LastModified"), "LastModified"))


def goes_on(answer: Mapping[str, Any]) -> str | None:
    """Return the token by which the next page of ListObjectsV2 is asked for; None after the last.

    Raises:
        BadAnswer: It does not say whether there is one, or not which.
    """
    more = truth(answer.get("IsTruncated"), "IsTruncated")
    return text(answer.get("NextContinuationToken"), "NextContinuationToken") if more else None


def stored(key: str, answer: Mapping[str, Any]) -> Stored:
    """Return what HeadObject says of an object.

    Raises:
        BadAnswer: It is malformed.
    """
    encryption, replication = answer.get("ServerSideEncryption"), answer.get("ReplicationStatus")
    mode, until = answer.get("ObjectLockMode"), answer.get("ObjectLockRetainUntilDate")
    return Stored(
        key=key,
        version=text(answer.get("VersionId", _NO_VERSION), "VersionId"),
        size=number(answer.get("ContentLength"), "ContentLength"),
        modified=time(answer.get("LastModified"), "LastModified"),
        mode=None if mode is None else text(mode, "ObjectLockMode"),
        until=None if until is None else time(until, "ObjectLockRetainUntilDate"),
        sha256=_sha256(answer.get("ChecksumSHA256")),
        metadata={str(name): str(value) for name, value in mapping(answer.get("Metadata", {}), "Metadata").items()},
        encryption=None if encryption is None else text(encryption, "ServerSideEncryption"),
        replication=None if replication is None else text(replication, "ReplicationStatus"),
    )


def _sha256(said: object) -> str | None:
    if said is None:
        return None
    try:
        data = base64.b64decode(text(said, "ChecksumSHA256"), validate=True)
    except binascii.Error:
        data = b""
    if len(data) != 32:  # noqa: PLR2004 — bytes of a SHA-256; one over parts, "…-3", is none
        refuse("ChecksumSHA256", "the SHA-256 of the whole object")
    return data.hex()
