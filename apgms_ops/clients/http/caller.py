"""Requests of any kind, each made once and timed; any status is an answer, for refusals are what is to be seen."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from apgms_ops.clients.http.answer import Answer
from apgms_ops.clients.http.client import HttpReader, Params
from apgms_ops.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Called:
    """An answer, how long it took, and what it came through."""

    answer: Answer
    at: datetime
    """When it was sent, by our clock."""
    took: float
    """Seconds, from the call to the last byte; the connection is part of it where there was none yet."""
    tls: str | None
    """`TLSv1.3`; None where it came in the open."""


class HttpCaller(HttpReader):
    """Calls one server. Nothing is tried again, and nothing is recorded but by who calls."""

    def call(  # noqa: PLR0913 — the parts of a request
        self,
        method: str,
        path: str,
        params: Params = (),
        *,
        deadline: Deadline,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Called:
        """Send a request, once, and return the answer whatever its status.

        Args:
            method: GET, or what changes something.
            path: Begins with a slash.
            params: The query.
            deadline: For all of it.
            headers: Sent with it.
            body: Sent as JSON, unless it is None.

        Raises:
            Unreachable: Nobody answers.
            Incomplete: The answer broke off, or is too large; the request may have taken effect.
            BadAnswer: No HTTP at all.
            DeadlineExceeded: There was no answer in time; the request may have taken effect all the same.
        """
        source = f"{self.source}, {method} {path}"
        sent = self._headers | dict(headers or {})
        if body is not None:
            sent["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        exchange = self._exchange(
            f"{self._base}{self._target(path, params)}", sent, source, method=method, content=content
        )
        at, began = self._now(), time.monotonic()
        reply = exchange.perform(deadline)
        took = time.monotonic() - began
        answer = Answer(source, reply.status, reply.headers, reply.body, self._recorder.redact)
        return Called(answer, at, took, reply.tls)
