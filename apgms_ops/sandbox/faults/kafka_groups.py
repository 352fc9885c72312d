"""Consumer groups that are not there, are empty, or should not be there."""

from collections.abc import Mapping
from typing import Any, ClassVar

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import kafka_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_STRAY = "console-consumer-4711"


class GroupEmpty(Fault):
    """All members left; the commits stay, and so the lag stays small."""

    id = "kafka-group-empty"
    title = f"Nobody consumes in {tools.GROUP}: its members left, and its lag is still 0."
    component = "kafka"
    references = ("D3.2",)
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.MEMBERS: Verdict.FAIL,
        tools.ASSIGNED: Verdict.FAIL,
        tools.KEEPS_UP: Verdict.UNKNOWN,
        tools.STALLED: Verdict.UNKNOWN,
    }

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let the members leave, with nothing left to read."""
        tools.quiet(world, deadline)
        tools.order(world, f"/groups/{tools.GROUP}/stop", deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let them come back."""
        tools.busy(world, deadline)


class GroupVanished(Fault):
    """The group and its commits are deleted."""

    id = "kafka-group-vanished"
    title = f"Consumer group {tools.GROUP} was deleted, with its offsets."
    component = "kafka"
    expected: ClassVar[Mapping[str, Verdict]] = {
        tools.EXISTS: Verdict.FAIL,
        tools.MEMBERS: Verdict.UNKNOWN,
        tools.SETTLED: Verdict.UNKNOWN,
        tools.ASSIGNED: Verdict.UNKNOWN,
        tools.COMMITTED: Verdict.UNKNOWN,
        tools.LOST: Verdict.UNKNOWN,
        tools.KEEPS_UP: Verdict.UNKNOWN,
        tools.STALLED: Verdict.UNKNOWN,
    }
    # The exporter tells nothing of a group that does not exist; whether that shows depends on the time of the scrape.
    may_notice = frozenset({tools.SKIPPED})

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let the members leave, and delete the group; what it had committed is kept, to put it back."""
        tools.quiet(world, deadline)
        tools.order(world, f"/groups/{tools.GROUP}/stop", deadline)
        committed = tools.commits(world, tools.GROUP, deadline)
        tools.delete_group(world, tools.GROUP, deadline)
        return {"committed": [[topic, partition, offset] for (topic, partition), offset in committed.items()]}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Put the commits back and let the members return."""
        if not tools.group_of(world, tools.GROUP, deadline).clients:
            tools.move(world, tools.GROUP, {(t, p): offset for t, p, offset in memo["committed"]}, deadline)
        tools.busy(world, deadline)


class GroupUndeclared(Fault):
    """Somebody tried something on the console a while ago, and left a group behind."""

    id = "kafka-group-undeclared"
    title = f"A stale console group, {_STRAY}, was left behind on audit.log."
    component = "kafka"
    references = ("D3.14",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.DECLARED: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Commit an offset in a group of that name."""
        tools.move(world, _STRAY, {("audit.log", 0): 0}, deadline)
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Delete the group."""
        tools.delete_group(world, _STRAY, deadline)


FAULTS: tuple[type[Fault], ...] = (GroupEmpty, GroupVanished, GroupUndeclared)
