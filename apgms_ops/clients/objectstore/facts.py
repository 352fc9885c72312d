"""What an object store says of a bucket and of what is in it. Frozen; times are aware."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
class Version:
    """One version of an object, as a listing has it."""

    key: str
    id: str
    size: int
    """Bytes; 0 of a delete marker."""
    modified: datetime
    latest: bool
    marker: bool
    """Whether it is a delete marker: who asks for the object is told that there is none."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One object, as it says itself."""

    key: str
    version: str
    size: int
    """Bytes."""
    modified: datetime
    mode: str | None
    """Of its lock; None: it is not locked."""
    until: datetime | None
    """First moment at which its lock ends."""
    sha256: str | None
    """Of its content, lower-case hexadecimal, as the store verified it when it took it; None: nobody said."""
    metadata: Mapping[str, str]
