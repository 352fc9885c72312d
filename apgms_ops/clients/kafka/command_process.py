"""The process that changes brokers: settings in, then one order a line; one answer a line out.

Started by `process.ReaderProcess` alone, for `commands.KafkaCommands`.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from apgms_ops.clients.kafka.connection import Connection
from apgms_ops.clients.kafka.errors import translated
from apgms_ops.clients.kafka.reader_process import Verb, serve
from apgms_ops.clients.kafka.wire import Json
from apgms_ops.deadline import Deadline

_GONE: Final = frozenset({"UNKNOWN_TOPIC_OR_PART", "GROUP_ID_NOT_FOUND", "_UNKNOWN_TOPIC"})


class Commander:
    """Removes what was made for a while."""

    def __init__(self, connection: Connection) -> None:
        """Take a connection, not connected yet."""
        self._connection = connection

    def remove(self, deadline: Deadline, *, topics: Sequence[str], groups: Sequence[str]) -> Json:
        """Delete topics, and consumer groups; what is gone already is well.

        Raises:
            Unobserved: Whether all of it is gone is not known.
        """
        from confluent_kafka import KafkaException  # noqa: PLC0415 — heavy

        cluster_id = self._connection.connect(deadline)
        admin, doing = self._connection.admin, "deleting what was made for a while"
        seconds = self._connection.seconds(deadline, doing)
        futures = [
            *(admin.delete_consumer_groups(list(groups), request_timeout=seconds).values() if groups else ()),
            *(admin.delete_topics(list(topics), request_timeout=seconds).values() if topics else ()),
        ]
        for future in futures:
            try:
                future.result(timeout=deadline.require(doing))
            except KafkaException as error:
                if error.args[0].name() not in _GONE:
                    raise translated(error.args[0], doing, seconds) from error
        return {"cluster_id": cluster_id}


def _verbs(connection: Connection, _settings: Mapping[str, Any]) -> Mapping[str, Verb]:
    return {"remove": Commander(connection).remove}


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout, _verbs)
