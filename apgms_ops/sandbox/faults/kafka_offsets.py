"""Commits that are missing, that point at what is gone, or that somebody moved."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import kafka_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_SCRAPES: Final = 5.0
"""Seconds in which the exporter looks at the group several times, and is scraped several times."""


class PartitionUncommitted(Fault):
    """The group reads a partition for which it has no commit: the tool shows `-` where the lag should be."""

    id = "kafka-partition-uncommitted"
    title = f"{tools.GROUP} has no committed offset for partition 2 of {tools.TOPIC}."
    component = "kafka"
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.COMMITTED: Verdict.FAIL,
        tools.KEEPS_UP: Verdict.UNKNOWN,
        tools.STALLED: Verdict.UNKNOWN,
    }
    # While the group is deleted and made again, the exporter loses sight of it for a scrape or two.
    may_notice = frozenset({tools.SKIPPED})

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Delete the commits, put all but one back, and let the member return, which then waits for an event."""
        tools.quiet(world, deadline)
        tools.order(world, f"/groups/{tools.GROUP}/stop", deadline)
        tools.order(world, f"/groups/{tools.GROUP}/hold", deadline)
        committed = tools.commits(world, tools.GROUP, deadline)
        tools.delete_group(world, tools.GROUP, deadline)
        tools.move(world, tools.GROUP, {p: o for p, o in committed.items() if p != (tools.TOPIC, 2)}, deadline)
        tools.order(world, f"/groups/{tools.GROUP}/start", deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let the member go on: it begins at the oldest message of that partition, and commits."""
        tools.busy(world, deadline)
        tools.another_past(world, deadline)  # in which those messages were not read before


class LostToRetention(Fault):
    """Messages were removed before they were read."""

    id = "kafka-lost-to-retention"
    title = f"50 messages of {tools.TOPIC} were removed before {tools.GROUP} had read them."
    component = "kafka"
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.LOST: Verdict.FAIL,
        tools.KEEPS_UP: Verdict.UNKNOWN,
        tools.STALLED: Verdict.UNKNOWN,
    }

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Hold the group, and remove what it has not read."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415 — heavy

        tools.quiet(world, deadline)
        tools.order(world, f"/groups/{tools.GROUP}/hold", deadline)
        tools.produce(world, tools.TOPIC, 50, deadline, partition=0)
        end = tools.ends(world, tools.TOPIC, deadline)[tools.TOPIC, 0]
        places = [TopicPartition(tools.TOPIC, 0, end)]
        tools.administer(world, lambda client: client.delete_records(places), deadline, f"emptying {tools.TOPIC}")
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let the group go on: it finds its offset gone, and begins where the log does."""
        tools.busy(world, deadline)


class ResetToLatest(Fault):
    """Somebody got rid of a backlog by skipping it."""

    id = "kafka-reset-to-latest"
    title = f"The offsets of {tools.GROUP} were reset to the latest, over 300 messages that nobody read."
    component = "kafka"
    references = ("D3.7",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.SKIPPED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Stop the group, let messages wait, set its offsets behind them, and start it again."""
        tools.quiet(world, deadline)
        tools.order(world, f"/groups/{tools.GROUP}/stop", deadline)
        tools.produce(world, tools.TOPIC, 300, deadline)
        deadline.pause(_SCRAPES, "the exporter to see the group without members")
        tools.move(world, tools.GROUP, tools.ends(world, tools.TOPIC, deadline), deadline)
        deadline.pause(_SCRAPES, "the exporter to see the new offsets")
        tools.busy(world, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Give Prometheus another past: the group itself is well, but what happened to it stays visible for a day."""
        tools.busy(world, deadline)
        tools.another_past(world, deadline)


class SetBack(Fault):
    """Somebody let a group do its work a second time; by the morning it has caught up."""

    id = "kafka-group-set-back"
    title = f"{tools.GROUP} was set back to the oldest messages, and has handled all of them a second time."
    component = "kafka"
    expected: ClassVar[Mapping[str, Verdict]] = {tools.SKIPPED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Stop the group, set its offsets back, and start it again."""
        tools.produce(world, tools.TOPIC, 30, deadline)
        tools.quiet(world, deadline)
        deadline.pause(_SCRAPES, "the exporter to see where the group is")
        tools.order(world, f"/groups/{tools.GROUP}/stop", deadline)
        tools.move(world, tools.GROUP, dict.fromkeys(tools.commits(world, tools.GROUP, deadline), 0), deadline)
        deadline.pause(_SCRAPES, "the exporter to see the new offsets")
        tools.busy(world, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Give Prometheus another past: the group itself is well."""
        tools.busy(world, deadline)
        tools.another_past(world, deadline)


FAULTS: tuple[type[Fault], ...] = (PartitionUncommitted, LostToRetention, ResetToLatest, SetBack)
