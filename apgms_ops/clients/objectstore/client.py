"""The verbs of an object store (S3). It reads; it adds, and overwrites and deletes nothing."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from apgms_ops.clients.objectstore import bucket_settings, listing, parse
from apgms_ops.clients.objectstore.bucket_facts import COMPLIANCE, Ageing, Bucket, Copying
from apgms_ops.clients.objectstore.calling import call, once
from apgms_ops.clients.objectstore.connection import Connection
from apgms_ops.clients.objectstore.facts import Listed, Stored, Version
from apgms_ops.clients.objectstore.listing import MOST
from apgms_ops.clients.objectstore.survey import Survey, survey
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer
from apgms_ops.observation import Recorder
from apgms_ops.redact import printable
from apgms_ops.secret import Secret

_CHUNK: Final = 1 << 20


class ObjectStoreClient:
    """One bucket. Safe to use from several threads."""

    def __init__(  # noqa: PLR0913 — the section of the environment, and what comes in from outside
        self,
        *,
        url: str | None,
        region: str,
        bucket: str,
        access_key_id: Secret,
        secret_access_key: Secret,
        recorder: Recorder,
        ca_file: str | None = None,
        connections: int = 10,
    ) -> None:
        """Take an address; nothing is sent yet.

        Args:
            url: The endpoint; AWS's own for the region where it is None.
            region: The bucket's.
            bucket: Its name.
            access_key_id: Who asks.
            secret_access_key: What proves it; never sent.
            recorder: Keeps what was answered.
            ca_file: Certificates (PEM) to verify the endpoint by; the system's where it is None.
            connections: That are kept at most.
        """
        self.name = bucket
        self._connection = Connection(
            url=url,
            region=region,
            bucket=bucket,
            key=(access_key_id, secret_access_key),
            recorder=recorder,
            ca_file=ca_file,
            connections=connections,
        )

    @property
    def source(self) -> str:
        """What is asked, for people."""
        return self._connection.source

    def bucket(self, deadline: Deadline) -> Bucket:
        """Return how the bucket is protected: what is not set is an error of S3's, and a fact of ours.

        Raises:
            Unobserved: It cannot be found out; AccessDenied names the permission that S3 refuses.
        """
        return bucket_settings.protection(self._connection, deadline)

    def public_by_policy(self, deadline: Deadline) -> bool:
        """Return whether the bucket's policy lets anybody in; a bucket without a policy lets nobody.

        Raises:
            Unobserved: It cannot be found out.
        """
        return bucket_settings.public_by_policy(self._connection, deadline)

    def replication(self, deadline: Deadline) -> tuple[Copying, ...] | None:
        """Return the rules by which objects are copied to other buckets; None: replication was never set up.

        Raises:
            Unobserved: They cannot be found out.
        """
        return bucket_settings.replication(self._connection, deadline)

    def lifecycle(self, deadline: Deadline) -> tuple[Ageing, ...] | None:
        """Return the rules of what becomes of objects as they grow old; None: there are none.

        Raises:
            Unobserved: They cannot be found out.
        """
        return bucket_settings.lifecycle(self._connection, deadline)

    def region_of(self, bucket: str, deadline: Deadline) -> str:
        """Return the region of any bucket, such as one that is copied to: S3 tells it also who may do nothing there.

        Raises:
            NotThere: There is no such bucket.
            Unobserved: It cannot be found out.
        """
        region = self._connection.region_of(bucket, deadline)
        if region is None:
            msg = f"s3://{printable(bucket, limit=80)}: the answer does not say in which region it is"
            raise BadAnswer(msg)
        return region

    def versions(self, prefix: str, deadline: Deadline, *, most: int = MOST) -> Iterator[Version]:
        """Yield every version of every object whose name begins so, page by page, in S3's order.

        Raises:
            Incomplete: There are more than `most`.
            Unobserved: They cannot be listed.
        """
        return listing.versions(self._connection, prefix, deadline, most)

    def objects(self, prefix: str, deadline: Deadline, *, most: int = MOST) -> Iterator[Listed]:
        """Yield every object that is there and whose name begins so, page by page, in S3's order.

        It is lighter than `versions`, and keeps no more than a page.

        Raises:
            Incomplete: There are more than `most`.
            Unobserved: They cannot be listed.
        """
        return listing.objects(self._connection, prefix, deadline, most)

    def survey(self, prefix: str, deadline: Deadline, *, of: int = 1, most: int = MOST) -> Survey:
        """Return how many objects there are whose names begin so, how large, and the `of` newest and oldest.

        S3 lists by name alone: all of them are listed for it.

        Raises:
            Incomplete: There are more than `most`, so that which is the newest is not known.
            Unobserved: They cannot be listed.
        """
        return survey(self.objects(prefix, deadline, most=most), of)

    def newest(self, prefix: str, deadline: Deadline, *, of: int = 1, most: int = MOST) -> tuple[Listed, ...]:
        """Return the `of` newest objects whose names begin so, the newest of all first; empty where there is none.

        What is deleted does not count, and what has no content does: its size tells.

        Raises:
            Incomplete: There are more than `most`, so that which is the newest is not known.
            Unobserved: They cannot be listed.
        """
        return self.survey(prefix, deadline, of=of, most=most).newest

    def stored(self, key: str, deadline: Deadline, *, version: str | None = None, digest: bool = True) -> Stored:
        """Return what an object says of itself.

        Args:
            key: Its name.
            deadline: For all of it.
            version: Which; the newest where it is left out.
            digest: Whether to ask for its digest too, which of an object that is encrypted by a key of KMS is told
                only to who may decrypt with that key.

        Raises:
            NotThere: There is none, or its newest version is a delete marker.
            Unobserved: It cannot be found out.
        """
        which: dict[str, Any] = {} if version is None else {"VersionId": version}
        if digest:
            which["ChecksumMode"] = "ENABLED"
        return parse.stored(key, self._connection.ask("head_object", deadline, Key=key, **which))

    def add(  # noqa: PLR0913 — what is stored, and how
        self,
        key: str,
        file: Path,
        deadline: Deadline,
        *,
        sha256: str,
        until: datetime,
        metadata: Mapping[str, str],
    ) -> None:
        """Store a file under a name that is not taken yet, locked, and encrypted as the bucket says.

        It is not tried again here: whether an attempt that nobody answered was carried out, only a look tells.

        Args:
            key: The name.
            file: What.
            deadline: For all of it.
            sha256: Its digest: the store refuses what does not have it.
            until: First moment at which it may be deleted.
            metadata: ASCII.

        Raises:
            AlreadyThere: The name is taken; what is there was left as it is.
            Unobserved: Whether it is stored is not known.
        """

        def put() -> object:
            with file.open("rb") as body:
                return self._connection.s3.put_object(
                    Bucket=self.name,
                    Key=key,
                    Body=body,
                    ChecksumAlgorithm="SHA256",
                    ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode("ascii"),
                    IfNoneMatch="*",
                    Metadata=dict(metadata),
                    ObjectLockMode=COMPLIANCE,
                    ObjectLockRetainUntilDate=until,
                )

        once(put, f"storing {self.source}/{key}", deadline)

    def fetch(self, key: str, file: Path, deadline: Deadline, *, version: str | None = None) -> int:
        """Write an object's content into a new file, and return its size in bytes.

        Raises:
            NotThere: There is none.
            Unobserved: It cannot be had whole; then there is no file.
        """
        which = {} if version is None else {"VersionId": version}

        def get() -> int:
            answer = self._connection.s3.get_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED", **which)
            size = 0
            with closing(answer["Body"]) as body, file.open("wb") as out:
                for chunk in body.iter_chunks(_CHUNK):
                    deadline.require(f"reading {self.source}/{key}")
                    out.write(chunk)
                    size += len(chunk)
            return size

        try:
            return call(get, f"reading {self.source}/{key}", deadline, self._connection.recorder)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
