"""What was read from the brokers: topics, consumer groups, and where each group stands in each partition."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class GroupState(StrEnum):
    """What the group's coordinator says of it; UNKNOWN is whatever this driver has no word for."""

    STABLE = "stable"
    PREPARING_REBALANCE = "preparing a rebalance"
    COMPLETING_REBALANCE = "completing a rebalance"
    EMPTY = "empty"
    DEAD = "dead"
    UNKNOWN = "unknown"
    """Among others, the states of the new consumer protocol in which its members change over to a new assignment."""

    @property
    def rebalancing(self) -> bool:
        """Whether partitions are just being given to other members, so that nothing said of them holds."""
        return self in {GroupState.PREPARING_REBALANCE, GroupState.COMPLETING_REBALANCE, GroupState.UNKNOWN}


class GroupProtocol(StrEnum):
    """How the members of a group divide its partitions among them."""

    CLASSIC = "classic"
    CONSUMER = "consumer"
    """The protocol of KIP-848."""
    UNKNOWN = "unknown"
    """Brokers before 3.8 do not say."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """A partition that is given to a member."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Member:
    """One consumer in a group."""

    id: str
    client_id: str
    host: str
    assignment: tuple[Assigned, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group. DEAD also stands for one that does not exist."""

    name: str
    state: GroupState
    protocol: GroupProtocol
    members: tuple[Member, ...] = ()
    unread: str | None = None
    """Why its members or offsets could not be read; then there are none here, which says nothing."""


@dataclass(frozen=True, slots=True)
class Offset:
    """Where a group stands in one partition that it has committed for, or that one of its members holds."""

    group: str
    topic: str
    partition: int
    start: int | None
    """The oldest offset that is still there; None if the partition could not be asked, or is gone."""
    end: int | None
    """The offset that the next message gets: the last stable one under `read_committed`, else the high watermark."""
    committed: int | None
    """The offset that the group will read next; None if it has committed none."""
    member: str | None
    """The id of the member that holds the partition; None if none does."""
    high: int | None
    """The high watermark. It is asked for only of groups that were named, and where a commit lies behind the end;
    elsewhere it is `end`."""
    young: int | None = None
    """The offset of the first message that is younger than was asked, by its own timestamp; the high watermark if there
    is none, and None where it was not asked for, or nothing is left to read."""

    @property
    def lag(self) -> int | None:
        """Messages between the commit and the end; None, never 0, where either is not known.

        A consumer that reads uncommitted messages may stand between the last stable offset and the high watermark:
        it is not behind. One that stands beyond the high watermark committed for another log: that is no lag at all.
        """
        if self.committed is None or self.end is None or self.beyond:
            return None
        return max(0, self.end - self.committed)

    @property
    def beyond(self) -> bool:
        """Whether the commit lies beyond everything that was ever written: the log was cut, or is a new one."""
        return self.committed is not None and self.high is not None and self.committed > self.high

    @property
    def waiting(self) -> int:
        """Messages that the group has not read, though they are not young; the end of a transaction counts as one.

        Those behind a transaction that stays open are among them: nobody can read them, and nobody is behind. Those
        that were removed are not: they are lost, and wait no longer.
        """
        if self.committed is None or self.young is None:
            return 0
        return max(0, self.young - max(self.committed, self.start or 0))

    @property
    def lost(self) -> int:
        """Messages that were removed before the group had read them."""
        if self.committed is None or self.start is None:
            return 0
        return max(0, self.start - self.committed)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, and how many partitions it has."""

    name: str
    partitions: int


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """One partition of a dead-letter topic: its end, and its end a while ago."""

    topic: str
    partition: int
    since: int
    """The offset of the first message that is not older than asked, by its own timestamp; the end if there is none."""
    end: int

    @property
    def arrived(self) -> int:
        """Messages that arrived in between."""
        return max(0, self.end - self.since)


@dataclass(frozen=True, slots=True)
class Bounds:
    """One partition of a topic: what it holds, and what it held at a moment."""

    topic: str
    partition: int
    start: int
    """The oldest offset that is there."""
    since: int
    """The offset of the first message that is not older, by its own timestamp; the end if there is none."""
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Topics, groups and offsets, read one after the other within moments."""

    taken_at: datetime
    topics: tuple[Topic, ...]
    groups: tuple[Group, ...]
    offsets: tuple[Offset, ...]
    notes: tuple[str, ...] = ()
    """What was seen and not read, such as a partition without a leader."""
