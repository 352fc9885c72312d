"""What can be asked of brokers that changes something. No probe has it; commands do."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apgms_ops.clients.kafka.process import ReaderProcess
from apgms_ops.deadline import Deadline
from apgms_ops.observation import Recorder

_PROGRAM: Final = "apgms_ops.clients.kafka.command_process"


class KafkaCommands:
    """Removes topics and consumer groups that were made for a while."""

    def __init__(self, settings: Mapping[str, Any], recorder: Recorder) -> None:
        """Take the settings of the client; nothing is connected yet."""
        self._process = ReaderProcess(settings, _PROGRAM)
        self._recorder = recorder

    def remove(self, topics: Sequence[str], groups: Sequence[str], deadline: Deadline) -> None:
        """Delete topics, and consumer groups; what is gone already is well.

        Raises:
            AccessDenied: We may not.
            Unobserved: Whether all of it is gone is not known.
        """
        doing = "deleting what was made for a while"
        answer = self._process.ask("remove", deadline, doing, topics=list(topics), groups=list(groups))
        self._recorder.identify("kafka", str(answer["cluster_id"]))
