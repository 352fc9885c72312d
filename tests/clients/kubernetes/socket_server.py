"""The server's end of a WebSocket, as bytes."""

import base64
import hashlib
import socket
import struct
from collections.abc import Callable

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BINARY, CLOSE = 2, 8


def header(head: bytes, name: str) -> bytes:
    """Return a header of a request."""
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.strip().lower() == name.encode():
            return value.strip()
    return b""


def upgrade(head: bytes, protocol: str = "v5.channel.k8s.io") -> bytes:
    """Return the answer that opens the conversation."""
    key = hashlib.sha1(header(head, "sec-websocket-key") + _GUID).digest()  # noqa: S324 — as the protocol has it
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + base64.b64encode(key),
        b"Sec-WebSocket-Protocol: " + protocol.encode(),
        b"",
        b"",
    ]
    return b"\r\n".join(lines)


def frame(data: bytes, opcode: int = BINARY) -> bytes:
    """Return a whole message."""
    size = len(data)
    if size < 126:
        return bytes([0x80 | opcode, size]) + data
    if size < 65536:
        return bytes([0x80 | opcode, 126]) + struct.pack(">H", size) + data
    return bytes([0x80 | opcode, 127]) + struct.pack(">Q", size) + data


def received(connection: socket.socket) -> bytes:
    """Return the next message of the client, unmasked; empty once it has gone."""
    head = _exactly(connection, 2)
    if len(head) < 2 or head[0] & 15 == CLOSE:
        return b""
    size = head[1] & 127
    if size == 126:
        size = struct.unpack(">H", _exactly(connection, 2))[0]
    elif size == 127:
        size = struct.unpack(">Q", _exactly(connection, 8))[0]
    mask = _exactly(connection, 4)
    return bytes(byte ^ mask[n % 4] for n, byte in enumerate(_exactly(connection, size)))


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            return data
        data += part
    return data


def says(*messages: bytes, protocol: str = "v5.channel.k8s.io") -> Callable[[socket.socket, bytes], None]:
    """Return a handler that opens the conversation, sends messages, and closes the connection."""

    def handle(connection: socket.socket, head: bytes) -> None:
        connection.sendall(upgrade(head, protocol) + b"".join(frame(message) for message in messages))
        connection.sendall(frame(struct.pack(">H", 1000), CLOSE))
        connection.settimeout(1)
        connection.recv(4096)

    return handle
