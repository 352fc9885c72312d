"""What a service says of itself, as frozen data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Health:
    """The answer of `/health/ready` or `/health/live`."""

    ok: bool
    checks: dict[str, bool]
    """What it depends on → whether that answers."""


@dataclass(frozen=True, slots=True)
class Version:
    """The answer of `/version`."""

    service: str
    version: str
    git_sha: str
    built_at: datetime
    environment: str
    """What it calls the estate that it runs in."""


class Standing(StrEnum):
    """What the register says of a business number."""

    ACTIVE = "active"
    CANCELLED = "cancelled"
    INVALID = "invalid"
    """It is none: its check digits are wrong (422)."""
    UNKNOWN = "unknown"
    """The register knows no business of that number (404)."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """One look-up of a business number."""

    standing: Standing
    abn: str | None
    """The number that the answer names; None where the number was refused."""
    source: str | None
    """Where the answer says that it comes from: `abr`, or `cache`; None where the number was refused."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of an exposition. NaN and infinity are legal there."""

    name: str
    labels: dict[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """The samples of one metric; those of a histogram are its buckets, count and sum."""

    name: str
    kind: str
    """`counter`, `gauge`, `histogram`, `summary` or `untyped`."""
    samples: tuple[Sample, ...]
