"""Text that may carry a secret or personal data, made fit for a report; and text made fit for a terminal.

Redaction is for text. Typed numbers (offsets, cents, counts) are never passed through it: about one nine-digit number
in eleven has the check digit of a tax file number.
"""

import re
from collections.abc import Iterable

from apgms_ops.secret import MASK, Secret

_TFN_WEIGHTS = (1, 4, 3, 7, 5, 8, 6, 9, 10)
_TFN = re.compile(r"(?<![\w.])\d{3}[ -]?\d{3}[ -]?\d{3}(?![\w]|\.\d)")
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (_KEY_BLOCK, MASK),
    # A JWT, wherever it stands.
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"), MASK),
    # Tokens that their vendors gave a recognisable shape: Slack, GitHub, AWS, PagerDuty, Grafana.
    (re.compile(r"\bxox[abeoprs]-[\w-]{8,}|\bxapp-[\w-]{8,}"), MASK),
    (re.compile(r"\bgh[oprsu]_\w{20,}|\bgithub_pat_\w{20,}"), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MASK),
    (re.compile(r"\bgl(?:sa|c)_[\w=+/-]{20,}"), MASK),
    (re.compile(r"(?i)hooks\.slack\.com/services/[\w/]+"), f"hooks.slack.com/services/{MASK}"),
    # What a header or a URL gives away.
    (re.compile(r"(?i)\b((?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:\w+\s+)?)[^\s\"',;]+"), rf"\g<1>{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic|token token=)\s+(?=[\w+/=.~-]*[\d+/=._~-])[\w+/=.~-]{8,}"), rf"\g<1> {MASK}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^/\s:@\"']*):[^/\s@\"']+@"), rf"\g<1>:{MASK}@"),
    (
        # A named value: password=..., "client_secret": "...", sasl.password: ...
        re.compile(
            r"(?i)((?:[\w.-]*(?:password|passwd|secret|api[_.-]?key|private[_.-]?key|access[_.-]?token|refresh[_.-]?token"
            r"|auth[_.-]?token|session[_.-]?token)|pgpassword)[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&\"'}]+)"
        ),
        rf"\g<1>{MASK}",
    ),
    # A BSB with its account number, however it is introduced.
    (re.compile(r"(?i)\bbsb\W{0,3}\d{3}[ -]?\d{3}\b"), f"bsb {MASK}"),
    (
        re.compile(r"(?i)\b(acc(?:oun)?t(?:[ _-]?(?:no|num|number))?\.?[\"']?\s*[:=#]?\s*[\"']?)\d[\d -]{4,10}\d\b"),
        rf"\g<1>{MASK}",
    ),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def is_tax_file_number(digits: str) -> bool:
    """Say whether nine digits carry the check digit of an Australian tax file number (weighted sum divisible by 11)."""
    return (
        len(digits) == len(_TFN_WEIGHTS)
        and digits.isdecimal()
        and sum(w * int(d) for w, d in zip(_TFN_WEIGHTS, digits, strict=True)) % 11 == 0
    )


def _mask_tfn(match: re.Match[str]) -> str:
    text = match.group()
    return MASK if is_tax_file_number(re.sub(r"[ -]", "", text)) else text


class Redactor:
    """Masks what looks like a secret, and every value that is known to be one."""

    def __init__(self, known: Iterable[Secret] = ()) -> None:
        """Take the secrets that this run holds, so that they are masked wherever an answer repeats them."""
        # The longest first: a secret may contain another.
        self._known = sorted({s.reveal() for s in known}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return `text` with secrets, tax file numbers and account numbers masked."""
        for value in self._known:
            text = text.replace(value, MASK)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return _TFN.sub(_mask_tfn, text)


def printable(text: str, *, limit: int = 2000) -> str:
    """Return hostile text as one harmless line: no control characters, no bidirectional tricks, a bounded length.

    Line breaks become spaces, so that a log line cannot forge a second one; what is cut is said.
    """
    line = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))
    return line if len(line) <= limit else f"{line[:limit]}… ({len(line) - limit} characters cut)"
