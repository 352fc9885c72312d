"""What an object store says of the objects in a bucket. Frozen; times are aware."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


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
class Listed:
    """One object that is there, as a listing has it: its newest version, and no delete marker."""

    key: str
    size: int
    """Bytes; an object without content is there all the same."""
    modified: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """One object, as it says itself."""

    key: str
    version: str
    """`null` in a bucket that keeps none."""
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
    encryption: str | None
    """The algorithm by which the store itself encrypted this object; None: it did not."""
    replication: str | None
    """How far it is copied: COMPLETED, PENDING, FAILED, or REPLICA of what is a copy; None: no rule is about it."""
