"""The bucket of the snapshots, as the programs of the image `kafka-tools` use it."""

import hashlib
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Final

from apgms_ops.sandbox.kafka_snapshots.settings import Settings

_CHUNK: Final = 1 << 20


class Store:
    """Reads and adds objects."""

    def __init__(self, settings: Settings) -> None:
        """Take where it is, and who asks."""
        import boto3  # noqa: PLC0415 — heavy
        from botocore.config import Config  # noqa: PLC0415 — heavy

        key = (Path(name).read_text(encoding="utf-8").strip() for name in (settings.id_file, settings.secret_file))
        self._bucket = settings.bucket
        self._s3: Any = boto3.session.Session(*key, region_name=settings.region).client(
            "s3",
            endpoint_url=settings.url,
            verify=settings.ca_file,
            config=Config(
                proxies={"http": "", "https": ""},
                s3={"addressing_style": "path"},
                connect_timeout=5,
                read_timeout=20,
                retries={"total_max_attempts": 3},
            ),
        )

    def put(self, key: str, body: IO[bytes] | bytes) -> None:
        """Store an object."""
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)

    def delete(self, key: str) -> None:
        """Delete an object: under a marker, where versions are kept."""
        self._s3.delete_object(Bucket=self._bucket, Key=key)

    def get(self, key: str) -> bytes:
        """Return a small object's content."""
        with closing(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]) as body:
            content: bytes = body.read()
        return content

    def fetch(self, key: str, into: IO[bytes]) -> str:
        """Write an object's content into a file, and return its SHA-256."""
        seen = hashlib.sha256()
        with closing(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]) as body:
            for chunk in body.iter_chunks(_CHUNK):
                seen.update(chunk)
                into.write(chunk)
        return seen.hexdigest()

    def snapshots(self, prefix: str, topic: str) -> list[int]:
        """Return the epochs of a topic's snapshots, in order: of those that have a manifest."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{prefix}/{topic}/")
        names = (item["Key"].split("/")[-2:] for page in pages for item in page.get("Contents", ()))
        return sorted(int(epoch) for epoch, name in names if name == "manifest.json" and epoch.isdecimal())
