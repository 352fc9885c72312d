"""Kafka read by its own tools: tables as version 4.1 prints them, and everything that is not quite one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apgms_ops.clients.kafka.client import KafkaClient
from apgms_ops.clients.kafka.facts import Assigned, GroupProtocol, GroupState, Member
from apgms_ops.clients.kafka.tool_reader import Ran, ToolReader
from apgms_ops.clients.kafka.tool_tables import cluster_id, groups, members, offsets
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Incomplete, Unobserved
from apgms_ops.observation import Identity, Recorder

PRINTED = Path(__file__).parent / "printed"
DESCRIBE = (PRINTED / "describe.txt").read_text(encoding="utf-8")
LIST = (PRINTED / "list.txt").read_text(encoding="utf-8")
MEMBERS = (PRINTED / "members.txt").read_text(encoding="utf-8")
EARLIEST = "__consumer_offsets:0:0\nt.one:0:1\nt.two:0:0\n"
NO_GROUP = (PRINTED / "no_group.txt").read_text(encoding="utf-8")
HIDDEN = (PRINTED / "hidden.txt").read_text(encoding="utf-8")
ANSWERS: Mapping[str, str] = {
    "cluster-id": "Cluster ID: wai2dP_xQDKPYG0rEG7Hog\n",
    "--time earliest": EARLIEST,
    "--time latest": "t.one:0:7\nt.two:0:0\n",
    "--time": "t.one:0:6\n",
    "--all-groups --describe --members": MEMBERS,
    "--all-groups --describe": DESCRIBE,
    "--list": LIST,
    "--describe --group": NO_GROUP,
}
NOW = datetime(2026, 11, 25, tzinfo=UTC)


class Pod:
    """Plays a pod in which the tools are run."""

    def __init__(self, changed: Mapping[str, Ran | str] | None = None) -> None:
        """Take what is answered otherwise."""
        self.commands: list[str] = []
        self._answers = {**ANSWERS, **(changed or {})}

    def run(self, command: Sequence[str], _deadline: Deadline) -> Ran:
        """Answer by the first key that is a part of the command, the longest first."""
        line = " ".join(command)
        self.commands.append(line)
        key = max((key for key in self._answers if key in line), key=len)
        answer = self._answers[key]
        return answer if isinstance(answer, Ran) else Ran(answer, "", 0, cut=False)


def client(pod: Pod, recorder: Recorder | None = None) -> KafkaClient:
    """Return a client of a pod."""
    return KafkaClient(
        bootstrap=[],
        protocol="PLAINTEXT",
        mechanism=None,
        username=None,
        password=None,
        ca_file=None,
        isolation_level="read_uncommitted",
        recorder=recorder or Recorder(lambda text: text),
        tools=ToolReader(pod.run, ["kafka:9092"], "/etc/kafka/client.properties"),
        now=lambda: NOW,
    )


def test_a_reading_has_groups_members_offsets_and_ages() -> None:
    """What the driver would tell is told: states, members with what they hold, lags, log starts, ages."""
    recorder = Recorder(lambda text: text)
    pod = Pod()
    reading = client(pod, recorder).read(Deadline(5), groups=["g-live", "g-empty"], older_than=timedelta(minutes=10))
    live = next(group for group in reading.groups if group.name == "g-live")
    assert (live.state, live.protocol) == (GroupState.STABLE, GroupProtocol.CONSUMER)
    assert live.members[1] == Member(
        "rdkafka-822a", "rdkafka", "/127.0.0.1", (Assigned("t.one", 0), Assigned("t.two", 0))
    )
    assert [member.client_id for member in live.members] == ["my client", "rdkafka"]
    by_place = {(o.group, o.topic): o for o in reading.offsets}
    assert (by_place["g-empty", "t.one"].lag, by_place["g-empty", "t.one"].start) == (4, 1)
    assert by_place["g-live", "t.one"].waiting == 1
    assert by_place["g-live", "t.two"].lag is None
    assert {topic.name: topic.partitions for topic in reading.topics} == {
        "__consumer_offsets": 1,
        "t.one": 1,
        "t.two": 1,
    }
    assert recorder.seen[0] == (Identity("kafka", "wai2dP_xQDKPYG0rEG7Hog"),)


def test_the_oldest_offsets_are_read_before_the_commits() -> None:
    """A group that moves meanwhile must not look as if it had lost messages; each tool gets its properties."""
    pod = Pod()
    client(pod).read(Deadline(5), groups=["g-live"], older_than=timedelta(minutes=10))
    tools = [" ".join(line.split()[:1]) for line in pod.commands]
    assert tools[:3] == ["kafka-cluster.sh", "kafka-get-offsets.sh", "kafka-consumer-groups.sh"]
    assert "kafka-consumer-groups.sh --bootstrap-server kafka:9092 --all-groups --describe" in pod.commands[2]
    assert all("--bootstrap-server kafka:9092" in line and "client.properties" in line for line in pod.commands)


def test_a_group_that_is_gone_is_told_from_one_that_is_hidden() -> None:
    """A declared group that is not listed is asked for by name: it is dead, or it may not be seen."""
    (gone,) = [g for g in client(Pod()).read(Deadline(5), groups=["nope"]).groups if g.name == "nope"]
    assert (gone.state, gone.unread) == (GroupState.DEAD, None)
    reading = client(Pod({"--describe --group": HIDDEN})).read(Deadline(5), groups=["nope"])
    (hidden,) = [g for g in reading.groups if g.name == "nope"]
    assert hidden.state is GroupState.UNKNOWN
    assert "GroupAuthorizationException" in (hidden.unread or "")


def test_only_named_groups_are_read_where_only_they_are_asked_for() -> None:
    """The second reading leaves out groups that nobody declared."""
    reading = client(Pod()).read(Deadline(5), groups=["g-live"], every_group=False)
    assert [group.name for group in reading.groups] == ["g-live"]
    assert {offset.group for offset in reading.offsets} == {"g-live"}


@pytest.mark.parametrize(
    ("part", "answer"),
    [
        ("--all-groups --describe", Ran("\n" + DESCRIBE.split("\n")[4] + "\n", "Error: timed out", 0, cut=False)),
        ("--all-groups --describe", Ran(NO_GROUP, "java.util.concurrent.ExecutionException", 0, cut=False)),
        ("--all-groups --describe", Ran("", "", 0, cut=False)),
        ("--all-groups --describe", Ran(DESCRIBE, "", 1, cut=False)),
        ("--all-groups --describe", Ran(DESCRIBE, "", 0, cut=True)),
        ("--list", Ran("GROUP  STATE\ng Stable\n", "", 0, cut=False)),
        (
            "--all-groups --describe --members",
            Ran(MEMBERS.replace("rdkafka         2 ", "rdkafka         3 "), "", 0, cut=False),
        ),
        ("--time earliest", Ran("t.one:0\n", "", 0, cut=False)),
        ("--time earliest", Ran("", "Error occurred: Could not match any topic-partitions", 1, cut=False)),
        ("cluster-id", Ran("", "", 0, cut=False)),
    ],
)
def test_exit_0_is_not_success(part: str, answer: Ran) -> None:
    """A header alone, an error beside it, another table, a cut one or an exit code is UNKNOWN, never a smaller lag."""
    with pytest.raises(Unobserved):
        client(Pod({part: answer})).read(Deadline(5), groups=["g-live"])


def test_a_group_that_rebalances_is_still_read() -> None:
    """The tool warns of it beside a table that is whole, and its state says so."""
    warned = Ran(DESCRIBE, "\nWarning: Consumer group 'g-live' is rebalancing.\n", 0, cut=False)
    changed: dict[str, Ran | str] = {"--all-groups --describe": warned, "--list": LIST.replace("Stable  ", "Assigning")}
    reading = client(Pod(changed)).read(Deadline(5), groups=["g-live"])
    (group,) = [g for g in reading.groups if g.name == "g-live"]
    assert (group.state, group.protocol) == (GroupState.UNKNOWN, GroupProtocol.CONSUMER)


def test_a_member_that_came_while_the_tools_ran_leaves_its_group_unread() -> None:
    """Tables of two moments that contradict each other are not put together."""
    reading = client(Pod({"--all-groups --describe": DESCRIBE.replace("rdkafka-822a", "rdkafka-new1")})).read(
        Deadline(5), groups=["g-live"]
    )
    (group,) = [g for g in reading.groups if g.name == "g-live"]
    assert "came or went" in (group.unread or "")


def test_a_partition_that_could_not_be_asked_is_noted() -> None:
    """A partition without a leader counts as one of its topic's, and is named."""
    skipped = "Skip getting offsets for topic-partition t.one-1 due to unknown error"
    reading = client(Pod({"--time earliest": Ran(EARLIEST, skipped, 0, cut=False)})).read(Deadline(5))
    assert {topic.name: topic.partitions for topic in reading.topics}["t.one"] == 2
    assert reading.notes == ("t.one-1: due to unknown error",)


def test_dead_letters_are_counted_by_their_offsets() -> None:
    """What arrived is the end less the offset of a day ago; a topic without anything younger has no arrivals."""
    letters = client(Pod()).dead_letters(["t.one", "t.two", "t.none"], timedelta(hours=24), Deadline(5))
    assert [(letter.topic, letter.arrived) for letter in letters] == [("t.one", 1), ("t.two", 0)]


def test_what_topics_hold_is_told_by_their_offsets() -> None:
    """From where, from a moment on, and up to where; a topic that is not there is left out."""
    found = client(Pod()).bounds({"t.one": NOW - timedelta(hours=24), "t.none": NOW}, Deadline(5))
    letters = client(Pod()).dead_letters(["t.one"], timedelta(hours=24), Deadline(5))
    assert [(one.topic, one.partition, one.since, one.end) for one in found] == [
        (one.topic, one.partition, one.since, one.end) for one in letters
    ]
    assert [one.start for one in found] == [1]


def test_messages_are_refused_with_what_is_needed() -> None:
    """The tools know offsets and no messages: emitted ids are UNKNOWN, and the reason says what they would need."""
    with pytest.raises(Unobserved, match="needs a connection to the brokers"):
        client(Pod()).windows.extents("audit.log", NOW, Deadline(5))


def test_tables_that_are_none_are_refused() -> None:
    """Text in place of a table, offsets or an id is never read as an empty one."""
    for text in ("oops", "GROUP TYPE\n", "x GROUP TYPE STATE"):
        with pytest.raises(BadAnswer):
            groups(text)
    with pytest.raises(BadAnswer, match="does not stand under its head"):
        groups("GROUP TYPE STATE\naverylonggroup Classic Stable\n")
    with pytest.raises(BadAnswer):
        members(MEMBERS.replace("t.one:0;t.two:0      1", "t.one:x;t.two:0      1"))
    with pytest.raises(Incomplete):
        offsets("", "WARN something")
    with pytest.raises(Incomplete):
        cluster_id("Error: no\n")
