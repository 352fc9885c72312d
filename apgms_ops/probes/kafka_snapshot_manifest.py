"""What the manifest of a snapshot says: parsed strictly, for it decides what a restore produces. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

FORMAT: Final = "apgms-kafka-snapshot/v1"
MANIFEST: Final = "manifest.json"
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a manifest."""
_OBJECT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MOST: Final = 2**53


class ManifestInvalid(Exception):
    """It is not the manifest of that snapshot; the text says why, and is safe to print."""


@dataclass(frozen=True, slots=True)
class Part:
    """What it says of one partition."""

    partition: int
    object: str
    """Its object's name within the snapshot's folder."""
    first: int
    """The oldest offset that was there."""
    next: int
    """The offset after the last one that was read."""
    records: int
    bytes: int
    """Of the object."""
    sha256: str
    """Of the object, lower-case hexadecimal."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of it."""

    topic: str
    taken_at: datetime
    cluster_id: str
    parts: tuple[Part, ...]
    """In the order of the partitions, each once."""
    groups: dict[str, dict[str, int | None]]
    """Group → partition → the offset that it had committed; None where it had committed none."""


def parse(data: bytes, topic: str) -> Manifest:
    """Read the manifest of a snapshot of a topic.

    Raises:
        ManifestInvalid: It is truncated, garbled, of another format or of another topic.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        msg = "the manifest is no JSON: truncated, or garbled"
        raise ManifestInvalid(msg) from None
    try:
        return _manifest(found, topic)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        msg = f"the manifest is not whole ({type(error).__name__})"
        raise ManifestInvalid(msg) from error


def _manifest(found: Any, topic: str) -> Manifest:  # noqa: ANN401 — JSON
    if found["format"] != FORMAT:
        msg = f"the manifest is not of the format {FORMAT}"
        raise ManifestInvalid(msg)
    if found["topic"] != topic:
        msg = "the manifest is that of another topic"
        raise ManifestInvalid(msg)
    parts = tuple(sorted(map(_part, found["partitions"]), key=lambda part: part.partition))
    if not parts or [part.partition for part in parts] != list(range(len(parts))):
        msg = "the manifest does not name every partition once"
        raise ManifestInvalid(msg)
    if len({part.object for part in parts}) != len(parts):
        msg = "the manifest names one object for two partitions"
        raise ManifestInvalid(msg)
    return Manifest(topic, _time(found["taken_at"]), _text(found["cluster_id"]), parts, _groups(found["groups"]))


def _part(found: Mapping[str, Any]) -> Part:
    part = Part(
        partition=_whole(found["partition"]),
        object=_text(found["object"]),
        first=_whole(found["first"]),
        next=_whole(found["next"]),
        records=_whole(found["records"]),
        bytes=_whole(found["bytes"]),
        sha256=_text(found["sha256"]),
    )
    if part.next < part.first or not _SHA256.fullmatch(part.sha256) or not _OBJECT.fullmatch(part.object):
        raise ValueError
    return part


def _groups(found: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, int | None]]:
    return {
        _text(group): {
            str(_whole(int(number))): None if offset is None else _whole(offset) for number, offset in own.items()
        }
        for group, own in found.items()
    }


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MOST:
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _time(value: object) -> datetime:
    at = datetime.fromisoformat(_text(value))
    if at.tzinfo is None:
        raise ValueError
    return at
