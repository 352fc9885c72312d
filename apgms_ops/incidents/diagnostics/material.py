"""What a bundle is made of: pieces that are fetched, and what became of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from apgms_ops.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that is to be in the bundle."""

    path: str
    """Where in the bundle: `logs/api-gateway-1/app.log`."""
    what: str
    """In words."""
    fetch: Callable[[BinaryIO, Deadline], None]
    """Writes it, already masked, to an empty file.

    Raises:
        Unobserved: It cannot be had.
    """
    lacks: str = ""
    """What is known to be missing from it before it is fetched; empty: nothing."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a piece."""

    path: str
    what: str
    took: float
    """Seconds."""
    missing: str = ""
    """Why all of it could not be had, or what of it; empty where it is whole."""
    file: Path | None = None
    """Where it lies until it is packed; None where there is nothing of it."""
    size: int = 0
    """Bytes."""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What a bundle is about."""

    environment: str
    incident: str
    """Its name or number; empty where none was given."""
    since: datetime
    """When the incident began: what happened from then on is in the bundle."""
    at: datetime
    """When the bundle was made."""
    by: Mapping[str, str]
    identities: Mapping[str, str]
    """System → its own word for itself."""
