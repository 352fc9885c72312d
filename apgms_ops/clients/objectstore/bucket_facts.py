"""What an object store says of a bucket: how it is protected, where it is copied to, what goes by itself. Frozen."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

COMPLIANCE: Final = "COMPLIANCE"
"""The mode of a lock that nobody can take away before it ends, not even the account's owner."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """How a bucket is protected."""

    name: str
    region: str
    versioned: bool
    locking: bool
    """Whether it has Object Lock, without which no object can be locked."""
    default_mode: str | None
    """Of the lock that an object gets which asks for none; None: it gets none."""
    default_retention: timedelta | None
    encryption: str | None
    """The algorithm by which objects are encrypted that do not ask for another; None: not at all."""
    public: tuple[str, ...]
    """The ways in which public access is not blocked; empty where it is blocked altogether."""


@dataclass(frozen=True, slots=True)
class Copying:
    """One rule of a bucket's replication."""

    id: str
    enabled: bool
    prefix: str
    """What the names begin with of the objects that are copied; empty: all of them."""
    narrowed: bool
    """Whether only objects with certain tags are copied."""
    bucket: str
    """The bucket that they are copied to."""
    account: str | None
    """The account whose the copies then are; None: that of the bucket itself, as far as the rule says."""


@dataclass(frozen=True, slots=True)
class Ageing:
    """One rule of a bucket's lifecycle: what becomes of objects as they grow old."""

    id: str
    enabled: bool
    prefix: str
    """What the names begin with of the objects that it is about; empty: all of them."""
    narrowed: bool
    """Whether it is only about objects with certain tags, or of certain sizes."""
    removes: bool
    """Whether it removes objects that nobody has deleted or written over."""
    moves: tuple[str, ...]
    """The storage classes that it moves those to."""
