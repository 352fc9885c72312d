r"""Rows from the text format of COPY: fields between tabs, `\N` for NULL, backslash escapes. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from apgms_ops.clients.postgres.facts import Value
from apgms_ops.clients.postgres.statement import Kind
from apgms_ops.errors import BadAnswer

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPED = re.compile(r"\\([0-7]{1,3}|x[0-9A-Fa-f]{1,2}|.)", re.DOTALL)
_NULL = r"\N"
_TRUTHS = {"t": True, "f": False}


def rows(chunks: Iterable[bytes], columns: Mapping[str, Kind]) -> Iterator[tuple[Value, ...]]:
    """Yield the rows of an answer that comes in pieces, each a tuple of values in the order of the columns.

    Raises:
        BadAnswer: A row has another number of fields, or a field is not of its column's kind.
    """
    parsers = [_PARSERS[kind] for kind in columns.values()]
    names = tuple(columns)
    for line in _lines(chunks):
        fields = line.split("\t")
        if len(fields) != len(parsers):
            msg = f"a row of {len(fields)} fields came where {len(parsers)} were asked for ({', '.join(names)})"
            raise BadAnswer(msg)
        yield tuple([None if field == _NULL else parse(field) for parse, field in zip(parsers, fields, strict=True)])


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        try:
            yield from [line.decode() for line in whole]
        except UnicodeDecodeError as error:
            msg = "a row is no UTF-8 text"
            raise BadAnswer(msg) from error
    if rest:
        msg = "the answer breaks off in the middle of a row"
        raise BadAnswer(msg)


def _text(field: str) -> str:
    return _ESCAPED.sub(_unescaped, field) if "\\" in field else field


def _unescaped(match: "re.Match[str]") -> str:
    code = match[1]
    if code[0] in "01234567":
        return chr(int(code, 8))
    if code[0] == "x" and len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, code)


def _integer(field: str) -> int:
    try:
        return int(field)
    except ValueError:
        raise _malformed(field, "a whole number") from None


def _boolean(field: str) -> bool:
    try:
        return _TRUTHS[field]
    except KeyError:
        raise _malformed(field, "t or f") from None


def _time(field: str) -> datetime:
    # `infinity`, and years before our era, are legal there and no moment here.
    try:
        at = datetime.fromisoformat(field)
    except ValueError:
        raise _malformed(field, "a time") from None
    if at.tzinfo is None:
        raise _malformed(field, "a time with its zone")
    return at.astimezone(UTC)


def _malformed(field: str, expected: str) -> BadAnswer:
    return BadAnswer(f"PostgreSQL answered {field!r:.60} where {expected} was asked for")


_PARSERS: Mapping[Kind, Callable[[str], Value]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.TIME: _time,
}


def one(found: Sequence[tuple[Value, ...]], what: str) -> tuple[Value, ...]:
    """Return the only row.

    Raises:
        BadAnswer: There is none, or more than one.
    """
    if len(found) != 1:
        msg = f"{what}: one row was asked for, and {len(found)} came"
        raise BadAnswer(msg)
    return found[0]
