"""What a cluster says of its jobs, as frozen data. Times are aware, and counts that the wire leaves out are 0."""

from dataclasses import dataclass
from datetime import datetime

from apgms_ops.clients.kubernetes.facts import Condition


@dataclass(frozen=True, slots=True)
class Job:
    """A Job."""

    name: str
    namespace: str
    uid: str
    created_at: datetime
    suspended: bool
    completions: int | None
    """Pods that must succeed; None where one is enough."""
    active: int
    succeeded: int
    failed: int
    started_at: datetime | None
    completed_at: datetime | None
    """When it succeeded; None where it has not."""
    owner_kind: str | None
    owner_name: str | None
    images: dict[str, str]
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class CronJob:
    """A CronJob."""

    name: str
    namespace: str
    uid: str
    created_at: datetime
    schedule: str
    time_zone: str | None
    """None where it is the controller manager's."""
    suspended: bool
    active: int
    """Jobs that run now."""
    last_scheduled_at: datetime | None
    last_succeeded_at: datetime | None
    images: dict[str, str]
