"""One request and its answer, over within its deadline whatever hangs: the look-up, the connection, TLS, head or body.

httpx limits each phase by itself, a look-up of a host name not at all, and an answer that drips for ever never. So the
exchange runs in a daemon thread: the caller waits for the total time, then hangs up and leaves.
"""

import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ApgmsOpsError, BadAnswer, DeadlineExceeded, Incomplete, Unobserved, Unreachable
from apgms_ops.redact import printable

if TYPE_CHECKING:
    import httpx

_CAUSE = 200
_LEAVE = 0.5
"""Seconds for a thread to let go of its line. One that looks a name up has none, and is not waited for longer."""


class BrokenOff(Incomplete):
    """The connection ended in the middle of an answer: worth another try."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: names of headers in lower case, the body decoded from its transfer and content encodings."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    tls: str | None = None
    """The version of TLS that it came through: `TLSv1.3`; None where it came in the open, or nobody says."""


class Exchange:
    """One request, made once."""

    def __init__(  # noqa: PLR0913 — what one request is made of
        self,
        client: "httpx.Client",
        url: str,
        headers: Mapping[str, str],
        *,
        source: str,
        size_limit: int,
        redact: Callable[[str], str],
        method: str = "GET",
        content: bytes | None = None,
    ) -> None:
        """Prepare it.

        Args:
            client: Sends it; shared with other exchanges.
            url: The address with its query.
            headers: Sent, and never shown.
            source: Who is asked for what, for errors.
            size_limit: Bytes of a body that are read at most.
            redact: Masks secrets in what an error quotes.
            method: GET, or what changes something.
            content: The body that is sent.
        """
        self._method = method
        self._content = content
        self._client = client
        self._url = url
        self._headers = headers
        self._source = source
        self._size_limit = size_limit
        self._redact = redact
        self._sockets: list[socket.socket] = []
        self._hung_up = threading.Event()

    def perform(self, deadline: Deadline) -> Reply:
        """Return the reply.

        Raises:
            DeadlineExceeded: It was not complete by the deadline.
            Unreachable: Nobody answered.
            BrokenOff: The answer ended in its middle.
            Incomplete: The body is larger than the limit.
            BadAnswer: What answered does not speak HTTP.
        """
        deadline.require(f"asking {self._source}")
        outcome: queue.SimpleQueue[Reply | ApgmsOpsError] = queue.SimpleQueue()
        thread = threading.Thread(target=self._run, args=(deadline, outcome), name=self._source, daemon=True)
        thread.start()
        try:
            result = outcome.get(timeout=deadline.remaining)
        except queue.Empty:
            self._end(thread)
            raise self._too_late(deadline) from None
        except BaseException:  # Ctrl-C
            self._end(thread)
            raise
        if isinstance(result, ApgmsOpsError):
            raise result
        return result

    def _run(self, deadline: Deadline, outcome: "queue.SimpleQueue[Reply | ApgmsOpsError]") -> None:
        # Replaced in every way that is foreseen; an unforeseen one must not look like silence.
        result: Reply | ApgmsOpsError = Unobserved(f"{self._source}: reading failed unexpectedly")
        try:
            result = self._read(deadline)
        except ApgmsOpsError as error:
            result = error
        finally:
            outcome.put(result)

    def _read(self, deadline: Deadline) -> Reply:
        import httpx  # noqa: PLC0415 — heavy

        head_seen = False
        try:
            with self._client.stream(
                self._method,
                self._url,
                content=self._content,
                headers=dict(self._headers),
                timeout=deadline.require(f"asking {self._source}"),
                extensions={"trace": self._trace},
            ) as response:
                head_seen = True
                return Reply(
                    status=response.status_code,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    body=self._body(response, deadline),
                    tls=_tls_of(response),
                )
        except httpx.TimeoutException:
            raise self._too_late(deadline) from None
        except httpx.RemoteProtocolError as error:
            if head_seen:
                msg = f"{self._source}: the answer broke off: {self._cause(error)}"
                raise BrokenOff(msg) from None
            if "disconnected" in str(error):
                msg = f"{self._source}: the connection was closed without an answer"
                raise Unreachable(msg) from None
            msg = f"{self._source}: what answers there does not speak HTTP: {self._cause(error)}"
            raise BadAnswer(msg) from None
        except httpx.NetworkError as error:
            msg = f"{self._source}: {self._cause(error)}"
            raise (BrokenOff(msg) if head_seen else Unreachable(msg)) from None
        except httpx.DecodingError as error:
            msg = f"{self._source}: the body is not of its declared encoding: {self._cause(error)}"
            raise BadAnswer(msg) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
            # Not quoted: what cannot be sent may be the token.
            msg = f"{self._source}: the request cannot be written: its address or a header holds a character it may not"
            raise Unobserved(msg) from None

    def _body(self, response: "httpx.Response", deadline: Deadline) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            if self._hung_up.is_set() or deadline.expired:
                raise self._too_late(deadline)
            size += len(chunk)
            if size > self._size_limit:
                msg = f"{self._source}: the answer is larger than {self._size_limit} bytes, and was not read to its end"
                raise Incomplete(msg)
            chunks.append(chunk)
        return b"".join(chunks)

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember the connection, so that it can be hung up from outside."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            line = info["return_value"].get_extra_info("socket")
            if isinstance(line, socket.socket):
                self._sockets.append(line)
                if self._hung_up.is_set():  # while it connected
                    self._hang_up()

    def _end(self, thread: threading.Thread) -> None:
        """Hang up, and wait until the thread has let go of its line, which takes it no time.

        Whoever closes the client next would close that line under it, and the thread would go on reading (or writing,
        as TLS takes its leave) from whatever file is opened under the same number: a ledger, say.
        """
        self._hang_up()
        thread.join(_LEAVE)

    def _hang_up(self) -> None:
        """Wake the thread, which may sit in a read that goes on for as long as bytes drip in."""
        self._hung_up.set()
        for line in self._sockets:
            with contextlib.suppress(OSError):  # closed already: nothing is left to end
                socket.socket.shutdown(line, socket.SHUT_RDWR)

    def _cause(self, error: Exception) -> str:
        return printable(self._redact(str(error)), limit=_CAUSE) or type(error).__name__

    def _too_late(self, deadline: Deadline) -> DeadlineExceeded:
        return DeadlineExceeded(f"{self._source}: no complete answer within {deadline.seconds:g} s")


def _tls_of(response: "httpx.Response") -> str | None:
    stream = response.extensions.get("network_stream")
    line = None if stream is None else stream.get_extra_info("ssl_object")
    return None if line is None else line.version()
