"""DER (X.690), as far as a timestamp needs it: one value at a time, lengths in their one shortest form."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Never

from apgms_ops.errors import EvidenceInvalid

INTEGER: Final = 0x02
OCTETS: Final = 0x04
NULL: Final = b"\x05\x00"
OID: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONTEXT_0: Final = 0xA0
_LONG: Final = 0x80
_MANY_BYTES: Final = 0x1F
_LONGEST: Final = 4
"""Bytes of a length."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its tag, its content, and itself as it was encoded."""

    tag: int
    content: bytes
    encoded: bytes


def values(data: bytes) -> Iterator[Value]:
    """Yield the values that stand one after another.

    Raises:
        EvidenceInvalid: It is no DER.
    """
    at = 0
    while at < len(data):
        begins, size = _head(data, at)
        end = begins + size
        if end > len(data):
            _refuse("a value is longer than what holds it")
        yield Value(data[at], data[begins:end], data[at:end])
        at = end


def inside(data: bytes, tag: int) -> list[Value]:
    """Return the values within the one value that `data` is.

    Raises:
        EvidenceInvalid: It is not one value of that tag, or holds no DER.
    """
    found = list(values(data))
    if len(found) != 1 or found[0].tag != tag:
        _refuse(f"one value of tag {tag:#04x} expected")
    return list(values(found[0].content))


def encode(tag: int, *contents: bytes) -> bytes:
    """Return a value of the contents, one after another."""
    content = b"".join(contents)
    if len(content) < _LONG:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, _LONG | len(size)]) + size + content


def oid(dotted: str) -> bytes:
    """Return an object identifier's value."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    content = bytearray()
    for number in (40 * first + second, *rest):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(_LONG | number & 0x7F)
        content += bytes(reversed(groups))
    return encode(OID, bytes(content))


def integer(number: int) -> bytes:
    """Return the value of an integer from 0 up."""
    return encode(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _head(data: bytes, at: int) -> tuple[int, int]:
    """Return where a value's content begins, and how many bytes it has."""
    if at + 1 >= len(data) or data[at] & _MANY_BYTES == _MANY_BYTES:
        _refuse("a value ends in its head, or has a tag of several bytes")
    size = data[at + 1]
    if size < _LONG:
        return at + 2, size
    count = size & ~_LONG
    encoded = data[at + 2 : at + 2 + count]
    if not 1 <= count <= _LONGEST or len(encoded) != count:
        _refuse("a length has no bytes, or too many")
    size = int.from_bytes(encoded, "big")
    if size < _LONG or encoded[0] == 0:
        _refuse("a length is not in its shortest form")
    return at + 2 + count, size


def _refuse(why: str) -> Never:
    msg = f"not DER: {why}"
    raise EvidenceInvalid(msg)
