"""A way to a server that is not its own address: whoever knows it asks in our place."""

from collections.abc import Callable, Mapping

from apgms_ops.clients.http.answer import Answer
from apgms_ops.clients.http.exchange import Reply
from apgms_ops.deadline import Deadline

Through = Callable[[str, Mapping[str, str], int, Deadline], Answer]
"""Takes a path with its query, headers, the bytes that may be read and the deadline; returns what the server answered.

It tries again by itself where that is worth it, and raises `Unobserved` where the server could not be asked.
"""


class Detour:
    """One GET, made by somebody else."""

    def __init__(self, through: Through, target: str, headers: Mapping[str, str], size_limit: int) -> None:
        """Prepare it."""
        self._through = through
        self._target = target
        self._headers = headers
        self._size_limit = size_limit

    def perform(self, deadline: Deadline) -> Reply:
        """Return the reply.

        Raises:
            Unobserved: The server could not be asked.
        """
        answer = self._through(self._target, self._headers, self._size_limit, deadline)
        return Reply(answer.status, answer.headers, answer.body)
