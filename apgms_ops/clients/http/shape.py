"""Parsed JSON → what a parser needs of it, or `BadAnswer` that names the place. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Never

from apgms_ops.errors import BadAnswer
from apgms_ops.redact import printable

_SHOWN = 60


def wrong(where: str, expected: str, value: object) -> Never:
    """Raise `BadAnswer`: what stands at `where` is not what was expected."""
    shown = printable(repr(value), limit=_SHOWN)
    msg = f"{where} is not {expected}: {shown}"
    raise BadAnswer(msg)


def mapping(value: object, where: str) -> Mapping[str, object]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        wrong(where, "an object", value)
    return value


def sequence(value: object, where: str) -> list[object]:
    """Return a JSON array."""
    if not isinstance(value, list):
        wrong(where, "an array", value)
    return value


def text(value: object, where: str) -> str:
    """Return a string that can be written as UTF-8 (JSON allows half a surrogate pair, and evidence does not)."""
    if not isinstance(value, str):
        wrong(where, "a string", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        wrong(where, "Unicode text", value)
    return value


def number(value: object, where: str) -> float:
    """Return a finite JSON number; a boolean is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        wrong(where, "a number", value)
    try:
        result = float(value)
    except OverflowError:
        wrong(where, "a number of a sane size", value)
    if result in (float("inf"), float("-inf")):  # 1e999 is legal JSON
        wrong(where, "a number of a sane size", value)
    return result


def field(data: Mapping[str, object], key: str, where: str) -> object:
    """Return a required field.

    Raises:
        BadAnswer: It is missing. A field that is absent is never taken for its default.
    """
    if key not in data:
        msg = f"{where} has no field {key!r}"
        raise BadAnswer(msg)
    return data[key]


def text_field(data: Mapping[str, object], key: str, where: str) -> str:
    """Return a required string field."""
    return text(field(data, key, where), f"{where}.{key}")


def number_field(data: Mapping[str, object], key: str, where: str) -> float:
    """Return a required number field."""
    return number(field(data, key, where), f"{where}.{key}")


def list_field(data: Mapping[str, object], key: str, where: str) -> list[object]:
    """Return a required array field."""
    return sequence(field(data, key, where), f"{where}.{key}")


def texts(value: object, where: str) -> dict[str, str]:
    """Return an object whose values are all strings."""
    return {text(k, where): text(v, f"{where}.{k}") for k, v in mapping(value, where).items()}


def unix_time(value: object, where: str) -> datetime:
    """Return seconds since 1970 as a time in UTC."""
    seconds = number(value, where)
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        wrong(where, "a time", value)


def rfc3339(value: object, where: str) -> datetime:
    """Return an RFC 3339 time, which must name its zone, in UTC; digits beyond microseconds are cut."""
    try:
        at = datetime.fromisoformat(text(value, where))
    except ValueError:
        wrong(where, "a time (RFC 3339)", value)
    if at.tzinfo is None:
        wrong(where, "a time with its zone", value)
    try:
        return at.astimezone(UTC)
    except (OverflowError, ValueError):
        wrong(where, "a time", value)
