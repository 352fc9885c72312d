"""Requests that change something at an HTTP server: sent once, whatever comes of it."""

import json

from apgms_ops.clients.http.answer import Answer
from apgms_ops.clients.http.client import HttpReader
from apgms_ops.deadline import Deadline


class HttpWriter(HttpReader):
    """A reader that can also be told to change something. Only commands make one, never a probe."""

    def post(self, path: str, body: object, *, deadline: Deadline, keep: bool = True) -> Answer:
        """Send a body as JSON, once, and return the answer.

        It is not tried again: what broke off in its middle may have taken effect.

        Raises:
            AccessDenied: 401 or 403.
            BadAnswer: A redirect, or no HTTP at all.
            Unreachable: Nobody answers.
            Incomplete: The answer broke off, or is too large.
            DeadlineExceeded: There was no answer in time; it may have taken effect all the same.
        """
        return self._send("POST", path, body, deadline, keep=keep)

    def put(self, path: str, body: object, *, deadline: Deadline, keep: bool = True) -> Answer:
        """Send a body as JSON by PUT, once, and return the answer; it raises what `post` raises."""
        return self._send("PUT", path, body, deadline, keep=keep)

    def _send(self, method: str, path: str, body: object, deadline: Deadline, *, keep: bool) -> Answer:
        source = f"{self.source}, {method} {path}"
        headers = self._headers | {"Content-Type": "application/json"}
        content = json.dumps(body).encode()
        url = f"{self._base}{self._target(path, ())}"
        reply = self._exchange(url, headers, source, method=method, content=content).perform(deadline)
        answer = Answer(source, reply.status, reply.headers, reply.body, self._recorder.redact)
        if keep:
            self._recorder.raw(f"{method} {path}", answer.text, answer.media_type or "text/plain")
        return self._accept(answer)
