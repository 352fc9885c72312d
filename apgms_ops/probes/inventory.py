"""What an environment declares of its brokers, as it was when they were read: recorded with what was found there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class DeclaredGroup:
    """A consumer group that must be there, and the topics that it must read."""

    name: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A group that may be there undeclared, until it expires."""

    name: str
    reason: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the environment declared when the brokers were read."""

    groups: tuple[DeclaredGroup, ...]
    topics: dict[str, int]
    """Topic → partitions, dead-letter topics included."""
    accepted: tuple[Acceptance, ...] = ()
    waiting_time: timedelta = timedelta(minutes=10)
    """How long a message may wait for a group that does not move."""

    @property
    def consumed(self) -> Iterator[str]:
        """The topics that some group must read."""
        yield from dict.fromkeys(topic for group in self.groups for topic in group.topics)
