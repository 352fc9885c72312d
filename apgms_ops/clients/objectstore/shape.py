"""The shapes that parts of an answer must have: anything else is an error, never a default. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Never

from apgms_ops.errors import BadAnswer


def mapping(value: object, where: str) -> Mapping[str, Any]:
    """Return an object's members.

    Raises:
        BadAnswer: It is none.
    """
    if not isinstance(value, Mapping):
        refuse(where, "an object")
    return value


def entries(value: object, where: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list, which may be empty.

    Raises:
        BadAnswer: It is none.
    """
    if not isinstance(value, list):
        refuse(where, "a list")
    return [mapping(one, where) for one in value]


def text(value: object, where: str) -> str:
    """Return text that is not empty.

    Raises:
        BadAnswer: It is none.
    """
    if not isinstance(value, str) or not value:
        refuse(where, "text")
    return value


def number(value: object, where: str) -> int:
    """Return a whole number from 0 on.

    Raises:
        BadAnswer: It is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        refuse(where, "a number from 0 on")
    return value


def truth(value: object, where: str) -> bool:
    """Return true or false.

    Raises:
        BadAnswer: It is neither.
    """
    if not isinstance(value, bool):
        refuse(where, "true or false")
    return value


def time(value: object, where: str) -> datetime:
    """Return an aware time, in UTC.

    Raises:
        BadAnswer: It is none.
    """
    if not isinstance(value, datetime) or value.tzinfo is None:
        refuse(where, "a time with its zone")
    return value.astimezone(UTC)


def refuse(where: str, expected: str) -> Never:
    """Say what is wrong with an answer.

    Raises:
        BadAnswer: Always.
    """
    msg = f"the object store's answer is malformed: {where}: {expected} expected"
    raise BadAnswer(msg)
