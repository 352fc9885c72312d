"""Requests that change something at an HTTP server: sent once, whatever comes of it."""

import json

from apgms_ops.clients.http.answer import Answer
from apgms_ops.clients.http.client import HttpReader
from apgms_ops.deadline import Deadline


class HttpWriter(HttpReader):
    """A reader that can also be told to change something. Only commands make one, never a probe."""

    def post(self, path: str, body: object, *, deadline: Deadline) -> Answer:
        """Send a body as JSON, once, and return the answer.

        It is not tried again: what broke off in its middle may have taken effect.

        Raises:
            AccessDenied: 401 or 403.
            BadAnswer: A redirect, or no HTTP at all.
            Unreachable: Nobody answers.
            Incomplete: The answer broke off, or is too large.
            DeadlineExceeded: There was no answer in time; it may have taken effect all the same.
        """
        source = f"{self.source}, POST {path}"
        headers = self._headers | {"Content-Type": "application/json"}
        content = json.dumps(body).encode()
        url = f"{self._base}{self._target(path, ())}"
        reply = self._exchange(url, headers, source, method="POST", content=content).perform(deadline)
        answer = Answer(source, reply.status, reply.headers, reply.body, self._recorder.redact)
        self._recorder.raw(f"POST {path}", answer.text, answer.media_type or "text/plain")
        return self._accept(answer)
