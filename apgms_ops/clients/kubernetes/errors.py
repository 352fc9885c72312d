"""The API server's refusals, made our errors. Pure.

An error is a `Status` object, which no operation declares; what comes in its place is from something in between.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.http import Answer
from apgms_ops.errors import AccessDenied, BadAnswer, Incomplete, Unobserved, Unreachable
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from apgms_ops.clients.kubernetes.action import Action

_QUOTED: Final = 300
_UNAUTHENTICATED, _FORBIDDEN, _MISSING, _GONE = 401, 403, 404, 410
_REDIRECTS: Final = range(300, 400)
_BROKEN: Final = 500


class NotFound(Unobserved):
    """What was asked for is not there, or not any more."""


class Expired(Incomplete):
    """The list went on for longer than the server remembers: it must be begun again."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the API server says of a request that it did not serve."""

    code: int
    reason: str
    """One word: `Forbidden`, `NotFound`, `Expired`, …; empty where none is given."""
    message: str


def status_of(answer: Answer) -> Status | None:
    """Return the `Status` that an answer is, or None: then it is not the API server's own."""
    if not answer.is_json:
        return None
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return status(data) if isinstance(data, dict) else None


def status(data: dict[str, object]) -> Status | None:
    """Return the `Status` that a decoded answer is, or None."""
    if data.get("kind") != "Status" or data.get("apiVersion") != "v1":
        return None
    code, reason, message = data.get("code"), data.get("reason"), data.get("message")
    return Status(
        code if isinstance(code, int) and not isinstance(code, bool) else 0,
        reason if isinstance(reason, str) else "",
        message if isinstance(message, str) else "",
    )


def refused(answer: Answer, action: "Action | None", who: str) -> Unobserved:
    """Return our error for an answer that is none.

    Args:
        answer: Of a status other than 2xx.
        action: What was asked for; None where no permission is granted for it.
        who: With which credentials: "context apgms-production".
    """
    said = status_of(answer)
    words = _words(answer, said)
    kind, meaning = _meaning(answer.status, said)
    if answer.status == _UNAUTHENTICATED:
        wanted = f", which would need {action.grant}" if action is not None else ""
        needed = f"; they are those of {who}{wanted}"
    elif answer.status != _FORBIDDEN or action is None:
        needed = ""
    else:
        needed = f"; grant {action.grant}"
    return kind(f"{answer.source}: {meaning} (status {answer.status}): {words}{needed}")


_MEANINGS: Final[Mapping[int, tuple[type[Unobserved], str]]] = {
    _UNAUTHENTICATED: (AccessDenied, "the credentials were refused"),
    _FORBIDDEN: (AccessDenied, "access denied"),
    _MISSING: (NotFound, "not found"),
    _GONE: (Expired, "the list expired before its end"),
}


def _meaning(code: int, said: Status | None) -> tuple[type[Unobserved], str]:
    if code in _MEANINGS:
        return _MEANINGS[code]
    if code in _REDIRECTS:
        return BadAnswer, "a redirect is not an answer, and not followed"
    if code >= _BROKEN:
        return Unreachable, "the API server cannot answer"
    # What is refused in other words than the API server's was refused by something in between.
    return (Unobserved, "refused") if said is not None else (BadAnswer, "no answer of an API server")


def _words(answer: Answer, said: Status | None) -> str:
    if said is None:
        return answer.excerpt
    words = said.message or said.reason
    return printable(answer.redact(words), limit=_QUOTED) or "no reason is given"
