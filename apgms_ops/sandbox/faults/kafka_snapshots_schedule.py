"""Nobody takes the next snapshot: the CronJob is suspended, gone, or fails every night."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox import workloads
from apgms_ops.sandbox.cluster.api import namespaced
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_snapshots_tools import BACKUPS_CHECKS, GOES_ON
from apgms_ops.sandbox.kafka_snapshots import component
from apgms_ops.sandbox.kubernetes.objects import PLATFORM
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_PATH: Final = namespaced("batch/v1", PLATFORM, "cronjobs", "kafka-snapshot")
_KEPT: Final = ("apiVersion", "kind", "spec")


class _Idle(Fault):
    """The snapshots of last night are there, and there will be no others."""

    component = component.NAME
    reach = BACKUPS_CHECKS
    expected: ClassVar[Mapping[str, Verdict]] = {GOES_ON: Verdict.FAIL}


class Suspended(_Idle):
    """During maintenance, and never resumed."""

    id = "kafka-snapshot-suspended"
    title = "The CronJob of the nightly snapshot is suspended."

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — one request
        """Suspend it."""
        workloads.admin(world).merge(_PATH, {"spec": {"suspend": True}})
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — as above
        """Resume it."""
        workloads.admin(world).merge(_PATH, {"spec": {"suspend": False}})


class Gone(_Idle):
    """Left out of a chart that was tidied up."""

    id = "kafka-snapshot-cron-job-gone"
    title = "There is no CronJob for the nightly snapshot."

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — two requests
        """Delete it."""
        api = workloads.admin(world)
        found = api.get(_PATH)
        api.delete(_PATH)
        labels = found["metadata"].get("labels") or {}
        metadata = {"name": "kafka-snapshot", "namespace": PLATFORM, "labels": labels}
        return {**{key: found[key] for key in _KEPT if key in found}, "metadata": metadata}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — as above
        """Make it again."""
        workloads.apply(world, {"apiVersion": "batch/v1", "kind": "CronJob", **memo})
        component.tell(world, datetime.now(UTC))


class FailsEveryNight(_Idle):
    """It is started, and never succeeds; what it stored three nights ago is still there."""

    id = "kafka-snapshot-fails-every-night"
    title = "The CronJob of the nightly snapshot has not succeeded for three days."

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:  # noqa: ARG002 — one request
        """Say so in its status."""
        component.tell(world, datetime.now(UTC) - timedelta(days=3))
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — as above
        """Say that it has."""
        component.tell(world, datetime.now(UTC))


FAULTS: tuple[type[Fault], ...] = (Suspended, Gone, FailsEveryNight)
