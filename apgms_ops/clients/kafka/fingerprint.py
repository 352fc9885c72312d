"""One digest of the records of a partition: what they hold and their order, but not their offsets. Pure."""

import hashlib
from collections.abc import Iterable


class Fingerprint:
    """Takes records one after another. Two partitions with the same one hold the same records in the same order."""

    def __init__(self) -> None:
        """Begin with none."""
        self._seen = hashlib.sha256()
        self.records = 0
        """That were taken."""

    def take(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes | None]],
        timestamp: int | None,
    ) -> None:
        """Take the next record; its timestamp is in milliseconds since 1970."""
        named = [part for name, content in headers for part in (name.encode("utf-8", "surrogatepass"), content)]
        at = None if timestamp is None else str(timestamp).encode()
        for part in (at, key, value, str(len(named)).encode(), *named):
            # Lengths keep apart what would read alike once joined, and one that is no length stands for nothing at all.
            self._seen.update(b"-;" if part is None else b"%d;%b" % (len(part), part))
        self.records += 1

    @property
    def sha256(self) -> str:
        """The digest, lower-case hexadecimal."""
        return self._seen.hexdigest()
