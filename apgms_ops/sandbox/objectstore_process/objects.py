"""What happens to objects behind S3's back: they are gone, empty or damaged, and no version tells of it."""

from http import HTTPStatus
from typing import Any

from apgms_ops.sandbox.objectstore_process.buckets import backend
from apgms_ops.sandbox.service_process.message import Refused


class Objects:
    """Changes objects, and remembers how they were. `key` is an object's name, or the beginning of one alone."""

    def __init__(self, bucket: str) -> None:
        """Take the bucket that is meant where an order names none."""
        self._bucket = bucket
        self._hidden: dict[tuple[str, str], list[Any]] = {}
        self._contents: dict[tuple[str, str], bytes] = {}

    def hide(self, body: dict[str, Any]) -> object:
        """Have an object gone, as if it had never been there: {"bucket", "key"}; or all that begin so: {"prefix"}."""
        bucket = str(body.get("bucket", self._bucket))
        keys = backend().buckets[bucket].keys
        gone = (
            [key for key in list(keys) if key.startswith(body["prefix"])] if "prefix" in body else [self._one(body)[1]]
        )
        for key in gone:
            self._hidden[bucket, key] = dict.pop(keys, key)  # moto's own knows no delete markers
        return {"keys": gone}

    def empty(self, body: dict[str, Any]) -> object:
        """Have an object without content: {"bucket", "key"}."""
        return self._write(body, lambda _before: b"")

    def damage(self, body: dict[str, Any]) -> object:
        """Flip one bit in the middle of an object: {"bucket", "key"}."""

        def flipped(before: bytes) -> bytes:
            half = len(before) // 2
            return before[:half] + bytes([before[half] ^ 1]) + before[half + 1 :]

        return self._write(body, flipped)

    def mend(self, body: dict[str, Any]) -> object:
        """Give a bucket back everything as it was: {"bucket"}."""
        name = str(body.get("bucket", self._bucket))
        keys = backend().buckets[name].keys
        for bucket, key in list(self._hidden):
            if bucket == name:
                dict.__setitem__(keys, key, self._hidden.pop((bucket, key)))
        for bucket, key in list(self._contents):
            if bucket == name:
                self._newest(bucket, key).value = self._contents.pop((bucket, key))
        return {}

    def _write(self, body: dict[str, Any], change: Any) -> object:  # noqa: ANN401 — a function of bytes
        bucket, key = self._one(body)
        found = self._newest(bucket, key)
        before = bytes(found.value)
        self._contents.setdefault((bucket, key), before)
        found.value = change(before)
        return {"key": key}

    def _one(self, body: dict[str, Any]) -> tuple[str, str]:
        bucket, wanted = str(body.get("bucket", self._bucket)), str(body["key"])
        found = sorted(key for key in backend().buckets[bucket].keys if key.startswith(wanted))
        if wanted in found:
            found = [wanted]
        if len(found) != 1:
            message = f"{len(found)} objects of {bucket} begin with {wanted}"
            raise Refused(HTTPStatus.NOT_FOUND, "not_found", message)
        return bucket, found[0]

    def _newest(self, bucket: str, key: str) -> Any:  # noqa: ANN401 — moto's
        return backend().buckets[bucket].keys[key]
