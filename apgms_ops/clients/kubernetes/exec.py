"""A command in a container of a pod, over a WebSocket of its own: what is written to it, what it writes, how it ended.

The exit status comes on a channel of its own, at the end. A connection that closes without it tells nothing: not that
the command failed, and not that it went well. Where the connection ends, the command may go on.
"""

import codecs
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from apgms_ops.clients.http import Answer
from apgms_ops.clients.kubernetes import security
from apgms_ops.clients.kubernetes.action import Action
from apgms_ops.clients.kubernetes.api import Api
from apgms_ops.clients.kubernetes.errors import refused
from apgms_ops.clients.kubernetes.exit import Ended, ended
from apgms_ops.clients.kubernetes.facts import Executed
from apgms_ops.deadline import Deadline
from apgms_ops.errors import ApgmsOpsError, BadAnswer, DeadlineExceeded, Incomplete, Unobserved, Unreachable
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from websocket import WebSocket

STDIN, STDOUT, STDERR, ERROR, CLOSE = 0, 1, 2, 3, 255
"""Channels, as the first byte of each message numbers them."""
OUTPUT_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of each output that are kept, unless somebody asks for more or less."""
_PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_QUEUED: Final = 64
"""Messages that wait to be taken: a command that writes faster than we read is made to wait."""
_STARTED: Final = object()
Message = tuple[int, bytes] | Ended | ApgmsOpsError | object


class Conversation:
    """A command that runs. What is not read to its end is broken off with the connection."""

    def __init__(self, command: "Command", deadline: Deadline) -> None:
        """Start it.

        Raises:
            Unobserved: It could not be started.
        """
        self._command = command
        self._messages: queue.Queue[Message] = queue.Queue(_QUEUED)
        self._closed = threading.Event()
        self._socket: WebSocket | None = None
        threading.Thread(target=self._run, args=(deadline,), name=command.source, daemon=True).start()
        started = self._next(deadline)
        if isinstance(started, ApgmsOpsError):
            raise started

    def send(self, data: bytes) -> None:
        """Write to its standard input.

        Raises:
            Unreachable: The connection is gone.
        """
        self._write(bytes([STDIN]) + data)

    def end_of_input(self) -> None:
        """Close its standard input; an older server has no word for that, and the command must end by itself."""
        if self._socket is not None and self._socket.subprotocol == _PROTOCOLS[0]:
            # A command that has ended already has no input to close; how it ended is still to be received.
            with contextlib.suppress(Unreachable):
                self._write(bytes([CLOSE, STDIN]))

    def receive(self, deadline: Deadline) -> tuple[int, bytes] | Ended:
        """Return the next piece of its output, with its channel, or how it ended.

        Raises:
            DeadlineExceeded: It says nothing until then; the connection is ended.
            Incomplete: The connection closed, and how the command ended was not said.
            Unobserved: The command could not be run.
        """
        message = self._next(deadline)
        if isinstance(message, ApgmsOpsError):
            self.close()
            raise message
        if isinstance(message, Ended | tuple):
            return message
        return self.receive(deadline)

    def close(self) -> None:
        """End the connection, whatever is under way."""
        self._closed.set()
        line = self._socket
        if line is not None and line.sock is not None:
            with contextlib.suppress(OSError):
                line.sock.shutdown(2)

    def _next(self, deadline: Deadline) -> Message:
        # Of a command that writes without end there is always something: time is looked at first.
        with contextlib.suppress(queue.Empty):
            if not deadline.expired:
                return self._messages.get(timeout=deadline.remaining)
        self.close()
        msg = f"{self._command.source}: no end within {deadline.seconds:g} s; the command may still be running"
        raise DeadlineExceeded(msg)

    def _write(self, message: bytes) -> None:
        from websocket import WebSocketException  # noqa: PLC0415 — heavy

        try:
            if self._socket is not None:
                self._socket.send_binary(message)
        except (OSError, WebSocketException) as error:
            msg = f"{self._command.source}: the connection is gone: {printable(str(error), limit=200)}"
            raise Unreachable(msg) from None

    def _run(self, deadline: Deadline) -> None:
        # Replaced in every way that is foreseen; an unforeseen one must not look like silence.
        last: Message = Unobserved(f"{self._command.source}: failed unexpectedly")
        try:
            self._socket = self._command.connect(deadline)
            self._put(_STARTED)
            last = self._read(self._socket)
        except ApgmsOpsError as error:
            last = error
        finally:
            self._put(last)
            if self._socket is not None:
                self._socket.shutdown()  # type: ignore[no-untyped-call]

    def _read(self, line: "WebSocket") -> Message:
        from websocket import ABNF, WebSocketException  # noqa: PLC0415 — heavy

        source = self._command.source
        why = "the connection was closed"
        try:
            while not self._closed.is_set():
                opcode, data = line.recv_data()
                if opcode == ABNF.OPCODE_CLOSE:
                    break
                if not isinstance(data, bytes) or not data:
                    continue
                channel, piece = data[0], data[1:]
                if channel == ERROR and piece:
                    return ended(piece, source)
                if channel in (STDOUT, STDERR) and piece:
                    self._put((channel, piece))
        except (OSError, WebSocketException) as error:
            why = printable(self._command.redact(str(error)), limit=200) or type(error).__name__
        return Incomplete(f"{source}: {why} before it was said how the command ended")

    def _put(self, message: Message) -> None:
        """Hand over a message, or drop it once nobody takes any more."""
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._messages.put(message, timeout=0.1)
                return


class Command:
    """A program and its arguments, to be run in one container."""

    def __init__(  # noqa: PLR0913, PLR0917 — what a command is run by
        self,
        api: Api,
        identified: Callable[[Deadline], None],
        namespace: str,
        pod: str,
        command: Sequence[str],
        container: str = "",
    ) -> None:
        """Describe it; nothing is run yet.

        Args:
            api: Speaks to the API server.
            identified: Makes sure of which cluster that is.
            namespace: Where.
            pod: Its name.
            command: The program and its arguments.
            container: Which; empty for the pod's first.
        """
        self._api = api
        self._identified = identified
        self._action = Action.on("create", "pods/exec", namespace, pod)
        self._query = [("command", word) for word in command]
        if container:
            self._query.append(("container", container))
        self.source = f"{api.source}, exec {command[0]} in {namespace}/{pod}"
        """Who is asked for what, for errors."""
        self.redact = api.redact

    def start(self, deadline: Deadline) -> Conversation:
        """Start it, its standard input open.

        Raises:
            Unobserved: It could not be started.
        """
        self._identified(deadline)
        return Conversation(self, deadline)

    def run(self, deadline: Deadline, *, limit: int = OUTPUT_LIMIT) -> Executed:
        """Run it to its end, with nothing to read.

        Raises:
            Unobserved: It could not be run, or how it ended is not known.
        """
        conversation = self.start(deadline)
        outputs: dict[int, bytearray] = {STDOUT: bytearray(), STDERR: bytearray()}
        cut = False
        try:
            conversation.end_of_input()
            while True:
                said = conversation.receive(deadline)
                if isinstance(said, Ended):
                    return Executed(
                        self._decoded(outputs[STDOUT], cut=cut),
                        self._decoded(outputs[STDERR], cut=cut),
                        said.exit_code,
                        cut,
                    )
                channel, piece = said
                room = limit - len(outputs[channel])
                outputs[channel] += piece[: max(0, room)]
                cut = cut or len(piece) > room
        finally:
            conversation.close()

    def connect(self, deadline: Deadline) -> "WebSocket":
        """Open the connection.

        Raises:
            AccessDenied: The API server refuses us.
            NotFound: There is no such pod.
            Unreachable: Nobody answers.
            Unobserved: Something else answers.
        """
        from websocket import WebSocket, WebSocketBadStatusException, WebSocketException  # noqa: PLC0415 — heavy

        settings: Any = self._api.line.configuration
        query = [*self._query, ("stdin", "true"), ("stdout", "true"), ("stderr", "true")]
        url = f"ws{settings.host.removeprefix('http')}{self._action.path}?{urlencode(query)}"
        line = WebSocket(sslopt=security.tls(settings), skip_utf8_validation=True, enable_multithread=True)
        try:
            line.connect(  # type: ignore[no-untyped-call]
                url,
                header=[f"{name}: {value}" for name, value in self._api.line.authorization().items()],
                subprotocols=list(_PROTOCOLS),
                timeout=deadline.require(f"running {self.source}"),
                suppress_origin=True,
                redirect_limit=0,
                **security.proxy(settings),
            )
        except WebSocketBadStatusException as error:
            raise self._refused(error) from None
        except (WebSocketException, OSError, ValueError) as error:
            why = printable(self.redact(str(error)), limit=200) or type(error).__name__
            msg = f"{self.source}: no connection: {why}"
            raise (Unreachable if isinstance(error, OSError) else BadAnswer)(msg) from None
        return line

    def _refused(self, error: Any) -> Unobserved:  # noqa: ANN401 — the driver's exception
        headers = {str(k).lower(): str(v) for k, v in (error.resp_headers or {}).items()}
        body = error.resp_body or b""
        answer = Answer(self.source, error.status_code, headers, bytes(body), self.redact)
        return refused(answer, self._action, self._api.who)

    def _decoded(self, output: bytearray, *, cut: bool) -> str:
        """Return an output as text; where it was cut, what is left of a character at the end is dropped."""
        try:
            return codecs.getincrementaldecoder("utf-8")().decode(bytes(output), final=not cut)
        except UnicodeDecodeError:
            msg = f"{self.source}: what the command wrote is no UTF-8 text"
            raise BadAnswer(msg) from None
