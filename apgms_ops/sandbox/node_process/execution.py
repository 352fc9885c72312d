"""Runs a command for somebody at the other end of a WebSocket: both ways at once, in one thread."""

import json
import os
import re
import selectors
import signal
import ssl
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from apgms_ops.sandbox.node_process.channels import ERROR, STDERR, STDOUT, Channels, Received, exit_status
from apgms_ops.sandbox.node_process.commands import Command

_PIECE: Final = 65536
_LINGER: Final = 2.0
"""Seconds for the client to close its side."""
_CANNOT: Final = 126
_SIGNALLED: Final = 128


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the streams the client wants."""

    stdin: bool
    stdout: bool
    stderr: bool


def refuse(connection: ssl.SSLSocket, channels: Channels, why: str) -> None:
    """Tell a client that its command is not run, as one hears of a program that cannot be: exit code 126."""
    channels.send(STDERR, f"{why}\n".encode())
    channels.send(ERROR, json.dumps(exit_status(_CANNOT) | {"message": why}).encode())
    _part(connection, channels)


def run(
    connection: ssl.SSLSocket, channels: Channels, command: Command, environment: Mapping[str, str], wanted: Wanted
) -> None:
    """Run a command to its end, or until the client is gone."""
    with subprocess.Popen(  # noqa: S603 — one of the sandbox's own commands
        command.argv,
        env=dict(environment),
        stdin=subprocess.PIPE if wanted.stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        bufsize=0,
    ) as process:
        conversation = _Conversation(connection, channels, process, wanted, command.takes)
        there = conversation.hold()
        if not there:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    if conversation.refused:
        refuse(connection, channels, conversation.refused)
    elif there:
        channels.send(ERROR, json.dumps(exit_status(_SIGNALLED - code if code < 0 else code)).encode())
        _part(connection, channels)


class _Conversation:
    """The streams of one running command."""

    def __init__(
        self,
        connection: ssl.SSLSocket,
        channels: Channels,
        process: "subprocess.Popen[bytes]",
        wanted: Wanted,
        takes: re.Pattern[bytes] | None,
    ) -> None:
        self.refused = ""
        """Why what the client gave is not handed on; mostly nothing."""
        self._takes = takes
        self._unread = bytearray()
        self._connection = connection
        self._channels = channels
        self._process = process
        self._wanted = {STDOUT: wanted.stdout, STDERR: wanted.stderr}
        self._given = bytearray()
        self._ended = False
        self._selector = selectors.DefaultSelector()

    def hold(self) -> bool:
        """Hand on everything until the command has closed its output; return whether the client is still there."""
        outputs = {STDOUT: self._process.stdout, STDERR: self._process.stderr}
        for channel, pipe in outputs.items():
            if pipe is not None:
                self._selector.register(pipe, selectors.EVENT_READ, channel)
        self._selector.register(self._connection, selectors.EVENT_READ, None)
        if self._process.stdin is not None:
            os.set_blocking(self._process.stdin.fileno(), False)
        self._channels.send(STDOUT if self._wanted[STDOUT] else STDERR, b"")  # the client knows now that it is served
        left = len(outputs)
        with self._selector:
            while left:
                self._flush()
                for key, _ in self._selector.select():
                    if key.data is None:
                        if not self._listen():
                            return False
                    elif key.data in outputs:
                        left -= self._tell(key)
                self._feed()
        return True

    def _tell(self, key: selectors.SelectorKey) -> int:
        """Hand on what the command said; return 1 if that was all on this stream."""
        data = os.read(key.fd, _PIECE)
        if data and self._wanted[key.data]:
            self._channels.send(key.data, data)
        if not data:
            self._selector.unregister(key.fileobj)
        return int(not data)

    def _listen(self) -> bool:
        """Take what the client says; return whether it is still there."""
        while True:
            try:
                data = self._connection.recv(_PIECE)
            except (OSError, ssl.SSLError):
                return False
            for received in self._channels.receive(data):
                self._take(received)
            if self.refused or not data or not self._channels.open:
                return False
            if not self._connection.pending():
                return True

    def _take(self, received: Received) -> None:
        """Take what the client gives, line by line where the command takes not every line."""
        self._ended = self._ended or received.ended
        if self._takes is None:
            self._given += received.data
            return
        self._unread += received.data
        end = len(self._unread) if self._ended else self._unread.rfind(b"\n") + 1
        lines, self._unread = self._unread[:end], self._unread[end:]
        bad = [line for line in lines.splitlines() if not self._takes.fullmatch(line)]
        if bad:
            self.refused = f"the sandbox does not hand on {bytes(bad[0][:100])!r}"
        else:
            self._given += lines

    def _feed(self) -> None:
        """Hand on to the command what it takes of what the client gave."""
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return
        waits = pipe in self._selector.get_map()
        try:
            while self._given:
                written = os.write(pipe.fileno(), self._given[:_PIECE])
                del self._given[:written]
        except BlockingIOError:
            if not waits:
                self._selector.register(pipe, selectors.EVENT_WRITE, "given")
            return
        except BrokenPipeError:
            self._given.clear()
            self._ended = True
        if waits:
            self._selector.unregister(pipe)
        if self._ended:
            pipe.close()

    def _flush(self) -> None:
        data = self._channels.sent()
        if data:
            self._connection.sendall(data)


def _part(connection: ssl.SSLSocket, channels: Channels) -> None:
    """Say that all is said, and give the client a moment to say so too."""
    channels.close()
    connection.sendall(channels.sent())
    until = time.monotonic() + _LINGER
    while not channels.closed and (left := until - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            data = connection.recv(_PIECE)
        except (OSError, ssl.SSLError):
            return
        for _ in channels.receive(data):
            pass
        if not data:
            return
