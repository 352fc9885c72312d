"""What Kafka says of its topics, consumer groups and offsets.

What may enter: reading brokers over Kafka's protocol, and reading what Kafka's own tool prints. Nothing here judges.
The facts are named here; `KafkaClient` is in `client`, which the driver's own process has no use for.
"""

from apgms_ops.clients.kafka.facts import (
    Bounds,
    DeadLetters,
    Group,
    GroupProtocol,
    GroupState,
    Member,
    Offset,
    Reading,
    Topic,
)

__all__ = [
    "Bounds",
    "DeadLetters",
    "Group",
    "GroupProtocol",
    "GroupState",
    "Member",
    "Offset",
    "Reading",
    "Topic",
]
