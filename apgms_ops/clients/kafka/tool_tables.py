"""What else Kafka's own tools print: groups and their states, members, offsets, the cluster's id. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from apgms_ops.clients.kafka import columns
from apgms_ops.clients.kafka.facts import Assigned, Group, GroupProtocol, GroupState, Member
from apgms_ops.clients.kafka.parse import Place
from apgms_ops.errors import BadAnswer, Incomplete

_LISTED: Final = ("GROUP", "TYPE", "STATE")
_MEMBERS: Final = (
    *("GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS"),
    *("CURRENT-EPOCH", "CURRENT-ASSIGNMENT", "TARGET-EPOCH", "TARGET-ASSIGNMENT"),
)
_STATES: Final[Mapping[str, GroupState]] = {
    "Stable": GroupState.STABLE,
    "PreparingRebalance": GroupState.PREPARING_REBALANCE,
    "CompletingRebalance": GroupState.COMPLETING_REBALANCE,
    "Empty": GroupState.EMPTY,
    "Dead": GroupState.DEAD,
}
_PROTOCOLS: Final[Mapping[str, GroupProtocol]] = {"Classic": GroupProtocol.CLASSIC, "Consumer": GroupProtocol.CONSUMER}
_NOTED: Final = re.compile(r"Consumer group '.*' has no active members\.|Warning: Consumer group '.*' is rebalancing\.")
"""What is said beside complete tables of groups, whose state is asked for by itself."""
_OFFSET: Final = re.compile(r"(?P<topic>[A-Za-z0-9._-]{1,249}):(?P<partition>[0-9]{1,9}):(?P<offset>-?[0-9]{1,19})")
_SKIPPED: Final = re.compile(r"Skip getting offsets for topic-partition (?P<topic>\S+)-(?P<partition>\d+) (?P<why>.+)")
_CLUSTER: Final = re.compile(r"Cluster ID: (\S+)")
_GONE: Final = re.compile(r"GroupIdNotFoundException|Consumer group '.*' does not exist")


def complaints(stdout: str, stderr: str) -> list[str]:
    """Return what a tool complains of, in its own words where it has some, and not in Java's."""
    errors = [line.strip() for line in stdout.splitlines() if line.startswith("Error")]
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return errors + [line for line in lines if not _NOTED.fullmatch(line)]


def groups(stdout: str, stderr: str = "") -> dict[str, Group]:
    """Return the groups that `--list --state --type` prints, without members.

    Raises:
        Incomplete: It complains.
        BadAnswer: It prints another table.
    """
    _require_silence(stdout, stderr)
    found = {}
    for row in _rows(stdout, _LISTED):
        name, kind, state = (row[column] for column in _LISTED)
        protocol = _PROTOCOLS.get(kind, GroupProtocol.UNKNOWN)
        found[name] = Group(name, _STATES.get(state, GroupState.UNKNOWN), protocol)
    return found


def members(stdout: str, stderr: str = "") -> dict[str, list[Member]]:
    """Return the members that `--describe --members --verbose` prints, by group.

    Raises:
        Incomplete: It complains.
        BadAnswer: It prints another table, or assignments that do not add up.
    """
    _require_silence(stdout, stderr)
    found: dict[str, list[Member]] = {}
    for row in _rows(stdout, _MEMBERS):
        held = tuple(sorted(_assigned(row["CURRENT-ASSIGNMENT"]), key=lambda place: (place.topic, place.partition)))
        if row["#PARTITIONS"] != str(len(held)):
            msg = f"Kafka's tool counts {row['#PARTITIONS']} partitions of a member, and names {len(held)}"
            raise BadAnswer(msg)
        member = Member(row["CONSUMER-ID"], row["CLIENT-ID"], row["HOST"], held)
        found.setdefault(row["GROUP"], []).append(member)
    return found


def is_gone(stdout: str, stderr: str) -> bool:
    """Whether a tool that was asked for one group says that there is none of that name."""
    return any(_GONE.search(line) for line in complaints(stdout, stderr))


def offsets(stdout: str, stderr: str = "") -> tuple[dict[Place, int], dict[Place, str]]:
    """Return what `kafka-get-offsets.sh` prints, and of which partitions it could not tell, with the reason.

    Raises:
        Incomplete: It complains of anything else.
        BadAnswer: It prints something else.
    """
    skipped: dict[Place, str] = {}
    for line in complaints("", stderr):
        match = _SKIPPED.fullmatch(line)
        if match is None:
            raise _incomplete(line)
        skipped[match["topic"], int(match["partition"])] = match["why"]
    found: dict[Place, int] = {}
    for line in stdout.splitlines():
        match = _OFFSET.fullmatch(line.strip())
        if match is None:
            msg = f"Kafka's tool prints, in place of topic:partition:offset: {line.strip()[:200]}"
            raise BadAnswer(msg)
        found[match["topic"], int(match["partition"])] = int(match["offset"])
    return found, skipped


def cluster_id(stdout: str, stderr: str = "") -> str:
    """Return the id that `kafka-cluster.sh cluster-id` prints.

    Raises:
        Incomplete: It complains, or prints none.
    """
    _require_silence(stdout, stderr)
    match = _CLUSTER.fullmatch(stdout.strip())
    if match is None:
        raise _incomplete(stdout.strip() or "nothing")
    return match[1]


def _require_silence(stdout: str, stderr: str) -> None:
    said = complaints(stdout, stderr)
    if said:
        raise _incomplete(said[0])


def _incomplete(said: str) -> Incomplete:
    return Incomplete(f"Kafka's tool says: {said[:300]}")


def _rows(text: str, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of tables of these columns, each of which stands where its head does: values may hold spaces."""
    begin: list[int] | None = None
    for line in text.splitlines():
        if not line.strip():
            continue
        if line.split()[0] == "GROUP":
            if tuple(line.split()) != tuple(names):
                msg = f"Kafka's tool prints columns {' '.join(line.split())[:200]}; known are {' '.join(names)}"
                raise BadAnswer(msg)
            begin = columns.starts(line)
        elif begin is None:
            msg = f"Kafka's tool prints, before any table: {line.strip()[:200]}"
            raise BadAnswer(msg)
        else:
            values = columns.cut(line, begin)
            if values is None:
                msg = f"a row of Kafka's tool does not stand under its head: {line.strip()[:200]}"
                raise BadAnswer(msg)
            yield dict(zip(names, values, strict=True))


def _assigned(text: str) -> Iterator[Assigned]:
    """Yield the places of `t.one:0,1;t.two:0`; a dash is none."""
    for part in text.split(";") if text not in ("", "-") else ():
        topic, _, partitions = part.rpartition(":")
        for partition in partitions.split(","):
            if not topic or not re.fullmatch(r"[0-9]{1,9}", partition):
                msg = f"Kafka's tool prints an assignment that is none: {text[:200]}"
                raise BadAnswer(msg)
            yield Assigned(topic, int(partition))
