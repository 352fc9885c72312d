"""Where in a log a secret could be: found at hundreds of megabytes a second, so that little is left to look at closely.

`apgms_ops.redact` knows what a secret looks like, and takes a second for two megabytes. RE2 reads once and never
backs up. What stands here finds a part of everything that those patterns mask, and more besides: what is found in
vain costs time only, what is missed is a secret in a bundle (tests/incidents/diagnostics/test_suspects.py).
"""

import re
from collections.abc import Iterable
from operator import mul
from typing import Any, Final

from apgms_ops.redact import TFN_WEIGHTS

_ANY: Final = rb"(?:[\xc2-\xf4][\x80-\xbf]{1,3})"
"""A character beyond ASCII: it may be a digit, a space or a dash of another script."""
_DIGIT: Final = rb"(?:[0-9]|" + _ANY + rb")"
_GAP: Final = rb"(?:[ \t-]|" + _ANY + rb"){0,2}"
_WORDS: Final = (
    # Names of secrets, and what headers are called that carry them.
    rb"passw|passphrase|pwd|secret|token|otp|(?:api|private|access|signing|encryption|routing|integration|service)[_.-]?"
    rb"key|x-amz-|tfn|tax[ _-]?file|authorization|cookie|(?:bearer|basic)(?:[ \t]|%20|\+)|hooks\.slack|-----begin"
    # A BSB; an account with its number.
    rb"|bsb|acc(?:oun)?t(?:[ _-]?(?:no|num|number))?[^0-9a-z_\n]{0,32}" + _DIGIT
)
_SHAPES: Final = (
    rb"eyJ|xox[abeoprs]-|xapp-|gh[oprsu]_|github_pat_|glpat-|npm_|AKIA|ASIA|AIza|pypi-|gl(?:sa|c)_"
    # A URL with a password; the long s and the Kelvin sign, which Python's `re` takes for an s and a k.
    rb"|://[^/\s:@\"'<>]{0,256}:[^/\s\"'<>@]{1,256}@|\xc5\xbf|\xe2\x84\xaa"
)
_NINE: Final = rb"(?:(?m:^)|[^0-9A-Za-z.\n]|\\[nrt])(" + (_DIGIT + rb"{3}" + _GAP) * 2 + _DIGIT + rb"{3})"
"""Nine digits, which may be a tax file number where nothing follows that belongs to them."""
_WORD: Final = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_ZEROS: Final = ord("0") * sum(TFN_WEIGHTS)
_MEMORY: Final = 64 << 20
"""Bytes that RE2 may use for its automata."""


class Suspects:
    """Finds where something begins that may be a secret."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """Take texts that are secret for sure, in every form in which they may occur."""
        # Imported here: only a bundle needs it.
        import re2  # type: ignore[import-untyped]  # noqa: PLC0415 — it has no types

        options: Any = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1  # bytes, whatever a service logs
        options.max_mem = _MEMORY
        literal = [re.escape(text.encode("utf-8", "surrogatepass")) for text in known if text]
        pattern = rb"|".join([rb"(?i:" + _WORDS + rb")", _SHAPES, *literal])
        self._secret: Any = re2.compile(pattern, options).search
        self._numbers: Any = re2.compile(_NINE, options).finditer

    def secret(self, text: bytes, start: int) -> int:
        """Return where the next one begins that is no tax file number; -1 where there is none.

        Args:
            text: What is looked through.
            start: The position from which on.
        """
        found = self._secret(text, start)
        return -1 if found is None else int(found.start())

    def number(self, text: bytes, start: int) -> int:
        """Return where the next tax file number may begin; -1 where there is none."""
        while True:
            for found in self._numbers(text, start):
                begin, end = found.span(1)
                if text[end : end + 1] and text[end] in _WORD:  # another nine may begin within these
                    start = found.start() + 1
                    break
                if _may_be_tax_file_number(text[begin:end]):
                    return int(begin)
            else:
                return -1


def _may_be_tax_file_number(nine: bytes) -> bool:
    """Whether nine digits have its check digit, which one number in eleven has; digits of other scripts are let be."""
    if not nine.isascii():
        return True
    digits = nine if len(nine) == len(TFN_WEIGHTS) else nine.translate(None, b" \t-")
    weighted: int = sum(map(mul, TFN_WEIGHTS, digits))
    return (weighted - _ZEROS) % 11 == 0
