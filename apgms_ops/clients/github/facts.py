"""What GitHub says, as frozen data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Progress(StrEnum):
    """How far a run, a job or a check run is. Completed says nothing of how it ended."""

    QUEUED = "queued"
    REQUESTED = "requested"
    WAITING = "waiting"
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    UNKNOWN = "unknown"
    """A word that is not known here."""


class Conclusion(StrEnum):
    """How something ended. Success alone is success: neutral and skipped ran nothing to its end."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    TIMED_OUT = "timed_out"
    ACTION_REQUIRED = "action_required"
    STALE = "stale"
    STARTUP_FAILURE = "startup_failure"
    UNKNOWN = "unknown"
    """A word that is not known here."""


class TagKind(StrEnum):
    """What a tag's ref points to."""

    ANNOTATED = "tag"
    LIGHTWEIGHT = "commit"
    OTHER = "other"


class Ancestry(StrEnum):
    """How one commit stands to another."""

    IDENTICAL = "identical"
    AHEAD = "ahead"
    BEHIND = "behind"
    DIVERGED = "diverged"


class StatusState(StrEnum):
    """What a commit status says."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    PENDING = "pending"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Repository:
    """Which repository answers, and the server's clock beside ours."""

    id: int
    """Its number, which it keeps when it is renamed."""
    full_name: str
    server_time: datetime
    ours: datetime


@dataclass(frozen=True, slots=True)
class Ref:
    """What a ref points to, itself: an annotated tag's is the tag object, not the commit."""

    name: str
    """`refs/tags/v1.4.2`."""
    kind: TagKind
    sha: str


@dataclass(frozen=True, slots=True)
class TagObject:
    """An annotated tag."""

    sha: str
    name: str
    target_kind: str
    """`commit`, unless somebody tagged a tag or a tree."""
    target: str
    tagger: str
    tagged_at: datetime
    message: str
    verified: bool | None
    """Whether GitHub verified its signature; None where it says nothing of it."""


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One check run of a commit."""

    id: int
    name: str
    head_sha: str
    progress: Progress
    conclusion: Conclusion | None
    """None as long as it is not completed."""
    started_at: datetime | None
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """One commit status, the newest of its context."""

    context: str
    state: StatusState
    description: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CombinedStatus:
    """Every commit status of a commit. `pending` is also what no status at all comes to."""

    sha: str
    state: StatusState
    statuses: tuple[CommitStatus, ...]


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """One run of a workflow, at its latest attempt."""

    id: int
    path: str
    """The workflow's file: `.github/workflows/release.yaml`."""
    event: str
    progress: Progress
    conclusion: Conclusion | None
    head_sha: str
    head_branch: str
    """The branch, or the tag, that it ran for; empty where GitHub no longer says."""
    attempt: int
    created_at: datetime
    started_at: datetime
    """When this attempt started."""
    url: str
    """For people."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a run, of one attempt."""

    id: int
    name: str
    attempt: int
    head_sha: str
    progress: Progress
    conclusion: Conclusion | None
    started_at: datetime | None
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a run left behind. Listed is not downloadable."""

    id: int
    name: str
    size: int
    """Bytes of the zip file."""
    expired: bool
    created_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Release:
    """A published release."""

    tag: str
    draft: bool
    prerelease: bool
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an artifact's zip."""

    name: str
    data: bytes
