"""Commands in the pods of a workload, for clients that know nothing of pods."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from apgms_ops.deadline import Deadline
from apgms_ops.environment.via import Path

if TYPE_CHECKING:
    from apgms_ops.clients.kubernetes.client import KubernetesClient
    from apgms_ops.clients.kubernetes.exec import Conversation
    from apgms_ops.clients.kubernetes.facts import Executed
    from apgms_ops.clients.postgres.shell import Heard

LARGEST: Final = 32 * 1024 * 1024
"""Bytes of a command's output that are read: a thousand groups of Kafka print four megabytes."""


class Talk:
    """A command in a pod, as those talk with it who know nothing of pods."""

    def __init__(self, conversation: "Conversation") -> None:
        """Take one that has begun."""
        self._conversation = conversation
        self.send = conversation.send
        self.close = conversation.close

    def receive(self, deadline: Deadline) -> "Heard":
        """Return the next thing that comes from it.

        Raises:
            Unobserved: Nothing does.
        """
        from apgms_ops.clients.kubernetes.exec import STDOUT  # noqa: PLC0415 — heavy
        from apgms_ops.clients.postgres.shell import Heard  # noqa: PLC0415 — heavy

        said = self._conversation.receive(deadline)
        if not isinstance(said, tuple):
            return Heard(exit_code=said.exit_code)
        channel, piece = said
        return Heard(stdout=piece) if channel == STDOUT else Heard(stderr=piece)


@dataclass(frozen=True, slots=True)
class Pods:
    """The pods of one workload."""

    kubernetes: "KubernetesClient"
    path: Path

    def names(self, deadline: Deadline) -> list[str]:
        """Return the names of those that run and are to stay, in order.

        Raises:
            Unobserved: There is none, or that cannot be found out.
        """
        path = self.path
        return sorted(pod.name for pod in self.kubernetes.running(path.namespace, path.kind, path.name, deadline))

    def execute(self, pod: str, command: Sequence[str], deadline: Deadline) -> "Executed":
        """Run a command in one of them to its end.

        Raises:
            Unobserved: It could not be run, or how it ended is not known.
        """
        return self.kubernetes.execute(self.path.namespace, pod, command, deadline, limit=LARGEST)

    def talk(self, pod: str, command: Sequence[str], deadline: Deadline) -> Talk:
        """Begin a command in one of them.

        Raises:
            Unobserved: It cannot be begun.
        """
        return Talk(self.kubernetes.command(self.path.namespace, pod, command).start(deadline))
