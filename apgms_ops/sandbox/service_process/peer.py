"""Another service, asked over connections that are kept."""

import http.client
import json
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from apgms_ops.sandbox.service_process.unavailable import TimedOut, Unavailable

_MOST_IDLE: Final = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other service answered."""

    peer: str
    status: int
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 — JSON
        """Return the body.

        Raises:
            Unavailable: It is no JSON.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Unavailable(self.peer, "its answer is no JSON") from error


class Peer:
    """One service at one address, for every thread of the process."""

    def __init__(self, name: str, host: str, port: int, seconds: float = 5.0) -> None:
        """Prepare to ask.

        Args:
            name: What it is called in errors.
            host: Where it is.
            port: Its port there.
            seconds: How long one answer may take in all.
        """
        self.name = name
        self._host = host
        self._port = port
        self._seconds = seconds
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        seconds: float | None = None,
    ) -> Answer:
        """Return the answer, whatever its status.

        A request that a kept connection refuses before anything came back is made once more over a new one.

        Args:
            method: GET, POST, …
            path: With its query.
            body: Sent as JSON.
            headers: `X-Correlation-Id`, `Idempotency-Key`, …
            seconds: How long it may take, if not as long as usual.

        Raises:
            TimedOut: There was no answer in time.
            Unavailable: Nobody answered.
        """
        data = None if body is None else json.dumps(body).encode()
        sent = {**(headers or {}), **({} if data is None else {"Content-Type": "application/json"})}
        until = time.monotonic() + (seconds or self._seconds)
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            with suppress(http.client.RemoteDisconnected, ConnectionError):
                return self._exchange(kept, until, method, path, data, sent)
        try:
            return self._exchange(self._connection(), until, method, path, data, sent)
        except (http.client.HTTPException, OSError) as error:
            raise Unavailable(self.name, type(error).__name__) from error

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._host, self._port)

    def _exchange(  # noqa: PLR0913, PLR0917 — the parts of a request
        self,
        connection: http.client.HTTPConnection,
        until: float,
        method: str,
        path: str,
        data: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        connection.timeout = max(0.001, until - time.monotonic())
        if connection.sock is not None:
            connection.sock.settimeout(connection.timeout)
        done = False
        try:
            connection.request(method, path, data, dict(headers))
            response = connection.getresponse()
            answer = Answer(self.name, response.status, response.read())
            done = not response.will_close
        except TimeoutError as error:
            raise TimedOut(self.name, "no answer in time") from error
        finally:
            if not done or not self._keep(connection):
                connection.close()
        return answer

    def _keep(self, connection: http.client.HTTPConnection) -> bool:
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
                return True
        return False
