"""What arrived on the dead-letter topics within the last day."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from apgms_ops.clients.kafka import DeadLetters
from apgms_ops.clients.kafka.client import KafkaClient
from apgms_ops.deadline import Deadline
from apgms_ops.environment.model import Environment
from apgms_ops.environment.types import Limit
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.consumer_lag import kafka_section
from apgms_ops.probes.probe import probe

_DAY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class DeadLetterTopics:
    """The ends of the declared dead-letter topics, now and a day ago."""

    declared: tuple[str, ...]
    partitions: tuple[DeadLetters, ...]

    def arrived(self) -> dict[str, int]:
        """Return the number of messages that arrived on each topic that exists."""
        arrived: dict[str, int] = {}
        for partition in self.partitions:
            arrived[partition.topic] = arrived.get(partition.topic, 0) + partition.arrived
        return arrived

    def above(self, limit: Limit[int]) -> Findings:
        """Tell topics on which more than `limit` messages arrived.

        Raises:
            Unobserved: There are none, and a declared topic does not exist, or none is declared.
        """
        arrived = self.arrived()
        found = Findings(
            f"{count} dead letters arrived on {topic} within 24 hours; allowed are {limit.value} ({limit.source})"
            for topic, count in sorted(arrived.items())
            if count > limit.value
        )
        missing = [topic for topic in self.declared if topic not in arrived]
        if not found and missing:
            msg = f"no dead letters can be counted on topics that do not exist: {', '.join(missing)}"
            raise Unobserved(msg)
        if not self.declared:
            msg = "no dead-letter topic is declared"
            raise Unobserved(msg)
        return found


@probe()
def dead_letters(kafka: KafkaClient, environment: Environment, deadline: Deadline) -> DeadLetterTopics:
    """Read the ends of the declared dead-letter topics, now and 24 hours ago."""
    declared = tuple(sorted(f"{topic.name}.dlq" for topic in kafka_section(environment).topics if topic.dlq))
    return DeadLetterTopics(declared, kafka.dead_letters(declared, _DAY, deadline))
