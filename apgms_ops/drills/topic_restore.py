"""Restores a topic from its snapshot: planned first, then carried out by a Job in the cluster, and looked at."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apgms_ops.deadline import Deadline
from apgms_ops.drills.topic_choice import chosen, known_topic, require_target
from apgms_ops.drills.topic_job import Ended, RestoreJob
from apgms_ops.drills.topic_snapshot import Snapshot, snapshots
from apgms_ops.errors import ConfigurationError, WrongTarget
from apgms_ops.observation import Recorder
from apgms_ops.probes.consumer_lag import kafka_section
from apgms_ops.probes.kafka_snapshot_facts import declared
from apgms_ops.probes.kafka_snapshot_manifest import Manifest
from apgms_ops.probes.workloads import namespace_of

if TYPE_CHECKING:
    from apgms_ops.clients.kafka import Bounds
    from apgms_ops.clients.kubernetes.commands import Template
    from apgms_ops.environment.model import Environment
    from apgms_ops.estate import Estate


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for."""

    topic: str
    moment: datetime
    target: str | None = None
    """The topic to restore into; None for `<topic>.restored-<epoch>`."""
    into_live: str | None = None
    """The target's name once more, where it is a live one."""
    offsets: bool = False
    """Whether the groups get their offsets, translated."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be done."""

    snapshot: Snapshot
    manifest: Manifest
    target: str
    live: bool
    template: "Template"
    job: str
    arguments: tuple[str, ...]

    @property
    def records(self) -> int:
        """That are restored."""
        return sum(part.records for part in self.manifest.parts)

    @property
    def taken(self) -> str:
        """When the snapshot was taken, for people."""
        return f"{datetime.fromtimestamp(self.snapshot.epoch, UTC):%Y-%m-%d %H:%M:%S} UTC"

    @property
    def steps(self) -> tuple[str, ...]:
        """What is done, for people."""
        where = f"{self.template.namespace}/{self.template.job} (image {self.template.image})"
        count = f"{self.records} records of {len(self.manifest.parts)} partitions"
        return (
            f"create job {self.job} from the template of job {where}, with {' '.join(self.arguments)}",
            f"it adds {count} to {self.target}{', WHICH IS LIVE' if self.live else ''}",
            f"delete job {self.job}",
        )


class TopicRestore:
    """Plans restores of an environment's topics, and carries them out."""

    def __init__(self, estate: "Estate", recorder: Recorder, report: Callable[[str], None]) -> None:
        """Take the estate, what its clients record, and what takes a line of progress."""
        self.estate = estate
        self.environment: Environment = estate.environment
        self.report = report
        self._recorder = recorder

    def plan(self, wanted: Wanted, deadline: Deadline, *, suffix: str = "") -> Plan:
        """Find the snapshot, and see that it can be restored there. Nothing is changed.

        Args:
            wanted: What is asked for.
            deadline: For all of it.
            suffix: Of the target and of the groups that get offsets: what a drill makes for a while.

        Raises:
            ConfigurationError: It cannot be; the text says what there is.
            Unobserved: That could not be found out.
        """
        kafka, section = kafka_section(self.environment), declared(self.environment)
        known_topic(kafka, wanted.topic)
        there = snapshots(self.estate.backups, section.prefix, wanted.topic, deadline)
        epoch = chosen(list(there), wanted.moment, datetime.now(UTC), wanted.topic)
        target = f"{wanted.topic}{suffix}" if suffix else wanted.target or f"{wanted.topic}.restored-{epoch}"
        live = require_target(kafka, target, wanted.into_live)
        manifest = there[epoch].manifest(deadline)
        held = self.bounds(target, deadline)
        if not live and any(one.end > one.start for one in held):
            msg = f"{target} is there, and is not empty: name another one with --target"
            raise ConfigurationError(msg)
        if held and len(held) != len(manifest.parts):
            msg = f"{target} has {len(held)} partitions, and the snapshot {len(manifest.parts)}"
            raise ConfigurationError(msg)
        arguments: tuple[str, ...] = ("--topic", wanted.topic, "--timestamp", str(epoch), "--target", target)
        arguments += ("--into-live",) if live else ()
        arguments += ("--offsets",) if wanted.offsets or suffix else ()
        arguments += ("--group-suffix", suffix) if suffix else ()
        commands = self.estate.kubernetes_commands
        template = commands.template(namespace_of(self.environment), section.restore_job, deadline)
        name = f"{section.restore_job[:40].rstrip('-')}-{secrets.token_hex(4)}"
        plan = Plan(there[epoch], manifest, target, live, template, name, arguments)
        self._require_pinned()
        RestoreJob(commands, template, name, self.report).require_granted(deadline)
        return plan

    def carry_out(self, plan: Plan, deadline: Deadline, *, scratch: bool = False) -> Ended:
        """Have it done; whatever becomes of it, say what is left.

        Args:
            plan: What is to be done.
            deadline: For all of it.
            scratch: Whether the caller removes the target.

        Raises:
            Unobserved: How it ended is not known.
        """
        job = RestoreJob(self.estate.kubernetes_commands, plan.template, plan.job, self.report)
        known = False
        try:
            ended = job.run(plan.arguments, deadline)
            known = ended.succeeded
            return ended
        finally:
            if job.left is not None:
                self.report(f"LEFT: {job.left}; remove it with kubectl delete job")
            if not known and not scratch:
                self.report(f"LEFT: topic {plan.target} may hold a part of the records, or be empty")

    def bounds(self, topic: str, deadline: Deadline) -> "tuple[Bounds, ...]":
        """Return what a topic holds; nothing where there is none.

        Raises:
            Unobserved: It cannot be read.
        """
        return self.estate.kafka.bounds({topic: datetime.now(UTC)}, deadline)

    def identities(self) -> dict[str, str]:
        """Return which systems have answered until now."""
        return {found.system: found.id for found in self._recorder.seen[0]}

    def _require_pinned(self) -> None:
        """See that those have answered that the environment pins, before anything is believed or changed."""
        for system, found in self.identities().items():
            pinned = getattr(self.environment.identities, system, None)
            if pinned is not None and found != pinned:
                msg = f"{system} is {found}, not the pinned {pinned}"
                raise WrongTarget(msg)
