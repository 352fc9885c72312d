"""A member that does not belong in a group: `python -m apgms_ops.sandbox.kafka.guest WAY BOOTSTRAP GROUP TOPIC`.

The way is `linger` or `hang`. Who lingers subscribes to TOPIC and reads it without ever committing. Who hangs joins,
takes partitions and does nothing any more, though its heartbeats go on; a second member of the same process then wants
to join, which the first one holds up.
"""

import signal
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
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
            "max.poll.interval.ms": 3_600_000,
            "auto.offset.reset": "latest",
        }
    )
    consumer.subscribe([topic])
    return consumer


def main(arguments: list[str]) -> None:
    """Be that member until the process is told to end; then leave the group."""
    way, bootstrap, group, topic = arguments
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    members = [_member(bootstrap, group, topic, "guest" if way == "linger" else "guest-1")]
    try:
        while way == "linger" or not members[0].assignment():
            members[0].poll(_HANGS)
        members.append(_member(bootstrap, group, topic, "guest-2"))
        while True:
            members[1].poll(_HANGS)
            time.sleep(_HANGS)
    finally:
        for member in members:
            member.close()


if __name__ == "__main__":
    main(sys.argv[1:])
