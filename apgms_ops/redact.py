"""Text that may carry a secret or personal data, made fit for a report; and text made fit for a terminal.

Redaction is for text. Typed numbers (offsets, cents, counts) are never passed through it: about one nine-digit number
in eleven has the check digit of a tax file number. `values` redacts the text within decoded data, not its numbers.

Every pattern begins with something that it must find, and repeats nothing without end that it may have to give back:
the work stays proportional to the text, whatever a hostile service logs (tests/test_redact.py).
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, quote_plus

from apgms_ops.secret import MASK, Secret

_NAMES = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token|otp|(?:api|private|access|secret|signing|encryption|routing|integration"
    r"|service)[_.-]?key(?![_.-]?id)|x-amz-(?:signature|credential)|tfn|tax[ _-]?file[ _-]?number)"
)
_QUOTE = r"(?:\\{0,3}[\"']|&quot;|%22)"
# The value of a named secret: quoted (closed by the quote that opened it, however often that is escaped), a block of
# YAML, or a bare word. A comma, semicolon or bracket within a bare word belongs to it, at its end it does not.
_VALUE = (
    r"(?:[bru]?(?P<open>\\{0,3}[\"']|&quot;|%22)(?P<quoted>.*?)(?P<close>(?<!\\)(?P=open)|(?=[\r\n])|\Z)"
    r"|(?P<block>[|>][+-]?[ \t]*\n(?:[ \t]+[^\n]*\n?)+)"
    r"|(?P<bare>(?:[^\s\"'&,;)}\]\[{<]|[,;)}\]<](?![\s\"'<]|\Z)|&(?![\w.-]{1,64}=)|(?<=[^\s:=])[\[{])+))"
)
_NAMED = re.compile(
    rf"(?i)(?P<name>{_NAMES})(?P<separator>(?P<named>{_QUOTE}?)(?:[ \t]{{0,8}}(?:=>|[:=]|%3[AD])[ \t]{{0,8}}|>))"
    rf"{_VALUE}"
)
_OPTION = re.compile(
    rf"(?i)(?P<name>(?<!-)--[a-z-]{{0,40}}{_NAMES})(?P<separator>(?P<named>)[ \t]{{1,8}})(?!-){_VALUE}"
)
# What Kubernetes makes of an environment: {"name": "DB_PASSWORD", "value": "…"}, in JSON or YAML.
_PAIR = re.compile(
    rf"(?i)(?P<name>\bname{_QUOTE}?\s{{0,4}}:\s{{0,4}}{_QUOTE}?[\w.-]{{0,60}}?{_NAMES}[\w.-]{{0,60}})"
    rf"(?P<separator>{_QUOTE}?\s{{0,40}},?\s{{0,40}}(?P<named>{_QUOTE}?)value{_QUOTE}?\s{{0,4}}:\s{{0,4}}){_VALUE}"
)
_SECRET_WORD = re.compile(rf"(?i){_NAMES}\Z")
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r".*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_DOTTED = re.compile(r"[\w.-]{15,}")
_PLAIN: tuple[tuple[re.Pattern[str], str], ...] = (
    # Tokens that their vendors gave a recognisable shape: Slack, GitHub, AWS, Grafana, GitLab, npm, PyPI, Google. No
    # word boundary before them: in escaped JSON, the line break before one reads as the letter n.
    (re.compile(r"xox[abeoprs]-[\w-]{8,}|xapp-[\w-]{8,}"), MASK),
    (re.compile(r"gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|npm_[A-Za-z0-9]{30,}"), MASK),
    (re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Z])|AIza[\w-]{35}|pypi-[\w-]{30,}"), MASK),
    (re.compile(r"gl(?:sa|c)_[\w=+/-]{20,}"), MASK),
    (re.compile(r"(?i)hooks\.slack\.com/services/[\w/]+"), f"hooks.slack.com/services/{MASK}"),
    # What a header gives away. With a scheme, all of the value goes.
    (
        re.compile(
            rf"(?i)((?:proxy-)?authorization{_QUOTE}?[ \t]{{0,8}}[:=][ \t]{{0,8}}\[?{_QUOTE}?)"
            r"(?:(?:bearer|basic|digest|token|negotiate|ntlm|apikey|aws4-[\w-]{1,30})[ \t]+[^\r\n\"'\\]+|[^\s\"',;\\]+)"
        ),
        rf"\g<1>{MASK}",
    ),
    (
        re.compile(rf"(?i)((?:set-)?cookie{_QUOTE}?[ \t]{{0,8}}[:=][ \t]{{0,8}}\[?{_QUOTE}?)[^\r\n\"'\\]+"),
        rf"\g<1>{MASK}",
    ),
    (
        re.compile(
            r"(?i)\b(bearer|basic)(?:[ \t]{1,8}|%20|\+)(?:(?=[a-z+/=.~_-]{0,40}\d)[\w+/=.~-]{8,}|[\w+/=.~-]{20,})"
        ),
        rf"\g<1> {MASK}",
    ),
    # And a URL. A password may contain an @; the last one before the path ends it.
    (re.compile(r"(://[^/\s:@\"'<>]{0,256}):[^/\s\"'<>@]+(?:@[^/\s\"'<>@]+)*@"), rf"\g<1>:{MASK}@"),
    # A BSB and an account number, however they are introduced.
    (re.compile(r"(?i)bsb([ _-]?(?:no|num|number|code))?([^\w\n]{0,8})\d{3}[ -]?\d{3}(?!\d)"), rf"bsb\g<1>\g<2>{MASK}"),
    (
        re.compile(
            r"(?i)(acc(?:oun)?t(?:[ _-]?(?:no|num|number))?[^\w\n]{0,8})(?!\d{4}-\d\d-\d\d)\d[\d -]{4,10}\d(?![\w-])"
        ),
        rf"\g<1>{MASK}",
    ),
    (re.compile(r"(?i)(\b(?:tfn|tax file n(?:o|umber))\b[^\d\n]{0,12})\d[\d -]{6,10}\d(?!\d)"), rf"\g<1>{MASK}"),
)
TFN_WEIGHTS = (1, 4, 3, 7, 5, 8, 6, 9, 10)
"""Of the digits of a tax file number: their sum, so weighted, is divisible by eleven."""
_GAP = r"[ \t\u00a0\u2009\u202f\u2010-\u2013-]{0,2}"
_TFN = re.compile(rf"(?:(?<![\w.])|(?<=\\[nrt])|(?<=_))\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{3}}(?!\w|\.\d)")
_NOT_SECRET = frozenset({"null", "none", "true", "false", MASK})
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_SHORTEST_LINE = 16
"""Characters from which a line of a secret that has several is a secret of its own."""


def is_tax_file_number(digits: str) -> bool:
    """Say whether nine digits carry the check digit of an Australian tax file number (weighted sum divisible by 11)."""
    return (
        len(digits) == len(TFN_WEIGHTS)
        and digits.isdecimal()
        and sum(w * int(d) for w, d in zip(TFN_WEIGHTS, digits, strict=True)) % 11 == 0
    )


def without_tax_file_numbers(text: str) -> str:
    """Return `text` with tax file numbers masked, and nothing else."""
    return _TFN.sub(_mask_tfn, text)


def names_a_secret(name: str) -> bool:
    """Say whether a key names a secret: `password`, `client_secret`, `accessToken`."""
    return _SECRET_WORD.search(name[-80:]) is not None


def _mask_tfn(match: re.Match[str]) -> str:
    text = match.group()
    return MASK if is_tax_file_number("".join(c for c in text if c.isdecimal())) else text


def _mask_named(match: re.Match[str]) -> str:
    before = match["name"] + match["separator"]
    if match["open"] is not None:
        kept = not match["quoted"] or match["quoted"].lower() in _NOT_SECRET
        return match.group() if kept else f"{before}{match['open']}{MASK}{match['close']}"
    if match["block"] is not None:
        return f"{before}{MASK}\n"
    bare = match["bare"]
    prose = match["name"].lower().endswith("token") and match["separator"].endswith(" ") and bare.isalpha()
    if bare.lower() in _NOT_SECRET or (prose and len(bare) < _SHORTEST_LINE):
        return match.group()  # "token: expired" is a cause, and has no secret in it
    # A JSON number stays JSON.
    return f'{before}"{MASK}"' if match["named"] == '"' else f"{before}{MASK}"


def _mask_jwt(match: re.Match[str]) -> str:
    parts = match.group().split(".")
    for number, part in enumerate(parts[:-1]):
        start = part.find("eyJ")
        if start >= 0 and len(part) - start >= 8 and len(parts[number + 1]) >= 5:  # noqa: PLR2004 — shortest parts
            return ".".join([*parts[:number], part[:start] + MASK])
    return match.group()


def _variants(value: str) -> set[str]:
    """Return a secret as it looks once it went through JSON, a URL, `repr`, base64, or line by line."""
    found = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        quote(value, safe="", errors="replace"),
        quote(value, errors="replace"),
        quote_plus(value, errors="replace"),
    }
    found |= {line for line in value.splitlines() if len(line) >= _SHORTEST_LINE}
    data = value.encode("utf-8", "surrogatepass")
    if len(data) >= 6:  # noqa: PLR2004 — below, its inner base64 is too short to mean anything
        for lead in range(3):
            # Where it stands in a longer text (user:password) shifts base64; only the characters that its own bits
            # make up alone are the same in every text.
            encoded = base64.b64encode(b"\0" * lead + data).decode("ascii").rstrip("=")
            inner = encoded[0 if lead == 0 else lead + 1 : len(encoded) if (lead + len(data)) % 3 == 0 else -1]
            found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


class Redactor:
    """Masks what looks like a secret, and every value that is known to be one."""

    def __init__(self, known: Iterable[Secret] = ()) -> None:
        """Take the secrets that this run holds, so that they are masked wherever an answer repeats them."""
        # The longest first: a secret may contain another.
        variants = {variant for secret in known for variant in _variants(secret.reveal())}
        self._known = sorted(variants, key=lambda variant: (-len(variant), variant))

    @property
    def known(self) -> tuple[str, ...]:
        """What is secret for sure, in every form that is masked."""
        return tuple(self._known)

    def __call__(self, text: str) -> str:
        """Return `text` with secrets, tax file numbers and account numbers masked."""
        text = self._without_known(text)
        text = _KEY_BLOCK.sub(MASK, text)
        text = _DOTTED.sub(_mask_jwt, text)
        for pattern, replacement in _PLAIN:
            text = pattern.sub(replacement, text)
        for pattern in (_PAIR, _NAMED, _OPTION):
            text = pattern.sub(_mask_named, text)
        return without_tax_file_numbers(text)

    def _without_known(self, text: str) -> str:
        for value in self._known:
            text = text.replace(value, MASK)
        return text


def values(data: object, redact: Callable[[str], str]) -> object:
    """Return decoded data with its text redacted, and its numbers as they were: they are typed, and evidence.

    What stands under a key that names a secret is masked whatever its type.
    """
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, Mapping):
        secret = names_a_secret(str(data.get("name", "")))
        return {
            redact(str(key)): MASK
            if (names_a_secret(str(key)) or (secret and key == "value")) and not _bland(value)
            else values(value, redact)
            for key, value in data.items()
        }
    if isinstance(data, list | tuple | set | frozenset):
        return [values(item, redact) for item in data]
    return data if data is None or isinstance(data, bool | int | float) else redact(str(data))


def _bland(value: object) -> bool:
    return value is None or isinstance(value, bool | Mapping | list | tuple) or value == ""


def printable(text: str, *, limit: int = 2000) -> str:
    """Return hostile text as one harmless line: no control characters, no bidirectional tricks, a bounded length.

    Line breaks become spaces, so that a log line cannot forge a second one; what is cut is said.
    """
    line = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))
    return line if len(line) <= limit else f"{line[:limit]}… ({len(line) - limit} characters cut)"
