"""Answers of the platform's services → facts, or `BadAnswer`. Pure."""

from http import HTTPStatus
from typing import Final

from apgms_ops.clients.gateway.facts import Health, LookUp, Standing, Version
from apgms_ops.clients.http.answer import Answer
from apgms_ops.clients.http.shape import field, mapping, rfc3339, text_field, wrong

_READY: Final = (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE)


def health(answer: Answer) -> Health:
    """Return the answer of a health route.

    Raises:
        BadAnswer: It is of another shape, or status and body contradict one another.
    """
    if answer.status not in _READY:
        answer.refuse("no answer of a health route")
    data = mapping(answer.json(), "health")
    ok = _truth(field(data, "ok", "health"), "health.ok")
    if ok != (answer.status == HTTPStatus.OK):
        answer.refuse("status and body contradict one another")
    found = mapping(data.get("checks", {}), "health.checks")
    return Health(ok, {name: _truth(value, f"health.checks.{name}") for name, value in found.items()})


def version(answer: Answer) -> Version:
    """Return the answer of `/version`.

    Raises:
        BadAnswer: It is of another shape.
    """
    if answer.status != HTTPStatus.OK:
        answer.refuse("no version")
    data = mapping(answer.json(), "version")
    texts = {key: text_field(data, key, "version") for key in ("service", "version", "gitSha", "environment")}
    empty = [key for key, value in texts.items() if not value]
    if empty:
        answer.refuse(f"version.{empty[0]} is empty")
    built_at = rfc3339(field(data, "builtAt", "version"), "version.builtAt")
    return Version(texts["service"], texts["version"], texts["gitSha"], built_at, texts["environment"])


def look_up(answer: Answer) -> LookUp:
    """Return the answer of a look-up.

    Raises:
        BadAnswer: It is of another shape, or of a status that says nothing of the number.
    """
    if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        _require_error(answer, "abn_invalid")
        return LookUp(Standing.INVALID, None, None)
    if answer.status == HTTPStatus.NOT_FOUND:
        # A route that is not there answers 404 as well: only the service's own error says that the number is not.
        _require_error(answer, "abn_unknown")
        return LookUp(Standing.UNKNOWN, None, None)
    if answer.status != HTTPStatus.OK:
        answer.refuse("no answer to a look-up")
    data = mapping(answer.json(), "look-up")
    status = text_field(data, "status", "look-up")
    if status not in {Standing.ACTIVE, Standing.CANCELLED}:
        wrong("look-up.status", "active or cancelled", status)
    return LookUp(Standing(status), text_field(data, "abn", "look-up"), text_field(data, "source", "look-up"))


def _require_error(answer: Answer, *names: str) -> None:
    error = text_field(mapping(answer.json(), "error"), "error", "error")
    if error not in names:
        answer.refuse(f"error {error!r} where {' or '.join(names)} was expected")


def _truth(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        wrong(where, "true or false", value)
    return value
