"""Questions to the group coordinator, in Kafka's own protocol, for the sandbox's own use.

The driver is no good for this: librdkafka aborts the process it lives in when a request to a coordinator fails or is
late, and a sandbox asks brokers that are just starting, or just being broken. Three requests in their oldest layouts
are all that is needed, and any broker speaks them. There is one node, so it coordinates every group.
"""

import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from apgms_ops.errors import SandboxError

_OFFSET_FETCH: Final = (9, 2)
_FIND_COORDINATOR: Final = (10, 0)
_DESCRIBE_GROUPS: Final = (15, 0)
"""API key and version, see https://kafka.apache.org/protocol."""
_CLIENT: Final = "apgms-ops-sandbox"
_EVERY_TOPIC: Final = -1
_MOST: Final = 64 << 20
"""Bytes of an answer that we are ready to read."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """A group as its coordinator describes it."""

    state: str
    """In Kafka's own words: Stable, Empty, Dead, PreparingRebalance, CompletingRebalance."""
    clients: tuple[str, ...]
    """The client ids of its members, sorted."""


class _Answer:
    """The body of an answer, read from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    def int16(self) -> int:
        return self._number(">h")

    def int32(self) -> int:
        return self._number(">i")

    def int64(self) -> int:
        return self._number(">q")

    def string(self) -> str:
        return str(self._bytes(max(0, self.int16())), "utf-8")

    def skip_bytes(self) -> None:
        self._bytes(max(0, self.int32()))

    def _number(self, layout: str) -> int:
        (number,) = struct.unpack(layout, self._bytes(struct.calcsize(layout)))
        return int(number)

    def _bytes(self, count: int) -> memoryview:
        if count > len(self._data):
            msg = "the answer ends early"
            raise EOFError(msg)
        taken, self._data = self._data[:count], self._data[count:]
        return taken


class Coordinator:
    """The group coordinator of a broker with one node. Each question has a connection of its own."""

    def __init__(self, bootstrap: str, timeout: float) -> None:
        """Take the address, and the seconds that one question may take."""
        host, _, port = bootstrap.rpartition(":")
        self._address = (host, int(port))
        self._timeout = timeout

    def describe(self, group: str) -> GroupSeen:
        """Return the state and the members of a group.

        Raises:
            SandboxError: The broker does not answer, or not yet.
        """
        self._ask(_FIND_COORDINATOR, _string(group), lambda answer: _require_none(answer.int16(), group))
        return self._ask(_DESCRIBE_GROUPS, struct.pack(">i", 1) + _string(group), _group)

    def commits(self, group: str) -> dict[tuple[str, int], int]:
        """Return the offsets that a group has committed, by topic and partition.

        Raises:
            SandboxError: The broker does not answer, or not yet.
        """
        return self._ask(_OFFSET_FETCH, _string(group) + struct.pack(">i", _EVERY_TOPIC), _commits)

    def _ask(self, request: tuple[int, int], body: bytes, read: Callable[[_Answer], T]) -> T:
        frame = struct.pack(">hhi", *request, 0) + _string(_CLIENT) + body
        try:
            with socket.create_connection(self._address, self._timeout) as connection:
                connection.sendall(struct.pack(">i", len(frame)) + frame)
                (size,) = struct.unpack(">i", _exactly(connection, 4))
                if not 0 <= size <= _MOST:
                    msg = f"Kafka announces an answer of {size} bytes"
                    raise SandboxError(msg)
                return read(_Answer(_exactly(connection, size)[4:]))
        except (OSError, EOFError, struct.error, UnicodeDecodeError) as error:
            msg = f"Kafka's group coordinator does not answer: {str(error) or type(error).__name__}"
            raise SandboxError(msg) from error


def _group(answer: _Answer) -> GroupSeen:
    answer.int32()
    error, group, state = answer.int16(), answer.string(), answer.string()
    _require_none(error, group)
    answer.string()
    answer.string()
    clients = []
    for _ in range(answer.int32()):
        answer.string()
        clients.append(answer.string())
        answer.string()
        answer.skip_bytes()
        answer.skip_bytes()
    return GroupSeen(state, tuple(sorted(clients)))


def _commits(answer: _Answer) -> dict[tuple[str, int], int]:
    found = {}
    for _ in range(answer.int32()):
        topic = answer.string()
        for _ in range(answer.int32()):
            partition, offset = answer.int32(), answer.int64()
            answer.string()
            _require_none(answer.int16(), topic)
            if offset >= 0:  # -1 is the word for none
                found[topic, partition] = offset
    _require_none(answer.int16(), "offsets")
    return found


def _require_none(error: int, what: str) -> None:
    if error:
        msg = f"Kafka's group coordinator answers with error {error} for {what}"
        raise SandboxError(msg)


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">h", len(encoded)) + encoded


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts: list[bytes] = []
    while count:
        part = connection.recv(min(count, 1 << 16))
        if not part:
            msg = "it closed the connection"
            raise EOFError(msg)
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
