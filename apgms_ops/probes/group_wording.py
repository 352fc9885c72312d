"""How findings about consumer groups are worded; each returns None where there is nothing to say."""

from collections.abc import Sequence
from datetime import timedelta

from apgms_ops.clients.kafka import Group, GroupState, Offset
from apgms_ops.environment.types import format_duration
from apgms_ops.probes.inventory import Acceptance


def unread(group: Group) -> str | None:
    """Say that a group could not be read."""
    return None if group.unread is None else f"group {group.name} could not be read: {group.unread}"


def dead(group: Group) -> str | None:
    """Say that a group does not exist."""
    return f"group {group.name} does not exist" if group.state is GroupState.DEAD else None


def empty(group: Group) -> str | None:
    """Say that a group has no members."""
    return None if group.members else f"group {group.name} has no members"


def rebalancing(group: Group) -> str | None:
    """Say that a group rebalances."""
    if not group.state.rebalancing:
        return None
    state = "in a state unknown to this driver" if group.state is GroupState.UNKNOWN else group.state.value
    return f"group {group.name} is {state}: who reads what is not settled"


def undeclared(group: Group, expired: Acceptance | None) -> str:
    """Say that a group is not declared, and which acceptance of it is over."""
    members = f"{len(group.members)} members" if group.members else "no members"
    if expired is None:
        return (
            f"consumer group {group.name} is not declared ({members}): declare it, ignore it for a reason, or delete it"
        )
    return (
        f"consumer group {group.name} is not declared ({members}), and was accepted only until "
        f"{expired.expires.isoformat()} ({expired.reason})"
    )


def standing(then: Offset, now: Offset, window: timedelta, waiting_time: timedelta) -> str | None:
    """Say that a group stands still in a partition: while its log grew, or with messages that have waited for long.

    In the first case the log must have grown, and in the second more than one message wait: behind a transaction's last
    message stands a marker that a consumer may never commit.
    """
    if now.committed is None or then.committed is None or now.committed != then.committed:
        return None
    where = f"{now.group} stands still at offset {now.committed} of {now.topic} partition {now.partition}"
    if then.end is not None and now.end is not None and now.end > then.end > then.committed:
        return f"{where}: the log grew from {then.end} to {now.end} within {window.total_seconds():.1f} s"
    if min(then.waiting, now.waiting) > 1:
        behind = ""
        if now.high is not None and now.end is not None and now.high > now.end:
            behind = f"; {now.high - now.end} stand behind a transaction that is still open"
        return f"{where}: {now.waiting} messages have waited for {format_duration(waiting_time)} or longer{behind}"
    return None


def partitions_of(topic: str, partitions: Sequence[int]) -> str:
    """Return `audit.log partitions 0, 2`."""
    return f"{topic} partition{'s' if len(partitions) > 1 else ''} {', '.join(map(str, partitions))}"


def are(things: Sequence[int]) -> str:
    """Return the verb."""
    return "are" if len(things) > 1 else "is"
