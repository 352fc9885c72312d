"""Groups that have members, and do not keep up."""

from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import kafka_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict


class _Held(Fault):
    """The members are there and send heartbeats, but process nothing."""

    component = "kafka"

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let the members go on, and wait until they have caught up."""
        tools.busy(world, deadline)


class LagAtLimit(_Held):
    """Exactly as far behind as is no longer allowed."""

    id = "kafka-lag-at-limit"
    title = f"{tools.GROUP} is 200 messages behind on one partition."
    expected: ClassVar[Mapping[str, Verdict]] = {tools.KEEPS_UP: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let 200 messages wait; production rests, so that nothing else is wrong."""
        tools.quiet(world, deadline)
        tools.order(world, f"/groups/{tools.GROUP}/hold", deadline)
        tools.produce(world, tools.TOPIC, 200, deadline, partition=1)
        return {}


class LagSpread(_Held):
    """Too far behind on the topic, though on no partition."""

    id = "kafka-lag-spread"
    title = f"{tools.GROUP} is 120 messages behind on each partition of {tools.TOPIC}: less than 200 anywhere."
    references = ("D3.5",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.KEEPS_UP: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let 120 messages wait on each partition."""
        tools.quiet(world, deadline)
        tools.order(world, f"/groups/{tools.GROUP}/hold", deadline)
        for _, partition in tools.ends(world, tools.TOPIC, deadline):
            tools.produce(world, tools.TOPIC, 120, deadline, partition)
        return {}


class GroupStalled(_Held):
    """One message waits, more come, and nothing moves."""

    id = "kafka-group-stalled"
    title = f"{tools.GROUP} stands still, one message behind, while more arrive."
    expected: ClassVar[Mapping[str, Verdict]] = {tools.STALLED: Verdict.FAIL}
    # Production goes on, or nobody could tell a group that stands still; after a minute the lag reaches its limit too.
    may_notice = frozenset({tools.KEEPS_UP})

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Hold the members with one message on each partition before them, and let more come."""
        tools.quiet(world, deadline)
        tools.order(world, f"/groups/{tools.GROUP}/hold", deadline)
        for _, partition in tools.ends(world, tools.TOPIC, deadline):
            tools.produce(world, tools.TOPIC, 1, deadline, partition)
        tools.order(world, f"/topics/{tools.TOPIC}/resume", deadline)
        return {}


class GroupWaits(_Held):
    """A consumer that hangs while nothing arrives: nothing grows, and a little has been waiting for hours."""

    id = "kafka-group-waits"
    title = f"{tools.GROUP} has left 5 messages unread for an hour, on a topic to which nothing else came."
    expected: ClassVar[Mapping[str, Verdict]] = {tools.STALLED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Hold the group, remove what it has read, and produce what is an hour old already.

        A log is searched by time from its beginning: behind messages of today none would be found to be old.
        """
        from confluent_kafka import TopicPartition  # noqa: PLC0415 — heavy

        tools.quiet(world, deadline)
        tools.order(world, f"/groups/{tools.GROUP}/hold", deadline)
        places = [TopicPartition(tools.TOPIC, 0, tools.ends(world, tools.TOPIC, deadline)[tools.TOPIC, 0])]
        tools.administer(world, lambda client: client.delete_records(places), deadline, f"emptying {tools.TOPIC}")
        tools.produce_old(world, tools.TOPIC, 5, deadline)
        return {}


FAULTS: tuple[type[Fault], ...] = (LagAtLimit, LagSpread, GroupStalled, GroupWaits)
