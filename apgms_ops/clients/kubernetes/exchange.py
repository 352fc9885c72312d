"""One request to the API server and its answer, over within its deadline whatever hangs.

The official client's pool sends it. Its timeouts are those of single reads, and a program that hands out credentials
has none: so the exchange runs in a daemon thread, and the caller hangs up when time is over.
"""

import contextlib
import json
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from apgms_ops.clients.http.exchange import BrokenOff
from apgms_ops.clients.kubernetes.access import Line
from apgms_ops.deadline import Deadline
from apgms_ops.errors import ApgmsOpsError, BadAnswer, DeadlineExceeded, Incomplete, Unobserved, Unreachable
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

_CAUSE: Final = 200
_CHUNK: Final = 1 << 16
_OK: Final = 200
HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "apgms-ops"}


class Sink(Protocol):
    """Takes a good answer's body piece by piece."""

    def take(self, piece: bytes) -> None:
        """Take the next piece."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent."""

    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)
    body: object = None
    """JSON, or None."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: names of headers in lower case; no body where a sink took it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """One request, made once."""

    def __init__(  # noqa: PLR0913 — what one request is made of
        self,
        line: Line,
        request: Request,
        *,
        source: str,
        size_limit: int,
        redact: Callable[[str], str],
        sink: Sink | None = None,
    ) -> None:
        """Prepare it.

        Args:
            line: Sends it.
            request: What is sent.
            source: Who is asked for what, for errors.
            size_limit: Bytes of a body that are read at most.
            redact: Masks secrets in what an error quotes.
            sink: Takes the body of an answer of status 200, however large it is.
        """
        self._line = line
        self._request = request
        self._source = source
        self._size_limit = size_limit
        self._redact = redact
        self._sink = sink
        self._response: BaseHTTPResponse | None = None
        self._hung_up = threading.Event()

    def perform(self, deadline: Deadline) -> Reply:
        """Return the reply.

        Raises:
            DeadlineExceeded: It was not complete by the deadline.
            Unreachable: Nobody answered.
            BrokenOff: The answer ended in its middle.
            Incomplete: The body is larger than the limit.
            BadAnswer: What answered does not speak HTTP.
            ConfigurationError: There is no way to the server.
            AccessDenied: There are no credentials.
        """
        deadline.require(f"asking {self._source}")
        outcome: queue.SimpleQueue[Reply | ApgmsOpsError] = queue.SimpleQueue()
        threading.Thread(target=self._run, args=(deadline, outcome), name=self._source, daemon=True).start()
        try:
            result = outcome.get(timeout=deadline.remaining)
        except queue.Empty:
            self._hang_up()
            raise self._too_late(deadline) from None
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
        from urllib3 import exceptions  # noqa: PLC0415 — heavy

        try:
            response = self._response = self._send(deadline)
            # What was read to its end has gone back to the pool by then.
            with contextlib.closing(response):
                return Reply(
                    response.status,
                    {name.lower(): value for name, value in response.headers.items()},
                    self._body(response, deadline),
                )
        except exceptions.NewConnectionError as error:  # before its base class, which is that of timeouts
            msg = f"{self._source}: {self._cause(error)}"
            raise Unreachable(msg) from None
        except exceptions.TimeoutError:
            raise self._too_late(deadline) from None
        except exceptions.DecodeError as error:
            msg = f"{self._source}: the body is not of its declared encoding: {self._cause(error)}"
            raise BadAnswer(msg) from None
        except exceptions.ProtocolError as error:
            raise self._protocol(error) from None
        except (exceptions.SSLError, exceptions.ProxyError, OSError) as error:
            msg = f"{self._source}: {self._cause(error)}"
            raise Unreachable(msg) from None
        except (exceptions.HTTPError, ValueError, TypeError):
            # Not quoted: what cannot be sent may be the token.
            msg = f"{self._source}: the request cannot be written: its address or a header holds a character it may not"
            raise Unobserved(msg) from None

    def _send(self, deadline: Deadline) -> "BaseHTTPResponse":
        from urllib3.util import Timeout  # noqa: PLC0415 — heavy

        api: Any = self._line.api
        headers = {**self._request.headers, **self._line.authorization()}
        body = None
        if self._request.body is not None:
            body = json.dumps(self._request.body)
            headers["Content-Type"] = "application/json"
        seconds = deadline.require(f"asking {self._source}")
        response: BaseHTTPResponse = api.rest_client.pool_manager.request(
            self._request.method,
            f"{api.configuration.host}{self._request.path}",
            body=body,
            headers=headers,
            timeout=Timeout(connect=seconds, read=seconds),
            preload_content=False,
            retries=False,
            redirect=False,
        )
        return response

    def _body(self, response: "BaseHTTPResponse", deadline: Deadline) -> bytes:
        sink = self._sink if response.status == _OK else None
        chunks: list[bytes] = []
        size = 0
        for chunk in response.stream(_CHUNK, decode_content=True):
            if self._hung_up.is_set() or deadline.expired:
                raise self._too_late(deadline)
            if sink is not None:
                sink.take(chunk)
                continue
            size += len(chunk)
            if size > self._size_limit:
                msg = f"{self._source}: the answer is larger than {self._size_limit} bytes, and was not read to its end"
                raise Incomplete(msg)
            chunks.append(chunk)
        return b"".join(chunks)

    def _protocol(self, error: Exception) -> Unobserved:
        from http.client import BadStatusLine, RemoteDisconnected  # noqa: PLC0415 — beside its only use

        cause = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], Exception) else error
        if self._response is not None:
            return BrokenOff(f"{self._source}: the answer broke off: {self._cause(error)}")
        if isinstance(cause, RemoteDisconnected):
            return Unreachable(f"{self._source}: the connection was closed without an answer")
        if isinstance(cause, OSError):
            return Unreachable(f"{self._source}: {self._cause(cause)}")
        said = repr(str(cause)) if isinstance(cause, BadStatusLine) else self._cause(error)
        return BadAnswer(f"{self._source}: what answers there does not speak HTTP: {printable(said, limit=_CAUSE)}")

    def _hang_up(self) -> None:
        """Wake the thread, which may sit in a read that goes on for as long as bytes drip in."""
        self._hung_up.set()
        if self._response is not None:
            with contextlib.suppress(OSError, ValueError, RuntimeError):  # over already: nothing is left to end
                self._response.shutdown()

    def _cause(self, error: Exception) -> str:
        return printable(self._redact(str(error)), limit=_CAUSE) or type(error).__name__

    def _too_late(self, deadline: Deadline) -> DeadlineExceeded:
        return DeadlineExceeded(f"{self._source}: no complete answer within {deadline.seconds:g} s")
