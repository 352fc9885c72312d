"""How a record becomes a line and comes back, and what a manifest holds. Pure."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

FORMAT: Final = "apgms-kafka-snapshot/v1"
MANIFEST: Final = "manifest.json"
_TYPES: Final = {0: None, 1: "create", 2: "append"}
"""The driver's word for what a timestamp is → ours: none, the producer's, or the broker's."""

Header = tuple[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Record:
    """One record."""

    offset: int
    timestamp: int | None
    """Milliseconds since 1970."""
    timestamp_type: str | None
    """`create` or `append`; None where there is no timestamp."""
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]

    @classmethod
    def of(cls, message: Any) -> "Record":  # noqa: ANN401 — the driver's message
        """Take a message of the driver's."""
        kind, at = message.timestamp()
        name = _TYPES.get(kind)
        return cls(
            message.offset(),
            at if name else None,
            name,
            message.key(),
            message.value(),
            tuple(message.headers() or ()),
        )

    def line(self) -> bytes:
        """Return it as a line of JSON, with what is bytes in base64."""
        data = {
            "offset": self.offset,
            "timestamp": self.timestamp,
            "timestamp_type": self.timestamp_type,
            "key": _encoded(self.key),
            "value": _encoded(self.value),
            "headers": [[name, _encoded(value)] for name, value in self.headers],
        }
        return json.dumps(data, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> "Record":
        """Read what `line` wrote.

        Raises:
            ValueError, KeyError, TypeError: It is no such line.
        """
        data = json.loads(line)
        headers = tuple((str(name), _decoded(value)) for name, value in data["headers"])
        at, kind = data["timestamp"], data["timestamp_type"]
        return cls(int(data["offset"]), at, kind, _decoded(data["key"]), _decoded(data["value"]), headers)


@dataclass(frozen=True, slots=True)
class Part:
    """What a manifest says of one partition."""

    partition: int
    object: str
    """Its name within the snapshot's folder."""
    first: int
    """The oldest offset that was there."""
    next: int
    """The offset after the last one that was read."""
    records: int
    bytes: int
    """Of the object."""
    sha256: str
    """Of the object, lower-case hexadecimal."""

    def to_json(self) -> dict[str, Any]:
        """Return its entry."""
        return {name: getattr(self, name) for name in self.__slots__}


def folder(prefix: str, topic: str, epoch: int) -> str:
    """Return what the names of a snapshot's objects begin with."""
    return f"{prefix}/{topic}/{epoch}/"


def object_of(partition: int) -> str:
    """Return the name of a partition's object within that folder."""
    return f"{partition}.jsonl.gz"


def manifest(
    topic: str, taken_at: str, cluster_id: str, parts: Sequence[Part], groups: Mapping[str, Mapping[int, int | None]]
) -> bytes:
    """Return a manifest's content.

    Args:
        topic: Of which topic.
        taken_at: When the ends were read, in RFC 3339.
        cluster_id: Of which cluster.
        parts: Every partition.
        groups: Group → partition → the offset that it had committed; None where it had committed none.
    """
    data = {
        "format": FORMAT,
        "topic": topic,
        "taken_at": taken_at,
        "cluster_id": cluster_id,
        "isolation_level": "read_committed",
        "partitions": [part.to_json() for part in parts],
        "groups": {name: {str(p): offset for p, offset in sorted(own.items())} for name, own in sorted(groups.items())},
    }
    return json.dumps(data, indent=1).encode()


def _encoded(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode("ascii")


def _decoded(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)
