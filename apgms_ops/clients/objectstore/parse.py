"""S3's answers, as boto3 decodes them, made facts. Pure."""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Never

from apgms_ops.clients.objectstore.facts import Stored, Version
from apgms_ops.errors import BadAnswer

_BLOCKS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_US_EAST: Final = "us-east-1"
"""The region that S3 does not name."""
_YEAR: Final = timedelta(days=365)


def region(answer: Mapping[str, Any]) -> str:
    """Return the region of GetBucketLocation's answer."""
    said = answer.get("LocationConstraint")
    if said is None:
        return _US_EAST
    return _text(said, "LocationConstraint")


def versioned(answer: Mapping[str, Any]) -> bool:
    """Return whether GetBucketVersioning says so; a bucket that never was says nothing."""
    return bool(answer.get("Status") == "Enabled")


def default_lock(answer: Mapping[str, Any]) -> tuple[bool, str | None, timedelta | None]:
    """Return what GetObjectLockConfiguration says: whether objects can be locked, and how one is that asks for nothing.

    Raises:
        BadAnswer: It is malformed.
    """
    found = _mapping(answer.get("ObjectLockConfiguration"), "ObjectLockConfiguration")
    locking = found.get("ObjectLockEnabled") == "Enabled"
    if "Rule" not in found:
        return locking, None, None
    retention = _mapping(_mapping(found["Rule"], "Rule").get("DefaultRetention"), "DefaultRetention")
    # One of the two; a stand-in may give the other as 0.
    days, years = retention.get("Days") or 0, retention.get("Years") or 0
    if not isinstance(days, int) or not isinstance(years, int) or days < 0 or years < 0 or bool(days) == bool(years):
        _refuse("DefaultRetention", "days or years")
    return locking, _text(retention.get("Mode"), "Mode"), timedelta(days=days) + years * _YEAR


def encryption(answer: Mapping[str, Any]) -> str:
    """Return the algorithm that GetBucketEncryption names.

    Raises:
        BadAnswer: It names none.
    """
    rules = _mapping(answer.get("ServerSideEncryptionConfiguration"), "ServerSideEncryptionConfiguration").get("Rules")
    if not isinstance(rules, list) or not rules:
        _refuse("Rules", "a rule")
    by_default = _mapping(rules[0].get("ApplyServerSideEncryptionByDefault"), "ApplyServerSideEncryptionByDefault")
    return _text(by_default.get("SSEAlgorithm"), "SSEAlgorithm")


def unblocked(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which ways of public access GetPublicAccessBlock does not say to be blocked."""
    found = _mapping(answer.get("PublicAccessBlockConfiguration"), "PublicAccessBlockConfiguration")
    return tuple(name for name in _BLOCKS if found.get(name) is not True)


def all_unblocked() -> tuple[str, ...]:
    """Return them all: of a bucket that has no such configuration."""
    return _BLOCKS


def version(item: Mapping[str, Any], *, marker: bool) -> Version:
    """Return an entry of ListObjectVersions.

    Raises:
        BadAnswer: It is malformed.
    """
    size = 0 if marker else item.get("Size")
    if not isinstance(size, int) or size < 0:
        _refuse("Size", "a number of bytes")
    return Version(
        key=_text(item.get("Key"), "Key"),
        id=_text(item.get("VersionId"), "VersionId"),
        size=size,
        modified=_time(item.get("LastModified"), "LastModified"),
        latest=item.get("IsLatest") is True,
        marker=marker,
    )


def stored(key: str, answer: Mapping[str, Any]) -> Stored:
    """Return what HeadObject says of an object.

    Raises:
        BadAnswer: It is malformed.
    """
    size = answer.get("ContentLength")
    if not isinstance(size, int) or size < 0:
        _refuse("ContentLength", "a number of bytes")
    mode, until = answer.get("ObjectLockMode"), answer.get("ObjectLockRetainUntilDate")
    return Stored(
        key=key,
        version=_text(answer.get("VersionId"), "VersionId"),
        size=size,
        modified=_time(answer.get("LastModified"), "LastModified"),
        mode=None if mode is None else _text(mode, "ObjectLockMode"),
        until=None if until is None else _time(until, "ObjectLockRetainUntilDate"),
        sha256=_sha256(answer.get("ChecksumSHA256")),
        metadata={str(name): str(value) for name, value in _mapping(answer.get("Metadata", {}), "Metadata").items()},
    )


def _sha256(said: object) -> str | None:
    if said is None:
        return None
    try:
        data = base64.b64decode(_text(said, "ChecksumSHA256"), validate=True)
    except binascii.Error:
        data = b""
    if len(data) != 32:  # noqa: PLR2004 — bytes of a SHA-256; one over parts, "…-3", is none
        _refuse("ChecksumSHA256", "the SHA-256 of the whole object")
    return data.hex()


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _refuse(where, "an object")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        _refuse(where, "text")
    return value


def _time(value: object, where: str) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        _refuse(where, "a time with its zone")
    return value.astimezone(UTC)


def _refuse(where: str, expected: str) -> Never:
    msg = f"the object store's answer is malformed: {where}: {expected} expected"
    raise BadAnswer(msg)
