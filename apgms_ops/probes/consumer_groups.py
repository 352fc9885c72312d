"""What two readings of the brokers come to, group by group, against the inventory that was declared."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from apgms_ops.clients.kafka import Group, GroupProtocol, GroupState, Offset, Reading
from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.group_wording import are, dead, empty, partitions_of, rebalancing, standing, undeclared, unread
from apgms_ops.probes.inventory import Inventory


@dataclass(frozen=True, slots=True)
class TopicLag:
    """How far a group is behind on a topic."""

    group: str
    topic: str
    total: int
    """Messages, over all partitions of which it is known."""
    worst_partition: int
    worst: int
    group_total: int
    """Messages that the group is behind on all its topics."""


@dataclass(frozen=True, slots=True)
class ConsumerLag:
    """Two readings. What is judged is the second; the first tells what moved, and which groups there are besides."""

    inventory: Inventory
    first: Reading
    second: Reading
    restless: tuple[str, ...] = ()
    """Declared groups that rebalanced at both readings and at every look between, for the settling time at least."""

    @property
    def window(self) -> timedelta:
        """The time between the two readings."""
        return self.second.taken_at - self.first.taken_at

    # What must be there

    def wrong_topics(self) -> Findings:
        """Tell declared topics that are not there, or have another number of partitions.

        Raises:
            Unobserved: All are there, and a partition of one did not answer: it may have no leader.
        """
        found = {topic.name: topic.partitions for topic in self.second.topics}
        return self._judged(
            (
                f"topic {name} does not exist; it is declared with {partitions} partitions"
                if name not in found
                else f"topic {name} has {found[name]} partitions; declared are {partitions}"
                for name, partitions in self.inventory.topics.items()
                if found.get(name) != partitions
            ),
            (note for note in self.second.notes if note.partition(":")[0].rpartition("-")[0] in self.inventory.topics),
        )

    def missing_groups(self) -> Findings:
        """Tell declared groups that do not exist.

        Raises:
            Unobserved: None is missing for certain, and one could not be read.
        """
        return self._judged(
            (f"consumer group {g.name} does not exist" for g in self._declared() if g.state is GroupState.DEAD),
            (unread(g) for g in self._declared()),
        )

    def empty_groups(self) -> Findings:
        """Tell declared groups that exist and have no members.

        Raises:
            Unobserved: None is empty for certain, and one could not be read, or does not exist.
        """
        return self._judged(
            (
                f"consumer group {group.name} has no members: nobody consumes {', '.join(self._topics(group.name))}"
                for group in self._declared()
                if group.unread is None and group.state is not GroupState.DEAD and not group.members
            ),
            (unread(g) or dead(g) for g in self._declared()),
        )

    def undeclared_groups(self) -> Findings:
        """Tell groups that nobody declared, unless they are accepted by name and the acceptance is in force."""
        declared = {group.name for group in self.inventory.groups}
        accepted = {acceptance.name: acceptance for acceptance in self.inventory.accepted}
        return Findings(
            undeclared(group, accepted.get(group.name))
            for group in self.first.groups
            if group.name not in declared
            and not (group.name in accepted and self.first.taken_at < accepted[group.name].expires)
        )

    # Who reads what

    def unsettled(self) -> Findings:
        """Tell declared groups that do nothing but rebalance: their members never come to an agreement.

        Raises:
            Unobserved: None is seen to; and one rebalances just now, or could not be read.
        """
        return self._judged(
            (
                f"group {group.name} has been rebalancing for {self.window.total_seconds():.0f} s, at every look: "
                f"its members ({len(group.members)}) do not agree who reads what"
                for group in self._declared()
                if group.name in self.restless
            ),
            (unread(g) or dead(g) or rebalancing(g) for g in self._declared()),
        )

    def unassigned(self) -> Findings:
        """Tell partitions of declared groups that no member holds.

        Raises:
            Unobserved: All that could be seen are assigned, and of some groups or topics it could not be.
        """
        reasons = [unread(g) or dead(g) or rebalancing(g) for g in self._declared()]
        findings = []
        for group in self._declared():
            held = {(a.topic, a.partition) for member in group.members for a in member.assignment}
            if unread(group) or dead(group) or rebalancing(group):
                continue
            for topic in self._topics(group.name):
                free = [p for p in self._partitions(topic) if (topic, p) not in held]
                if free:
                    findings.append(f"{partitions_of(topic, free)} of {group.name} {are(free)} held by no member")
        return self._judged(findings, (*reasons, *self._missing_topics()))

    # How far they are

    def uncommitted(self) -> Findings:
        """Tell partitions of declared groups for which there is no committed offset.

        Raises:
            Unobserved: All that could be seen have one, and of some groups or topics it could not be.
        """
        findings = []
        for group in self._declared():
            if unread(group) or dead(group):
                continue
            done = {(o.topic, o.partition) for o in self._offsets(group.name) if o.committed is not None}
            for topic in self._topics(group.name):
                none = [p for p in self._partitions(topic) if (topic, p) not in done]
                if none:
                    findings.append(f"{group.name} has committed no offset for {partitions_of(topic, none)}")
        return self._judged(findings, (*(unread(g) or dead(g) for g in self._declared()), *self._missing_topics()))

    def lost(self) -> Findings:
        """Tell where messages were removed unread, and where a commit belongs to another log than the present one.

        Raises:
            Unobserved: Nothing is lost for certain, and some groups or partitions could not be read.
        """
        findings = []
        for o in self._judged_offsets():
            where = f"{o.topic} partition {o.partition}"
            if o.lost:
                findings.append(
                    f"{o.group} lost {o.lost} messages of {where} to retention: it committed {o.committed}, "
                    f"and the log begins at {o.start}"
                )
            if o.beyond:
                findings.append(
                    f"{o.group} committed {o.committed} for {where}, whose log ends at {o.high}: "
                    "the topic was cut or made anew"
                )
        return self._judged(findings, (*(unread(g) or dead(g) for g in self._declared()), *self._unread_places()))

    def lags(self) -> tuple[TopicLag, ...]:
        """Return how far each declared group is behind on each topic: sum, worst partition, and sum over its topics."""
        by_topic: dict[tuple[str, str], list[Offset]] = {}
        totals: dict[str, int] = {}
        for offset in self._judged_offsets():
            if offset.lag is not None:
                by_topic.setdefault((offset.group, offset.topic), []).append(offset)
                totals[offset.group] = totals.get(offset.group, 0) + offset.lag
        lags = []
        for (group, topic), offsets in by_topic.items():
            worst = max(offsets, key=lambda offset: offset.lag or 0)
            total = sum(offset.lag or 0 for offset in offsets)
            lags.append(TopicLag(group, topic, total, worst.partition, worst.lag or 0, totals[group]))
        return tuple(lags)

    def at_or_above(self, limit: Limit[int]) -> Findings:
        """Tell (group, topic) pairs that are `limit` or more messages behind, summed over the partitions.

        Raises:
            Unobserved: None is, as far as can be seen; and there are groups whose lag means nothing, because they do
                not exist, have no members, rebalance, leave a partition unassigned or have not committed everywhere.
        """
        return self._judged(
            (
                f"{lag.group} is {lag.total} messages behind on {lag.topic} (worst: partition {lag.worst_partition}, "
                f"{lag.worst}; on all its topics: {lag.group_total}); it must stay below {limit.value} ({limit.source})"
                for lag in self.lags()
                if lag.total >= limit.value
            ),
            self._untrusted(),
        )

    def stalled(self) -> Findings:
        """Tell partitions in which a group that was behind did not move, while the log grew or messages grew old.

        Raises:
            Unobserved: None is seen to be; and there are groups of which it cannot be told.
        """
        before = {(o.group, o.topic, o.partition): o for o in self.first.offsets}
        moving = {group.name for group in self._declared() if not group.state.rebalancing}
        told = (
            standing(then, now, self.window, self.inventory.waiting_time)
            for now in self._judged_offsets()
            if now.group in moving and (then := before.get((now.group, now.topic, now.partition))) is not None
        )
        return self._judged((sentence for sentence in told if sentence), self._untrusted())

    def jumped(self) -> Findings:
        """Tell partitions whose commit moved between the readings while the group had no member at either."""
        members = {group.name: len(group.members) for group in self.first.groups if group.unread is None}
        before = {(o.group, o.topic, o.partition): o.committed for o in self.first.offsets}
        findings = []
        for group in self._declared():
            if group.unread is not None or group.members or members.get(group.name, 1):
                continue
            for now in self._offsets(group.name):
                then = before.get((now.group, now.topic, now.partition))
                if then is not None and now.committed is not None and now.committed > then:
                    findings.append(
                        f"{now.group} skipped {now.committed - then} messages of {now.topic} partition "
                        f"{now.partition}: its offset was set from {then} to {now.committed} while it had no member"
                    )
        return Findings(findings)

    # Parts

    def _declared(self) -> Iterator[Group]:
        found = {group.name: group for group in self.second.groups}
        for name in (declared.name for declared in self.inventory.groups):
            yield found.get(name) or Group(name, GroupState.UNKNOWN, GroupProtocol.UNKNOWN, unread="was not read")

    def _topics(self, group: str) -> tuple[str, ...]:
        return next(declared.topics for declared in self.inventory.groups if declared.name == group)

    def _partitions(self, topic: str) -> range:
        return range(next((t.partitions for t in self.second.topics if t.name == topic), 0))

    def _offsets(self, group: str) -> Iterator[Offset]:
        return (offset for offset in self.second.offsets if offset.group == group)

    def _judged_offsets(self) -> Iterator[Offset]:
        """Yield the standing of declared groups on the topics that they must read, and on those that they do read."""
        for declared in self.inventory.groups:
            for offset in self._offsets(declared.name):
                if offset.topic in declared.topics or offset.member is not None:
                    yield offset

    def _missing_topics(self) -> Iterator[str | None]:
        for topic in self.inventory.consumed:
            if not self._partitions(topic):
                yield f"topic {topic} does not exist"

    def _unread_places(self) -> Iterator[str | None]:
        for o in self._judged_offsets():
            if o.start is None or o.end is None:
                yield f"the ends of {o.topic} partition {o.partition} could not be read"

    def _untrusted(self) -> Iterator[str | None]:
        """Yield why the lag of a declared group means nothing."""
        for group in self._declared():
            yield unread(group) or dead(group) or empty(group) or rebalancing(group)
        yield from self._missing_topics()
        yield from self._unread_places()
        for findings in (self._certain(self.unassigned), self._certain(self.uncommitted), self._certain(self.lost)):
            yield from findings

    @staticmethod
    def _certain(method: Callable[[], Findings]) -> Findings:
        try:
            return method()
        except Unobserved:
            return Findings()  # why it is so is among the reasons already

    @staticmethod
    def _judged(findings: Iterable[str], reasons: Iterable[str | None]) -> Findings:
        """Return what was found; where nothing was, nothing may be left that could not be seen."""
        found = Findings(findings)
        if not found:
            unknown = list(dict.fromkeys(reason for reason in reasons if reason))
            if unknown:
                raise Unobserved("; ".join(unknown))
        return found
