"""What is said of an answer that is not the expected one."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from apgms_ops.clients.gateway.journey_facts import Exchanged, Scalar
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings

T = TypeVar("T")


def shown(seen: Exchanged) -> str:
    """Return an answer in a few words: `409 period_open`."""
    error = seen.fields.get("error")
    return f"{seen.status} {error}" if isinstance(error, str) else str(seen.status)


def not_answered(seen: Exchanged, status: int, error: str | None = None) -> Iterator[str]:
    """Yield what is wrong, if a request was answered otherwise."""
    wanted = f"{status} {error}" if error else str(status)
    if seen.status != status or (error is not None and seen.fields.get("error") != error):
        yield f"{seen.what} ({seen.name}) was answered with {shown(seen)}, not {wanted}"


def differs(seen: Exchanged, field: str, wanted: Scalar) -> Iterator[str]:
    """Yield what is wrong, if a field is missing or something else: 1 is neither "1" nor true."""
    if field not in seen.fields:
        yield f"{seen.what} ({seen.name}): the answer has no {field}"
    elif not same(seen.fields[field], wanted):
        yield f"{seen.what} ({seen.name}): {field} is {seen.fields[field]!r}, not {wanted!r}"


def same(value: Scalar, wanted: Scalar) -> bool:
    """Whether two scalars are the same value of the same type."""
    return type(value) is type(wanted) and value == wanted


def each(items: Iterable[T], judge: Callable[[T], Iterable[str]]) -> Findings:
    """Return what is wrong with any of several; what could not be seen of one does not hide what was seen of another.

    Raises:
        Unobserved: One could not be judged, and nothing is wrong with the others.
    """
    found: list[str] = []
    unknown: list[Unobserved] = []
    for item in items:
        try:
            found.extend(judge(item))
        except Unobserved as error:
            unknown.append(error)
    if unknown and not found:
        raise unknown[0]
    return Findings(found)
