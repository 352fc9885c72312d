"""Sets of a million ids, as digests of sixteen bytes: small enough to hold two of them, and to compare them. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

SIZE: Final = 16
_PARTS: Final = 256


@dataclass(slots=True)
class Digests:
    """A collection of digests, split by their first byte so that only a small part of it is ever a set of objects."""

    _parts: list[bytearray] = field(default_factory=lambda: [bytearray() for _ in range(_PARTS)])

    def add(self, digest: bytes) -> None:
        """Add one."""
        self._parts[digest[0]] += digest

    def add_all(self, pieces: Iterable[bytes]) -> None:
        """Add those of pieces, each of digests one after another."""
        parts = self._parts
        for piece in pieces:
            for at in range(0, len(piece), SIZE):
                parts[piece[at]] += piece[at : at + SIZE]

    def __len__(self) -> int:
        """How many there are, those that were added twice counted twice."""
        return sum(map(len, self._parts)) // SIZE

    def distinct(self) -> int:
        """Return how many different ones there are."""
        return sum(len(part) for part in self._sets())

    def missing_from(self, other: "Digests") -> list[bytes]:
        """Return those that are not in another collection, each once."""
        found: list[bytes] = []
        for own, theirs in zip(self._sets(), other._sets(), strict=True):  # noqa: SLF001 — another of ours
            found += sorted(own - theirs)
        return found

    def _sets(self) -> Iterator[set[bytes]]:
        for part in self._parts:
            whole = bytes(part)
            yield {whole[at : at + SIZE] for at in range(0, len(whole), SIZE)}
