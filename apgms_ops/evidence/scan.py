"""Looks through a run for what must not leave: secrets, tax file numbers, account numbers. Before it is locked away.

What a run writes was redacted as it was written (redact.py). This is the second pair of eyes: whatever bypassed that
(an attachment of somebody's own check, a file put beside the run, a secret that nobody had declared then) is found by
the same patterns. What cannot be looked through is a finding as well.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from apgms_ops.evidence import dsse, timestamp
from apgms_ops.evidence.files import listed, shown
from apgms_ops.redact import names_a_secret
from apgms_ops.secret import MASK

LARGEST: Final = 64 * 1024**2
"""Bytes of a file that are looked through; nothing that a run writes gets near it."""
_REFERENCE: Final = re.compile(r"(?:env:[A-Za-z_][A-Za-z0-9_]*|file:/\S*|(?:awskms|gcpkms|azurekms|hsm):\S+)\Z")
"""Where a secret is, which is none."""
_NINE: Final = re.compile(r"(?<!\d)\d{3}[ ,\u00a0\u2009\u202f]?\d{3}[ ,\u00a0\u2009\u202f]?\d{3}(?!\d)")
_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a file that must not leave; never the thing itself."""

    file: str
    where: str
    """`line 3`, or the keys that lead to it: `raw[2].text`."""
    what: str


def findings(folder: Path, redact: Callable[[str], str]) -> Iterator[Finding]:
    """Yield what must not leave a run's folder, file by file; of each file the first of it.

    Args:
        folder: The run's.
        redact: Masks what must not leave; it knows the environment's secrets as far as they can be read.

    Raises:
        EvidenceInvalid: Something in the folder is no file.
        OSError: A file cannot be read.
    """
    numbers = _Numbers(folder)
    for name, size in listed(folder):
        if name == timestamp.NAME:  # numbers and certificates of an authority, in DER
            continue
        if size > LARGEST:
            yield Finding(shown(name), "all of it", f"{size} bytes are too many to be looked through")
            continue
        data = (folder / name).read_bytes()
        found = _in_file(name, data, redact)
        if found is not None and found.digits:
            found = _in_file(name, data, lambda text: _but(text, redact, numbers.recorded))
        if found is not None:
            yield Finding(shown(name), found.where, found.what)


@dataclass(frozen=True, slots=True)
class _Found:
    where: str
    what: str
    digits: bool
    """Whether a number may be all that it is."""


def _in_file(name: str, data: bytes, redact: Callable[[str], str]) -> _Found | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _Found("all of it", "no text: it cannot be looked through for secrets", digits=False)
    try:
        if name == dsse.NAME:
            return _in_json(json.loads(base64.b64decode(json.loads(text)["payload"])), redact, "payload")
        if name.endswith(".jsonl"):
            parts = (_in_json(json.loads(line), redact, f"line {n}") for n, line in enumerate(text.splitlines(), 1))
            return next((found for found in parts if found is not None), None)
        if name.endswith(".json"):
            return _in_json(json.loads(text), redact, "")
    except (ValueError, KeyError, TypeError, RecursionError):
        pass  # it is called so, and is none: text like any other
    return _in_text(text, redact)


def _in_text(text: str, redact: Callable[[str], str]) -> _Found | None:
    clean = redact(text)
    if clean == text:
        return None
    before, after = text.splitlines(), clean.splitlines()
    number = next((n for n, (b, a) in enumerate(zip(before, after, strict=False), 1) if b != a), 1)
    return _Found(f"line {number}", "looks like a secret, a tax file number or an account", digits=True)


def _in_json(data: Any, redact: Callable[[str], str], where: str) -> _Found | None:  # noqa: ANN401 — whatever JSON holds
    if isinstance(data, str):
        if redact(data) == data:
            return None
        return _Found(where, "looks like a secret, a tax file number or an account", digits=True)
    if isinstance(data, Mapping):
        for key, value in data.items():
            place = f"{where}.{key}" if where else str(key)
            found = _named(str(key), value, place) or _in_json(str(key), redact, where)
            found = found or _in_json(value, redact, place)
            if found is not None:
                return found
    if isinstance(data, list):
        each = (_in_json(item, redact, f"{where}[{number}]") for number, item in enumerate(data))
        return next((found for found in each if found is not None), None)
    return None


def _named(key: str, value: object, where: str) -> _Found | None:
    if isinstance(value, str) and names_a_secret(key) and value not in ("", MASK) and not _REFERENCE.match(value):
        return _Found(where, "a value under a name that is a secret's", digits=False)
    return None


class _Numbers:
    """The nine-digit numbers that were recorded as numbers: offsets, cents and counts, which tables repeat."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def recorded(self) -> frozenset[str]:
        """Those of all observations; read where one is in doubt."""
        found: set[str] = set()
        for file in sorted((self._folder / "observations").glob("*.json")):
            try:
                found.update(_numbers(json.loads(file.read_bytes())))
            except (ValueError, RecursionError):
                continue
        return frozenset(found)


def _numbers(data: Any) -> Iterable[str]:  # noqa: ANN401 — whatever JSON holds
    if isinstance(data, Mapping):
        for value in data.values():
            yield from _numbers(value)
    elif isinstance(data, list):
        for value in data:
            yield from _numbers(value)
    elif isinstance(data, int) and len(str(abs(data))) == _DIGITS:
        yield str(abs(data))


def _but(text: str, redact: Callable[[str], str], typed: frozenset[str]) -> str:
    """Redact, but for the numbers that were recorded as such; text that only repeats them comes back as it was."""

    def without(part: str) -> str:
        return _NINE.sub(lambda m: "0" if "".join(filter(str.isdecimal, m.group())) in typed else m.group(), part)

    plain = without(text)
    if redact(plain) == plain:
        return text
    lines = [line if redact(without(line)) == without(line) else redact(line) for line in text.splitlines()]
    by_line = "\n".join(lines)
    # What spans several lines shows in the whole alone.
    return by_line if by_line.splitlines() != text.splitlines() else redact(text)
