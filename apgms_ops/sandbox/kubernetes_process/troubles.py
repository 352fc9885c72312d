"""Troubles: what goes wrong with the API on purpose, for whom and where, until it is called off."""

import json
import math
import threading
from dataclasses import dataclass, field, fields
from typing import Any, Final

from apgms_ops.sandbox.kubernetes_process.message import JSON, Request, Response, problem
from apgms_ops.sandbox.kubernetes_process.status import (
    FORBIDDEN,
    INTERNAL,
    REASONS,
    TOO_MANY,
    UNAUTHORIZED,
    UNAVAILABLE,
    Refused,
    unauthorized,
)

_KINDS: Final = ("answer", "hang", "slow")
_WORDS: Final = {
    FORBIDDEN: 'forbidden: User "{user}" cannot {method} path "{path}"',
    TOO_MANY: "the server has received too many requests and has asked us to try again later",
    INTERNAL: "Internal error occurred: etcdserver: request timed out",
    UNAVAILABLE: "apiserver is shutting down",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One order: `{"kind": "answer", "status": 429, "prefix": "/apis/apps", "share": 0.5}`."""

    kind: str
    """`answer` (with a status), `hang` (no answer until it is called off), `slow` (an answer that much later)."""
    prefix: str = "/"
    """Of the paths that it is about."""
    contains: str = ""
    """Also stands in them: `/log`."""
    user: str = ""
    """Whose requests, by the beginning of the name; everybody's where empty."""
    share: float = 1.0
    """Of those requests: of 0.25 every fourth one."""
    status: int = INTERNAL
    seconds: float = 0.0
    """How much later."""
    retry_after: int | None = None
    """What a 429 or 503 says; nothing where none is given."""
    body: str | None = None
    """An answer of its own in place of a Status, a login page perhaps."""
    content_type: str = JSON

    @classmethod
    def read(cls, order: object) -> "Trouble":
        """Read an order.

        Raises:
            ValueError: It is none; the text says why.
        """
        known = {each.name for each in fields(cls)}
        if not isinstance(order, dict) or set(order) - known or order.get("kind") not in _KINDS:
            msg = f"an order is an object of {', '.join(sorted(known))}; kind is one of {', '.join(_KINDS)}"
            raise ValueError(msg)
        trouble = cls(**order)
        numbers = (trouble.share, trouble.seconds, trouble.status)
        if not all(_number(number) for number in numbers):
            msg = "share, seconds and status are numbers"
            raise ValueError(msg)
        if not 0 < trouble.share <= 1 or trouble.seconds < 0:
            msg = "share is above 0 and at most 1, seconds at least 0"
            raise ValueError(msg)
        return trouble

    def meets(self, request: Request, user: str) -> bool:
        """Whether a request is one of those."""
        return request.path.startswith(self.prefix) and self.contains in request.path and user.startswith(self.user)

    def answer(self, request: Request, user: str) -> Response:
        """Return the answer to give."""
        if self.body is not None:
            return Response(self.status, self.body.encode(), self.content_type)
        if self.status == UNAUTHORIZED:
            return problem(unauthorized())
        words = _WORDS.get(self.status, REASONS.get(self.status, "it does not work"))
        message = words.format(user=user, method=request.method.lower(), path=request.path)
        retry: dict[str, Any] = {} if self.retry_after is None else {"retryAfterSeconds": self.retry_after}
        return problem(Refused(self.status, message, details=retry))


@dataclass(slots=True)
class _Owed:
    trouble: Trouble
    share: float = field(default=0.0)


class Troubles:
    """The troubles that there are, asked from any thread."""

    def __init__(self) -> None:
        """Begin without any."""
        self._owed: list[_Owed] = []
        self._changed = threading.Condition()
        self._called_off = 0

    def add(self, trouble: Trouble) -> None:
        """Make one more."""
        with self._changed:
            self._owed.append(_Owed(trouble))

    def clear(self) -> None:
        """Call all off; whoever was kept waiting is answered."""
        with self._changed:
            self._owed.clear()
            self._called_off += 1
            self._changed.notify_all()

    def count(self) -> int:
        """Return how many there are."""
        with self._changed:
            return len(self._owed)

    def meet(self, request: Request, user: str) -> Response | None:
        """Do to a request what is ordered: keep it waiting, or return what it is answered instead."""
        for trouble in self._due(request, user):
            if trouble.kind == "answer":
                return trouble.answer(request, user)
            self._wait(None if trouble.kind == "hang" else trouble.seconds)
        return None

    def _due(self, request: Request, user: str) -> list[Trouble]:
        due = []
        with self._changed:
            for owed in self._owed:
                if owed.trouble.meets(request, user):
                    owed.share += owed.trouble.share
                    if owed.share >= 1.0:
                        owed.share -= 1.0
                        due.append(owed.trouble)
        return due

    def _wait(self, seconds: float | None) -> None:
        with self._changed:
            now = self._called_off
            self._changed.wait_for(lambda: self._called_off != now, seconds)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def order(body: bytes) -> object:
    """Return the JSON of an order.

    Raises:
        ValueError: It is none.
    """
    return json.loads(body or b"{}")
