"""What the faults of Kafka are made with: orders to the traffic process, and the broker's own administration."""

import http.client
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.kafka.wire import Coordinator, GroupSeen
from apgms_ops.sandbox.prometheus import Prometheus
from apgms_ops.sandbox.state import locked
from apgms_ops.sandbox.world import World

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

CHECKS: Final = "checks/daily/test_consumer_lag.py::"
TOPICS: Final = f"{CHECKS}test_every_declared_topic_exists"
EXISTS: Final = f"{CHECKS}test_every_declared_group_exists"
MEMBERS: Final = f"{CHECKS}test_every_declared_group_has_members"
SETTLED: Final = f"{CHECKS}test_no_declared_group_is_rebalancing"
ASSIGNED: Final = f"{CHECKS}test_every_partition_is_assigned"
COMMITTED: Final = f"{CHECKS}test_every_partition_has_a_commit"
LOST: Final = f"{CHECKS}test_nothing_is_lost_to_retention"
KEEPS_UP: Final = f"{CHECKS}test_every_consumer_group_keeps_up"
STALLED: Final = f"{CHECKS}test_no_consumer_group_is_stalled"
SKIPPED: Final = f"{CHECKS}test_no_consumer_group_skipped_messages"
DECLARED: Final = f"{CHECKS}test_only_declared_groups_exist"
DEAD_LETTERS: Final = f"{CHECKS}test_dead_letters_do_not_grow"

GROUP: Final = "sbr-submitter"
TOPIC: Final = "sbr.submit"
"""The group that is broken, and what it reads: the one that takes orders, for no service of ours runs it."""

_PAST: Final = "past.lock"
_HOUR: Final = 3600
_POLL: Final = 0.1
_PATIENCE: Final = 2.0

Place = tuple[str, int]


def require_apache(world: World, fault: str, why: str) -> None:
    """Return if Apache Kafka answers; why the stand-in will not do follows "the stand-in".

    Raises:
        SandboxError: The stand-in does.
    """
    if world.get("kafka.broker").endswith("(stand-in)"):
        msg = f"{fault} needs Apache Kafka: the stand-in {why}"
        raise SandboxError(msg)


def order(world: World, path: str, deadline: Deadline, body: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Give the traffic process an order; return once it took effect.

    Raises:
        SandboxError: It does not answer, or refuses.
    """
    host, _, port = world.get("traffic.control").rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=deadline.require(f"ordering {path}"))
    try:
        connection.request("POST", path, body=json.dumps(body or {}), headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        msg = f"traffic does not take the order {path}: {str(error) or type(error).__name__}"
        raise SandboxError(msg) from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        msg = f"traffic refuses the order {path}: {text.strip()[:300]}"
        raise SandboxError(msg)
    decoded: dict[str, Any] = json.loads(text)
    return decoded


def produce(world: World, topic: str, count: int, deadline: Deadline, partition: int | None = None) -> None:
    """Produce so many events now."""
    order(world, f"/topics/{topic}/produce", deadline, {"count": count, "partition": partition})


def produce_old(world: World, topic: str, count: int, deadline: Deadline) -> None:
    """Produce so many messages to partition 0 that carry the time of an hour ago.

    Raises:
        SandboxError: The broker does not take them.
    """
    from confluent_kafka import Producer  # noqa: PLC0415 — heavy

    then = round((time.time() - _HOUR) * 1000)
    producer = Producer({"bootstrap.servers": world.get("kafka.bootstrap"), "log_level": 0})
    for _ in range(count):
        producer.produce(topic, b"{}", partition=0, timestamp=then)
    if producer.flush(deadline.require(f"producing to {topic}")):
        msg = f"Kafka does not take messages for {topic}"
        raise SandboxError(msg)


def admin(world: World) -> "AdminClient":
    """Return the driver's administration client, silent."""
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415 — heavy

    quiet = logging.getLogger(__name__)
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    return AdminClient({"bootstrap.servers": world.get("kafka.bootstrap")}, logger=quiet)


def administer(
    world: World,
    request: Callable[["AdminClient"], Mapping[Any, Any]],
    deadline: Deadline,
    doing: str,
    *,
    unless: Iterable[str] = (),
) -> None:
    """Make administrative requests, and wait until they are carried out.

    Args:
        world: Whose broker.
        request: Makes them of the driver's client, and returns its futures.
        deadline: For all of them.
        doing: For the error: "deleting group a".
        unless: The driver's names of errors which say that it was so already.

    Raises:
        SandboxError: One failed.
    """
    from confluent_kafka import KafkaException  # noqa: PLC0415 — heavy

    client = admin(world)  # held until the end: without its client, a future of the driver is never done
    for future in request(client).values():
        try:
            future.result(timeout=deadline.require(doing))
        except (KafkaException, TimeoutError) as error:
            cause = error.args[0] if isinstance(error, KafkaException) else None
            if cause is None or cause.name() not in unless:
                msg = f"Kafka does not carry out {doing}: {cause.str() if cause else 'no answer in time'}"
                raise SandboxError(msg) from error


def commits(world: World, group: str, deadline: Deadline) -> dict[Place, int]:
    """Return the offsets that a group has committed."""
    return _coordinator(world, deadline).commits(group)


def group_of(world: World, group: str, deadline: Deadline) -> GroupSeen:
    """Return the state of a group and the client ids of its members."""
    return _coordinator(world, deadline).describe(group)


def _coordinator(world: World, deadline: Deadline) -> Coordinator:
    return Coordinator(world.get("kafka.bootstrap"), deadline.require("asking Kafka for a group"))


def ends(world: World, topic: str, deadline: Deadline) -> dict[Place, int]:
    """Return the end of each partition of a topic, as soon as the broker tells it.

    A broker that comes back first takes its partitions over again, and refuses meanwhile (UNKNOWN_LEADER_EPOCH, say).

    Raises:
        SandboxError: It does not tell by the deadline.
    """
    while True:
        try:
            return _ends(world, topic, deadline)
        except SandboxError:
            if deadline.remaining <= _PATIENCE:
                raise
            deadline.pause(_POLL, f"reading the ends of {topic}")


def _ends(world: World, topic: str, deadline: Deadline) -> dict[Place, int]:
    from confluent_kafka import KafkaException, TopicPartition  # noqa: PLC0415 — heavy
    from confluent_kafka.admin._listoffsets import OffsetSpec  # noqa: PLC0415 — heavy; not exported to types

    client = admin(world)
    try:
        partitions = client.list_topics(timeout=_PATIENCE).topics[topic].partitions
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the library's gap
        asked = {TopicPartition(topic, partition): latest for partition in partitions}
        answers = client.list_offsets(asked, request_timeout=_PATIENCE)
        left = deadline.require(f"reading the ends of {topic}")
        return {(p.topic, p.partition): future.result(timeout=left).offset for p, future in answers.items()}
    except (KafkaException, KeyError, TimeoutError) as error:
        msg = f"Kafka does not tell the ends of {topic}: {error}"
        raise SandboxError(msg) from error


def move(world: World, group: str, to: Mapping[Place, int], deadline: Deadline) -> None:
    """Set a group's committed offsets; the group must have no members."""
    from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition  # noqa: PLC0415 — heavy

    places = [TopicPartition(topic, partition, offset) for (topic, partition), offset in to.items()]
    asked = [ConsumerGroupTopicPartitions(group, places)]
    administer(
        world, lambda client: client.alter_consumer_group_offsets(asked), deadline, f"setting offsets of {group}"
    )


def delete_group(world: World, group: str, deadline: Deadline) -> None:
    """Delete a group with its offsets, if it exists."""
    administer(
        world,
        lambda client: client.delete_consumer_groups([group]),
        deadline,
        f"deleting group {group}",
        unless=("GROUP_ID_NOT_FOUND",),
    )


def another_past(world: World, deadline: Deadline) -> None:
    """Give Prometheus another past: what happened to offsets stays visible for a day, however well all is now."""
    prometheus = Prometheus()
    with locked(world.root / _PAST):  # of several faults that are healed at once, one after another
        prometheus.stop(world, deadline)
        prometheus.start(world, deadline)
        prometheus.ready(world, deadline)


def wait(until: Callable[[], bool], deadline: Deadline, what: str) -> None:
    """Wait until something is so.

    Raises:
        SandboxError: It is not by the deadline.
    """
    while not until():
        if deadline.remaining <= _POLL:
            msg = f"after {deadline.seconds:g} s, {what} is still not so"
            raise SandboxError(msg)
        deadline.pause(_POLL, what)


def wait_caught_up(world: World, deadline: Deadline, group: str = GROUP, topic: str = TOPIC) -> None:
    """Wait until a group is settled, and has committed the end of every partition of a topic, or nearly."""
    nearly = 3

    def caught_up() -> bool:
        committed = commits(world, group, deadline)
        return group_of(world, group, deadline).state == "Stable" and all(
            committed.get(place, -1) >= max(0, end - nearly) for place, end in ends(world, topic, deadline).items()
        )

    wait(caught_up, deadline, f"group {group} having caught up on {topic}")


def wait_more(world: World, deadline: Deadline, topic: str, than: Mapping[Place, int]) -> dict[Place, int]:
    """Wait until something has come on a topic since its ends were these, and return its ends then."""
    found: dict[Place, int] = {}

    def more() -> bool:
        found.update(ends(world, topic, deadline))
        return found != than

    wait(more, deadline, f"another event on {topic}")
    return found


def wait_read(world: World, deadline: Deadline, group: str, to: Mapping[Place, int]) -> None:
    """Wait until a group is settled, and has committed these offsets or later ones."""
    wait(
        lambda: (
            group_of(world, group, deadline).state == "Stable"
            and all(commits(world, group, deadline).get(place, -1) >= offset for place, offset in to.items())
        ),
        deadline,
        f"group {group} reading again",
    )


def quiet(world: World, deadline: Deadline) -> None:
    """Stop the production to the topic, and wait until the group has committed all of it."""
    order(world, f"/topics/{TOPIC}/pause", deadline)
    wait(
        lambda: commits(world, GROUP, deadline) == ends(world, TOPIC, deadline),
        deadline,
        f"group {GROUP} having read all of {TOPIC}",
    )


def busy(world: World, deadline: Deadline) -> None:
    """Undo all that the traffic process can be ordered to do to the group, and wait until it has caught up."""
    for path in (f"/groups/{GROUP}/recover", f"/groups/{GROUP}/release", f"/groups/{GROUP}/start"):
        order(world, path, deadline)
    order(world, f"/topics/{TOPIC}/resume", deadline)
    # One event on each partition: a group that has just lost its commits for good commits again at the next event.
    for place in ends(world, TOPIC, deadline):
        produce(world, TOPIC, 1, deadline, place[1])
    wait_caught_up(world, deadline)
