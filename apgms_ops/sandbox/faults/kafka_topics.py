"""Topics that are missing, and dead letters."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.faults import kafka_tools as tools
from apgms_ops.sandbox.faults.fault import Fault
from apgms_ops.sandbox.faults.kafka_snapshots_tools import HELD
from apgms_ops.sandbox.kafka_snapshots import component
from apgms_ops.sandbox.world import World
from apgms_ops.verdict import Verdict

_UNREAD: Final = "connectors.sync.request"
"""A topic that no group of the sandbox reads."""
_DLQ: Final = f"{tools.TOPIC}.dlq"


class TopicMissing(Fault):
    """A declared topic is gone; a tool that lists what there is lists no row of it."""

    id = "kafka-topic-missing"
    title = f"Topic {_UNREAD} does not exist."
    component = "kafka"
    references = ("D3.11",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.TOPICS: Verdict.FAIL, HELD: Verdict.UNKNOWN}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Delete it."""
        tools.order(world, f"/topics/{_UNREAD}/pause", deadline)
        partitions = len(tools.ends(world, _UNREAD, deadline))
        tools.administer(world, lambda client: client.delete_topics([_UNREAD]), deadline, f"deleting {_UNREAD}")
        self._await(world, deadline, there=False)
        return {"partitions": partitions}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:
        """Make it again, with as many partitions."""
        from confluent_kafka.cimpl import NewTopic  # noqa: PLC0415 — heavy

        topics = [NewTopic(_UNREAD, memo["partitions"], 1)]
        tools.administer(
            world,
            lambda client: client.create_topics(topics),
            deadline,
            f"making {_UNREAD}",
            unless=("TOPIC_ALREADY_EXISTS",),
        )
        self._await(world, deadline, there=True)
        tools.order(world, f"/topics/{_UNREAD}/resume", deadline)
        tools.another_past(world, deadline)  # in which this topic was not longer before
        component.take(world, [_UNREAD], deadline)  # of what it holds now

    @staticmethod
    def _await(world: World, deadline: Deadline, *, there: bool) -> None:
        tools.wait(
            lambda: (
                (_UNREAD in tools.admin(world).list_topics(timeout=deadline.require("listing topics")).topics) is there
            ),
            deadline,
            f"topic {_UNREAD} {'existing' if there else 'being gone'}",
        )


class DeadLettersGrow(Fault):
    """Everything is consumed, and what fails is parked: there is no lag."""

    id = "kafka-dead-letters"
    title = f"{tools.GROUP} keeps up by parking what it cannot handle in {_DLQ}."
    component = "kafka"
    references = ("D3.9",)
    expected: ClassVar[Mapping[str, Verdict]] = {tools.DEAD_LETTERS: Verdict.FAIL}

    def break_(self, world: World, deadline: Deadline) -> dict[str, Any]:
        """Let the group fail, until a letter is parked."""
        before = tools.ends(world, _DLQ, deadline)
        tools.order(world, f"/groups/{tools.GROUP}/fail", deadline)
        tools.wait(lambda: tools.ends(world, _DLQ, deadline) != before, deadline, "a dead letter being parked")
        return {}

    def heal(self, world: World, memo: Mapping[str, Any], deadline: Deadline) -> None:  # noqa: ARG002 — nothing to know
        """Let the group succeed, and remove the letters, as somebody does who has dealt with them."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415 — heavy

        tools.busy(world, deadline)
        places = [TopicPartition(topic, p, end) for (topic, p), end in tools.ends(world, _DLQ, deadline).items()]
        tools.administer(world, lambda client: client.delete_records(places), deadline, f"emptying {_DLQ}")


FAULTS: tuple[type[Fault], ...] = (TopicMissing, DeadLettersGrow)
