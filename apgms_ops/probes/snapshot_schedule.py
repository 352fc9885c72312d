"""Backups, step 2: whether the nightly snapshot is going to be taken again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.kafka_snapshot_facts import LEEWAY, declared
from apgms_ops.probes.probe import probe
from apgms_ops.probes.workloads import namespace_of
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from apgms_ops.clients.kubernetes.client import KubernetesClient


@dataclass(frozen=True, slots=True)
class Schedule:
    """The CronJob, as the cluster has it."""

    created_at: datetime
    schedule: str
    suspended: bool
    last_scheduled_at: datetime | None
    last_succeeded_at: datetime | None


@dataclass(frozen=True, slots=True)
class SnapshotSchedule:
    """Whether it is there, and how it is."""

    at: datetime
    name: str
    """Namespace and name."""
    found: Schedule | None

    def idle(self, environment: Environment) -> Findings:
        """Say why no snapshot is taken: nobody is to, it is suspended, or it has not succeeded lately.

        Raises:
            Unobserved: It has not yet had the time to succeed for once.
        """
        return Findings(self._idle(environment))

    def _idle(self, environment: Environment) -> Iterator[str]:
        wanted, found = declared(environment), self.found
        limit = f"{format_duration(wanted.newest.value)} ({wanted.newest.source})"
        if found is None:
            yield f"there is no CronJob {self.name}: nobody takes snapshots"
            return
        if found.suspended:
            yield f"CronJob {self.name} is suspended: nobody takes snapshots"
        last = found.last_succeeded_at
        if last is not None and last > self.at + LEEWAY:
            yield f"CronJob {self.name} succeeded in the future, at {last:%Y-%m-%d %H:%M} UTC"
        elif last is not None and last + wanted.newest.value < self.at:
            tried = (
                f", and was last started at {found.last_scheduled_at:%Y-%m-%d %H:%M} UTC"
                if found.last_scheduled_at
                else ""
            )
            yield f"CronJob {self.name} last succeeded at {last:%Y-%m-%d %H:%M} UTC{tried}; wanted is within {limit}"
        elif last is None and found.created_at + wanted.newest.value < self.at:
            schedule = printable(found.schedule, limit=60)
            yield f"CronJob {self.name} ({schedule}) has never succeeded, as far as it says; wanted is within {limit}"
        elif last is None and not found.suspended:
            msg = f"CronJob {self.name} was made lately, and has not succeeded yet: whether it will is not known"
            raise Unobserved(msg)


@probe(deadline=30.0)
def snapshot_schedule(kubernetes: "KubernetesClient", environment: Environment, deadline: Deadline) -> SnapshotSchedule:
    """The CronJob that takes the nightly snapshot: whether it is there, suspended, and when it last succeeded."""
    namespace, name = namespace_of(environment), declared(environment).cron_job
    found = next((one for one in kubernetes.cron_jobs(namespace, deadline) if one.name == name), None)
    seen = None
    if found is not None:
        seen = Schedule(
            found.created_at, found.schedule, found.suspended, found.last_scheduled_at, found.last_succeeded_at
        )
    return SnapshotSchedule(datetime.now(UTC), f"{namespace}/{name}", seen)
