"""S3's answers about a bucket, as boto3 decodes them, made facts. Pure."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from apgms_ops.clients.objectstore.bucket_facts import Ageing, Copying
from apgms_ops.clients.objectstore.shape import entries, mapping, refuse, text, truth

_BLOCKS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_US_EAST: Final = "us-east-1"
"""The region that S3 does not name."""
_YEAR: Final = timedelta(days=365)
_ARN: Final = re.compile(r"arn:aws[a-z-]*:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])")
_STATES: Final = {"Enabled": True, "Disabled": False}
_NARROWING: Final = ("Tag", "Tags", "ObjectSizeGreaterThan", "ObjectSizeLessThan")


def region(answer: Mapping[str, Any]) -> str:
    """Return the region of GetBucketLocation's answer."""
    said = answer.get("LocationConstraint")
    if said is None:
        return _US_EAST
    return text(said, "LocationConstraint")


def versioned(answer: Mapping[str, Any]) -> bool:
    """Return whether GetBucketVersioning says so; a bucket that never was says nothing."""
    return bool(answer.get("Status") == "Enabled")


def default_lock(answer: Mapping[str, Any]) -> tuple[bool, str | None, timedelta | None]:
    """Return what GetObjectLockConfiguration says: whether objects can be locked, and how one is that asks for nothing.

    Raises:
        BadAnswer: It is malformed.
    """
    found = mapping(answer.get("ObjectLockConfiguration"), "ObjectLockConfiguration")
    locking = found.get("ObjectLockEnabled") == "Enabled"
    if "Rule" not in found:
        return locking, None, None
    retention = mapping(mapping(found["Rule"], "Rule").get("DefaultRetention"), "DefaultRetention")
    # One of the two; a stand-in may give the other as 0.
    days, years = retention.get("Days") or 0, retention.get("Years") or 0
    if not isinstance(days, int) or not isinstance(years, int) or days < 0 or years < 0 or bool(days) == bool(years):
        refuse("DefaultRetention", "days or years")
    return locking, text(retention.get("Mode"), "Mode"), timedelta(days=days) + years * _YEAR


def encryption(answer: Mapping[str, Any]) -> str:
    """Return the algorithm that GetBucketEncryption names.

    Raises:
        BadAnswer: It names none.
    """
    rules = mapping(answer.get("ServerSideEncryptionConfiguration"), "ServerSideEncryptionConfiguration").get("Rules")
    if not isinstance(rules, list) or not rules:
        refuse("Rules", "a rule")
    by_default = mapping(rules[0].get("ApplyServerSideEncryptionByDefault"), "ApplyServerSideEncryptionByDefault")
    return text(by_default.get("SSEAlgorithm"), "SSEAlgorithm")


def unblocked(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which ways of public access GetPublicAccessBlock does not say to be blocked."""
    found = mapping(answer.get("PublicAccessBlockConfiguration"), "PublicAccessBlockConfiguration")
    return tuple(name for name in _BLOCKS if found.get(name) is not True)


def all_unblocked() -> tuple[str, ...]:
    """Return them all: of a bucket that has no such configuration."""
    return _BLOCKS


def public(answer: Mapping[str, Any]) -> bool:
    """Return whether GetBucketPolicyStatus says that the bucket's policy lets anybody in.

    Raises:
        BadAnswer: It says neither yes nor no.
    """
    return truth(mapping(answer.get("PolicyStatus"), "PolicyStatus").get("IsPublic"), "IsPublic")


def copying(answer: Mapping[str, Any]) -> tuple[Copying, ...]:
    """Return the rules of GetBucketReplication.

    Raises:
        BadAnswer: They are malformed, or there are none.
    """
    found = mapping(answer.get("ReplicationConfiguration"), "ReplicationConfiguration")
    rules = entries(found.get("Rules"), "Rules")
    if not rules:
        refuse("Rules", "a rule")
    return tuple(map(_copying, rules))


def _copying(rule: Mapping[str, Any]) -> Copying:
    destination = mapping(rule.get("Destination"), "Destination")
    arn = _ARN.fullmatch(text(destination.get("Bucket"), "Bucket"))
    if arn is None:
        refuse("Bucket", "the ARN of a bucket")
    account = destination.get("Account")
    prefix, narrowed = _about(rule)
    return Copying(
        id=_name(rule),
        enabled=_enabled(rule),
        prefix=prefix,
        narrowed=narrowed,
        bucket=arn[1],
        account=None if account is None else text(account, "Account"),
    )


def ageing(answer: Mapping[str, Any]) -> tuple[Ageing, ...]:
    """Return the rules of GetBucketLifecycleConfiguration.

    Raises:
        BadAnswer: They are malformed.
    """
    return tuple(map(_ageing, entries(answer.get("Rules"), "Rules")))


def _ageing(rule: Mapping[str, Any]) -> Ageing:
    prefix, narrowed = _about(rule)
    # An expiration that is only of delete markers removes nothing that is there.
    expiration = mapping(rule.get("Expiration", {}), "Expiration")
    moves = entries(rule.get("Transitions", []), "Transitions")
    return Ageing(
        id=_name(rule),
        enabled=_enabled(rule),
        prefix=prefix,
        narrowed=narrowed,
        removes="Days" in expiration or "Date" in expiration,
        moves=tuple(text(move.get("StorageClass"), "StorageClass") for move in moves),
    )


def _name(rule: Mapping[str, Any]) -> str:
    said = rule.get("ID")
    return "" if said is None or said == "" else text(said, "ID")


def _enabled(rule: Mapping[str, Any]) -> bool:
    status = rule.get("Status")
    if status not in _STATES:
        refuse("Status", "Enabled or Disabled")
    return _STATES[status]


def _about(rule: Mapping[str, Any]) -> tuple[str, bool]:
    """Return what the names begin with that a rule is about, and whether it is only about some of them."""
    if "Filter" not in rule:  # as rules were written of old
        return _prefix(rule), False
    filtered = mapping(rule["Filter"], "Filter")
    both = mapping(filtered.get("And", {}), "And")
    prefix = _prefix(both) or _prefix(filtered)
    return prefix, any(name in part for part in (filtered, both) for name in _NARROWING)


def _prefix(where: Mapping[str, Any]) -> str:
    said = where.get("Prefix")
    return "" if said is None or said == "" else text(said, "Prefix")
