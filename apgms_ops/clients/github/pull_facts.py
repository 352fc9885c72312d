"""What GitHub says of a pull request, as frozen data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReviewState(StrEnum):
    """What a review says. A comment takes back no approval; a dismissal does."""

    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    COMMENTED = "COMMENTED"
    DISMISSED = "DISMISSED"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    """A word that is not known here."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """One pull request."""

    number: int
    author: str
    """Login; empty of an account that is gone."""
    merged_at: datetime | None
    """None: it was not merged."""
    base: str
    """The branch that it was merged into, or is to be."""
    default_branch: str
    """Of the repository, by now."""
    head: str
    """Its last commit."""
    files: int
    """How many files it changes."""


@dataclass(frozen=True, slots=True)
class Review:
    """One review of a pull request."""

    id: int
    by: str
    """Login; empty of an account that is gone."""
    state: ReviewState
    commit: str
    """What was reviewed; empty where GitHub no longer says."""
    submitted_at: datetime | None
    """None: it is not handed in yet."""


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file that a pull request changes."""

    path: str
    status: str
    """`added`, `modified`, `removed`, `renamed`, …"""
