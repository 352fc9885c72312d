"""Reads Kafka by its own tools, where there is only a shell beside it: the runbook's command, and what it leaves out.

What the driver's own process answers is answered in the same words. One tool is run at a time: each is a JVM, and the
pod that it runs in is small.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apgms_ops.clients.kafka import tool_tables, wire
from apgms_ops.clients.kafka.facts import Group, GroupProtocol, GroupState
from apgms_ops.clients.kafka.parse import Place
from apgms_ops.clients.kafka.tool import ToolRow, parse_describe
from apgms_ops.clients.kafka.wire import Json
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Incomplete, Unobserved

_GROUPS: Final = "kafka-consumer-groups.sh"
_OFFSETS: Final = "kafka-get-offsets.sh"
_CLUSTER: Final = "kafka-cluster.sh"


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a command."""

    stdout: str
    stderr: str
    exit_code: int
    cut: bool
    """Whether it printed more than was kept."""


Run = Callable[[Sequence[str], Deadline], Ran]
"""Runs a command beside Kafka."""


class ToolReader:
    """Answers what `reader_process` answers."""

    def __init__(self, run: Run, bootstrap: Sequence[str], command_config: str | None) -> None:
        """Take how to run a command; nothing is run yet.

        Args:
            run: Runs it.
            bootstrap: Brokers, as they are reached from there.
            command_config: A file there with the tools' client properties.
        """
        self._run = run
        self._brokers = ("--bootstrap-server", ",".join(bootstrap))
        self._config: tuple[str, ...] = () if command_config is None else ("--command-config", command_config)
        self._cluster_config = () if command_config is None else ("--config", command_config)
        self._cluster_id: str | None = None
        self._lock = threading.Lock()

    def ask(self, verb: str, deadline: Deadline, doing: str, **arguments: Any) -> Json:  # noqa: ANN401 — JSON
        """Answer one question.

        Raises:
            Unobserved: It could not be answered, or not by these tools.
        """
        known: Mapping[str, Callable[..., Json]] = {
            "read": self._read,
            "dead_letters": self._dead_letters,
            "bounds": self._bounds,
        }
        if verb not in known:
            msg = (
                f"{doing}: Kafka's own tools tell offsets, and no messages: "
                "this needs a connection to the brokers (kafka.bootstrap without kafka.via)"
            )
            raise Unobserved(msg)
        with self._lock:
            return known[verb](deadline, **arguments)

    def _read(
        self, deadline: Deadline, *, groups: Sequence[str], topics: Sequence[str], every_group: bool, since: int | None
    ) -> Json:
        cluster_id = self._identify(deadline)
        # The oldest offsets before the commits, and the ends after them.
        starts, skipped = self._offsets("earliest", deadline)
        counts = _partitions({*starts, *skipped}, topics)
        rows = self._rows(deadline)
        listed = tool_tables.groups(*self._said((_GROUPS, *self._brokers, "--list", "--state", "--type"), deadline))
        joined = tool_tables.members(
            *self._said((_GROUPS, *self._brokers, "--all-groups", "--describe", "--members", "--verbose"), deadline)
        )
        wanted = {name: group for name, group in listed.items() if every_group or name in groups}
        described, unread = self._described(wanted, joined, rows, groups, deadline)
        commits = _commits(rows, described)
        ends = _ends(rows)
        behind = {
            place
            for name in groups
            for place, offset in commits.get(name, {}).items()
            if place in ends and offset < ends[place]
        }
        young: dict[Place, int] = {}
        if since is not None and behind:
            told, failed = self._offsets(str(since), deadline)
            # The tool leaves out a partition in which no message is that young.
            young = {place: told.get(place, -1) for place in behind if place not in failed}
        return {
            "cluster_id": cluster_id,
            "topics": counts,
            "groups": [wire.group(group, unread.get(name)) for name, group in sorted(described.items())],
            "commits": {name: wire.by_topic(own) for name, own in commits.items()},
            "starts": wire.by_topic(starts),
            "ends": wire.by_topic(ends),
            "highs": {},
            "young": wire.by_topic(young),
            "notes": [f"{topic}-{partition}: {why}" for (topic, partition), why in sorted(skipped.items())],
        }

    def _dead_letters(self, deadline: Deadline, *, topics: Sequence[str], since: int) -> Json:
        cluster_id = self._identify(deadline)
        before, failed = self._offsets(str(since), deadline)
        ends, failed_too = self._offsets("latest", deadline)
        missing = {place: why for place, why in (failed | failed_too).items() if place[0] in topics}
        for (topic, partition), why in missing.items():
            msg = f"{topic}-{partition}: {why}"
            raise Incomplete(msg)
        own = {place: end for place, end in ends.items() if place[0] in topics}
        return {
            "cluster_id": cluster_id,
            "since": wire.by_topic({place: before.get(place, -1) for place in own}),
            "ends": wire.by_topic(own),
        }

    def _bounds(self, deadline: Deadline, *, topics: Mapping[str, int]) -> Json:
        cluster_id = self._identify(deadline)
        moments = {moment: self._offsets(str(moment), deadline) for moment in sorted(set(topics.values()))}
        tables = {"starts": self._offsets("earliest", deadline), "ends": self._offsets("latest", deadline)}
        for _, failed in (*moments.values(), *tables.values()):
            for (topic, partition), why in failed.items():
                if topic in topics:
                    msg = f"{topic}-{partition}: {why}"
                    raise Incomplete(msg)
        own = {key: {p: o for p, o in found.items() if p[0] in topics} for key, (found, _) in tables.items()}
        # The tool leaves out a partition in which no message is that young.
        own["since"] = {place: moments[topics[place[0]]][0].get(place, -1) for place in own["ends"]}
        return {"cluster_id": cluster_id, **{key: wire.by_topic(value) for key, value in own.items()}}

    def _identify(self, deadline: Deadline) -> str:
        if self._cluster_id is None:
            command = (_CLUSTER, "cluster-id", *self._brokers, *self._cluster_config)
            self._cluster_id = tool_tables.cluster_id(*self._said(command, deadline, configured=True))
        return self._cluster_id

    def _rows(self, deadline: Deadline) -> tuple[ToolRow, ...]:
        """Run the runbook's own command."""
        stdout, stderr = self._said((_GROUPS, *self._brokers, "--all-groups", "--describe"), deadline)
        said = tool_tables.complaints(stdout, stderr)
        if said:
            msg = f"Kafka's tool says: {said[0][:300]}"
            raise Incomplete(msg)
        return parse_describe(stdout)

    def _described(
        self,
        listed: Mapping[str, Group],
        joined: Mapping[str, Sequence[Any]],
        rows: Sequence[ToolRow],
        named: Sequence[str],
        deadline: Deadline,
    ) -> tuple[dict[str, Group], dict[str, str]]:
        """Return the groups with their members, and why some could not be read: one that is hidden is not gone."""
        described = {
            name: Group(name, group.state, group.protocol, tuple(sorted(joined.get(name, ()), key=lambda m: m.id)))
            for name, group in listed.items()
        }
        unread: dict[str, str] = {}
        for row in rows:
            if row.group in described and row.member is not None:
                self._require_member(described[row.group], row.member, unread)
        for name in named:
            if name in described:
                continue
            ran = self._ran((_GROUPS, *self._brokers, "--describe", "--group", name, "--state"), deadline)
            gone = tool_tables.is_gone(ran.stdout, ran.stderr)
            # Of a group that is not there brokers say that it is a classic one.
            known = (GroupState.DEAD, GroupProtocol.CLASSIC) if gone else (GroupState.UNKNOWN, GroupProtocol.UNKNOWN)
            described[name] = Group(name, *known)
            if not gone:
                said = tool_tables.complaints(ran.stdout, ran.stderr)
                unread[name] = said[0][:300] if said else "it was not listed, and then it was there"
        return described, unread

    @staticmethod
    def _require_member(group: Group, member: str, unread: dict[str, str]) -> None:
        if all(one.id != member for one in group.members) and not group.state.rebalancing:
            unread.setdefault(group.name, f"member {member[:80]} came or went while the group was read")

    def _offsets(self, time: str, deadline: Deadline) -> tuple[dict[Place, int], dict[Place, str]]:
        return tool_tables.offsets(*self._said((_OFFSETS, *self._brokers, "--time", time), deadline))

    def _said(self, command: Sequence[str], deadline: Deadline, *, configured: bool = False) -> tuple[str, str]:
        """Run a tool that must exit with 0, which it does as well when it failed.

        Raises:
            Unobserved: It could not be run, failed, or printed more than was kept.
        """
        ran = self._ran(command, deadline, configured=configured)
        if ran.exit_code:
            said = tool_tables.complaints(ran.stdout, ran.stderr) or ["nothing"]
            msg = f"{command[0]} ended with {ran.exit_code}, and says: {said[0][:300]}"
            raise Incomplete(msg)
        return ran.stdout, ran.stderr

    def _ran(self, command: Sequence[str], deadline: Deadline, *, configured: bool = False) -> Ran:
        ran = self._run((*command, *(() if configured else self._config)), deadline)
        if ran.cut:
            msg = f"{command[0]} printed more than was kept: its table is not whole"
            raise Incomplete(msg)
        return ran


def _partitions(places: set[Place], required: Sequence[str]) -> dict[str, int]:
    """Return topic → partitions, which are numbered from 0 on. A required topic that is not listed is left out."""
    counts: dict[str, int] = {}
    for topic, _ in places:
        counts[topic] = counts.get(topic, 0) + 1
    for topic in required:
        if topic in counts and any((topic, partition) not in places for partition in range(counts[topic])):
            msg = f"Kafka's tool names some partitions of {topic}, not all from 0 on"
            raise BadAnswer(msg)
    return dict(sorted(counts.items()))


def _ends(rows: Sequence[ToolRow]) -> dict[Place, int]:
    """Return the end of each partition, the latest that was told: another group's row may be older than a commit."""
    ends: dict[Place, int] = {}
    for row in rows:
        if row.end is not None:
            ends[row.topic, row.partition] = max(row.end, ends.get((row.topic, row.partition), 0))
    return ends


def _commits(rows: Sequence[ToolRow], groups: Mapping[str, Group]) -> dict[str, dict[Place, int]]:
    commits: dict[str, dict[Place, int]] = {}
    for row in rows:
        if row.group in groups and row.committed is not None:
            commits.setdefault(row.group, {})[row.topic, row.partition] = row.committed
    return commits
