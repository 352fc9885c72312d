"""A member that does not belong in a group: `python -m apgms_ops.sandbox.kafka.guest WAY BOOTSTRAP GROUP TOPIC`.

The way is `linger` or `hang`. Who lingers subscribes to TOPIC and reads it without ever committing. Who hangs joins,
takes partitions and does nothing any more, though its heartbeats go on; a second member of the same process then wants
to join, which the first one holds up.
"""

import sys
import time
from typing import Final

from confluent_kafka import Consumer

_HANGS: Final = 0.2


def _member(bootstrap: str, group: str, topic: str, client: str) -> Consumer:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "client.id": client,
            "enable.auto.commit": False,
            # Killed, it is out of the group after this time.
            "session.timeout.ms": 1000,
            "heartbeat.interval.ms": 200,
            "max.poll.interval.ms": 3_600_000,
            "auto.offset.reset": "latest",
        }
    )
    consumer.subscribe([topic])
    return consumer


def main(arguments: list[str]) -> None:
    """Be that member until the process is ended."""
    way, bootstrap, group, topic = arguments
    first = _member(bootstrap, group, topic, "guest" if way == "linger" else "guest-1")
    while way == "linger" or not first.assignment():
        first.poll(_HANGS)
    second = _member(bootstrap, group, topic, "guest-2")
    while True:
        second.poll(_HANGS)
        time.sleep(_HANGS)


if __name__ == "__main__":
    main(sys.argv[1:])
