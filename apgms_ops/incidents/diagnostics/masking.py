"""Masks a log as it comes, in a bounded memory."""

import re
from typing import BinaryIO, Final

from apgms_ops.incidents.diagnostics.suspects import Suspects
from apgms_ops.redact import Redactor, without_tax_file_numbers

_BLOCK: Final = 1 << 18
"""Bytes that are masked at a time."""
_LONGEST: Final = 1 << 20
"""Bytes of a line; of a longer one only its end is told, as a secret could lie across any cut."""
_SPAN: Final = 1 << 16
"""Bytes over which a secret may go on: somebody who logs the beginning of a private key does not hide what follows."""
_NAME: Final = 256
"""Bytes at the end of a line that are looked at for a name."""
_CONTEXT: Final = 4
"""Lines that a name and its value may be spread over."""
_NAME_FIRST: Final = re.compile(
    rb"(?i:name(?:\\{0,3}[\"']|&quot;|%22)?\s{0,4}:?\s{0,4}(?:\\{0,3}[\"']|&quot;|%22)?\s{0,4}\Z)"
)
"""How a line ends after which the secret's name comes."""
_NAMED_LAST: Final = re.compile(
    rb"(?i)(?:passw|passphrase|pwd|secret|token|otp|key|x-amz-|tfn|number)[\w.-]{0,64}(?:\\{0,3}[\"']|&quot;|%22)?"
    rb"\s{0,40}(?:,\s{0,40}|[:=]\s{0,8}[|>][+-]?\s{0,8})?\Z"
    rb"|" + _NAME_FIRST.pattern
)
"""How a line ends whose secret stands on the next: `name: DB_PASSWORD`, `password: |`."""
# Harmless in a terminal, too: of the control characters, tabs and line breaks are left.
_HARMLESS: Final = bytes.maketrans(_CONTROLS := bytes([*range(9), *range(11, 32), 127]), b"?" * len(_CONTROLS))
_BEGIN: Final = b"-----BEGIN"
_END: Final = b"-----END"


class Masked:
    """A file that keeps a log without its secrets. Takes what an exchange reads, piece by piece."""

    def __init__(self, file: BinaryIO, redactor: Redactor, suspects: Suspects) -> None:
        """Write to `file` what `redactor` leaves of it, which looks only where `suspects` finds something."""
        self._file = file
        self._redact = redactor
        self._suspects = suspects
        self._held = b""
        self._endless = False

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        if self._endless:
            _, found, piece = piece.partition(b"\n")
            if not found:
                return
            self._endless = False
        self._held += piece.translate(_HARMLESS)
        if len(self._held) >= _BLOCK:
            self._write(last=False)

    def close(self) -> None:
        """Write what was held back. The file stays open."""
        self._write(last=True)

    def _write(self, *, last: bool) -> None:
        held = self._lines(self._held, last=last)
        # The last lines wait for those after them, with which they may hold a secret together.
        end = len(held) if last else _back(held, held.rfind(b"\n") + 1, _CONTEXT)
        rest = self._mask(held[:end], last=last)
        self._held = rest + held[end:]

    def _lines(self, held: bytes, *, last: bool) -> bytes:
        """Return what is held, but for what a line has over a megabyte."""
        begin = held.rfind(b"\n") + 1
        if last or len(held) - begin <= _LONGEST:
            return held
        self._endless = True
        return held[:begin] + b"(a line of more than a megabyte was left out)\n"

    def _mask(self, block: bytes, *, last: bool) -> bytes:
        """Write a block of whole lines, masked, and return its end where that has to wait for what follows."""
        place = 0
        secret, number = self._suspects.secret(block, 0), self._suspects.number(block, 0)
        while secret >= 0 or number >= 0:
            found = min(one for one in (secret, number) if one >= 0)
            start, end, complete, alone = _start(block, place, found), _line_end(block, found), True, False
            if not 0 <= secret < end and not _NAMED_LAST.search(block[start:end].rstrip(b"\n")[-_NAME:]):
                alone = True  # nothing but tax file numbers, in the most frequent case by far
            else:
                end, complete = _end(block, start, found)
            self._file.write(block[place:start])
            if not (complete or last or end - start > _SPAN):
                return block[start:]
            text = block[start:end].decode(errors="replace")
            self._file.write((without_tax_file_numbers if alone else self._redact)(text).encode(errors="replace"))
            place = end
            secret = self._suspects.secret(block, place) if 0 <= secret < place else secret
            number = self._suspects.number(block, place) if 0 <= number < place else number
        self._file.write(block[place:])
        return b""


def _start(block: bytes, place: int, found: int) -> int:
    """Return where the lines begin that belong to what was found."""
    start = block.rfind(b"\n", place, found) + 1 or place
    before = _back(block, start, 1)
    return before if before >= place and _NAME_FIRST.search(block[before : max(before, start - 1)]) else start


def _end(block: bytes, start: int, found: int) -> tuple[int, bool]:
    """Return where the lines end that belong to what was found, and whether they do so within the block."""
    begin, end = start, _line_end(block, found)
    wanted, named = 0, False
    while end - start < _SPAN:
        if block.rfind(_BEGIN, start, end) > block.rfind(_END, start, end):
            closed = block.find(_END, end, start + _SPAN)
            begin, end = end, _line_end(block, closed if closed >= 0 else min(len(block), start + _SPAN))
            if closed < 0:
                return end, end - start >= _SPAN
            continue
        if _NAMED_LAST.search(block[begin:end].rstrip(b"\n")[-_NAME:]):
            wanted, named = _CONTEXT, True
        if not wanted and not (named and block[end : end + 1] in {b" ", b"\t", b""}):
            return end, True
        if end == len(block):
            return end, False
        wanted = max(0, wanted - 1)
        begin, end = end, _line_end(block, end)
    return end, True


def _line_end(block: bytes, place: int) -> int:
    """Return where the line after this place's begins."""
    found = block.find(b"\n", place)
    return len(block) if found < 0 else found + 1


def _back(block: bytes, place: int, lines: int) -> int:
    """Return where the line begins that is so many before this place; 0 where there are not so many."""
    for _ in range(lines):
        place = block.rfind(b"\n", 0, max(0, place - 1)) + 1
    return place
