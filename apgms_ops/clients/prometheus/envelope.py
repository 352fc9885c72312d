"""The frame around every answer of Prometheus: success, warnings, or an error with its type. Pure."""

from collections.abc import Mapping

from apgms_ops.clients.http.answer import Answer
from apgms_ops.clients.http.shape import field, list_field, mapping, text, text_field
from apgms_ops.errors import ApgmsOpsError, BadAnswer, DeadlineExceeded, Incomplete, Unobserved, Unreachable
from apgms_ops.redact import printable

_OK = 200
_UNAVAILABLE = 503
_QUOTED = 300

# By the error's type, which is more exact than the status: 500 stands for "internal" and for "not ready".
_ERRORS: Mapping[str, tuple[type[Unobserved], str]] = {
    "bad_data": (BadAnswer, "refuses the request"),
    "execution": (BadAnswer, "cannot execute the query"),
    "timeout": (DeadlineExceeded, "gave the query up for lack of time"),
    "canceled": (DeadlineExceeded, "cancelled the query"),
    "internal": (BadAnswer, "failed internally"),
    "unavailable": (Unreachable, "is not ready"),
    "not_found": (BadAnswer, "does not know what it was asked for"),
    "not_acceptable": (BadAnswer, "cannot answer in JSON"),
}


def data_of(answer: Answer) -> object:
    """Return `data` of a complete, successful answer.

    Raises:
        Unreachable: The server is starting, or not ready.
        DeadlineExceeded: It gave the query up.
        Incomplete: It answered with warnings: something is missing from the answer.
        BadAnswer: Anything else that is not the promised success.
    """
    if answer.status == _UNAVAILABLE and not answer.is_json:
        # So says a server whose storage is still being opened, in plain text, and a proxy that has lost it.
        msg = f"{answer.source}: starting, or gone behind its proxy (status 503): {answer.excerpt}"
        raise Unreachable(msg)
    envelope = mapping(answer.json(), answer.source)
    status = text_field(envelope, "status", answer.source)
    if status == "error":
        raise _error(envelope, answer)
    if status != "success" or answer.status != _OK:
        answer.refuse("neither a success nor an error")
    warnings = [text(w, f"{answer.source}: warnings") for w in _optional_list(envelope, "warnings", answer.source)]
    if warnings:
        quoted = printable(answer.redact("; ".join(warnings)), limit=_QUOTED)
        msg = f"{answer.source}: the answer is incomplete, it warns: {quoted}"
        raise Incomplete(msg)
    return field(envelope, "data", answer.source)


def _optional_list(data: Mapping[str, object], key: str, where: str) -> list[object]:
    return list_field(data, key, where) if data.get(key) is not None else []


def _error(envelope: Mapping[str, object], answer: Answer) -> ApgmsOpsError:
    # `data` may be filled all the same; a result that comes with an error is not used.
    kind = text_field(envelope, "errorType", answer.source)
    words = printable(answer.redact(text_field(envelope, "error", answer.source)), limit=_QUOTED)
    error, meaning = _ERRORS.get(kind, (BadAnswer, "answers with an error of an unknown type"))
    if words == "TSDB not ready":  # "internal" in some releases
        error, meaning = _ERRORS["unavailable"]
    return error(f"{answer.source}: {meaning} (status {answer.status}, {printable(kind, limit=40)}): {words}")
