"""The channels of a command's streams over one WebSocket, v4.channel.k8s.io and v5.channel.k8s.io, without any I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

PROTOCOLS: Final = (Subprotocol("v5.channel.k8s.io"), Subprotocol("v4.channel.k8s.io"))
STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2
ERROR: Final = 3
CLOSE: Final = 255
"""v5 alone: the next byte names the channel on which nothing more comes."""
_NORMAL: Final = 1000


@dataclass(frozen=True, slots=True)
class Received:
    """What came: bytes for standard input, or its end."""

    data: bytes
    ended: bool = False


class Channels:
    """The server's side of one conversation. Bytes go in, what is meant and bytes to send come out."""

    def __init__(self) -> None:
        """Begin before the handshake."""
        self._protocol = ServerProtocol(subprotocols=PROTOCOLS)
        self._parts = bytearray()

    def accept(self, head: bytes) -> bool:
        """Take the request's head, and return whether it becomes a conversation; `sent` has the answer either way."""
        self._protocol.receive_data(head)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._protocol.send_response(self._protocol.accept(event))
        return self._protocol.state is State.OPEN

    def refuse(self, head: bytes, status: int, text: str) -> None:
        """Take the request's head, and answer that there will be no conversation."""
        self._protocol.receive_data(head)
        self._protocol.events_received()
        self._protocol.send_response(self._protocol.reject(HTTPStatus(status), text))

    def receive(self, data: bytes) -> Iterator[Received]:
        """Yield what the bytes mean; no bytes at all mean that the client is gone."""
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            if not isinstance(event, Frame) or event.opcode not in {Opcode.BINARY, Opcode.TEXT, Opcode.CONT}:
                continue
            self._parts += event.data
            if event.fin:
                whole, self._parts = bytes(self._parts), bytearray()
                yield from self._meant(whole)

    def send(self, channel: int, data: bytes) -> None:
        """Send bytes on a channel."""
        if self.open:
            self._protocol.send_binary(bytes((channel,)) + data)

    def close(self) -> None:
        """Say that all is said."""
        if self.open:
            self._protocol.send_close(_NORMAL)

    @property
    def open(self) -> bool:
        """Whether the conversation goes on."""
        return self._protocol.state is State.OPEN

    @property
    def closed(self) -> bool:
        """Whether the other side has nothing more to say either."""
        return self._protocol.state is State.CLOSED or self._protocol.close_expected()

    def sent(self) -> bytes:
        """Return the bytes that are to be sent now."""
        return b"".join(self._protocol.data_to_send())

    def _meant(self, message: bytes) -> Iterator[Received]:
        if not message:
            return
        channel, data = message[0], message[1:]
        if channel == STDIN and data:
            yield Received(data)
        elif channel == CLOSE and self._protocol.subprotocol == PROTOCOLS[0] and data[:1] == bytes((STDIN,)):
            yield Received(b"", ended=True)


def exit_status(code: int) -> dict[str, Any]:
    """Return what the error channel says of a command that ended with `code`."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
