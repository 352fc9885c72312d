"""The verbs of an object store (S3). It reads; it adds, and overwrites and deletes nothing."""

import base64
import os
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from apgms_ops.clients.objectstore import parse
from apgms_ops.clients.objectstore.calling import NotThere, call, once
from apgms_ops.clients.objectstore.facts import COMPLIANCE, Bucket, Stored, Version
from apgms_ops.deadline import Deadline
from apgms_ops.errors import BadAnswer, Incomplete
from apgms_ops.observation import Recorder
from apgms_ops.secret import Secret

_TIMEOUT: Final = 20.0
"""Seconds for a connection, and for each read; the deadline ends all of it."""
_CHUNK: Final = 1 << 20
MOST: Final = 200_000
"""Versions that a listing is followed for, unless told otherwise."""
_PAGE: Final = 1000
"""Versions of a page: the most that S3 gives."""


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
        self._url = url
        self._region = region
        self.name = bucket
        self._key = (access_key_id, secret_access_key)
        self._recorder = recorder
        self._ca_file = ca_file
        self._connections = connections
        self._making = threading.Lock()

    @property
    def source(self) -> str:
        """What is asked, for people."""
        return f"s3://{self.name}"

    def bucket(self, deadline: Deadline) -> Bucket:
        """Return how the bucket is protected: what is not set is an error of S3's, and a fact of ours.

        Raises:
            Unobserved: It cannot be found out; AccessDenied names the permission that S3 refuses.
        """
        lock = self._setting("get_object_lock_configuration", deadline, "ObjectLockConfigurationNotFoundError")
        locking, mode, retention = (False, None, None) if lock is None else parse.default_lock(lock)
        encryption = self._setting("get_bucket_encryption", deadline, "ServerSideEncryptionConfigurationNotFoundError")
        public = self._setting("get_public_access_block", deadline, "NoSuchPublicAccessBlockConfiguration")
        return Bucket(
            name=self.name,
            region=parse.region(self._ask("get_bucket_location", deadline)),
            versioned=parse.versioned(self._ask("get_bucket_versioning", deadline)),
            locking=locking,
            default_mode=mode,
            default_retention=retention,
            encryption=None if encryption is None else parse.encryption(encryption),
            public=parse.all_unblocked() if public is None else parse.unblocked(public),
        )

    def versions(self, prefix: str, deadline: Deadline, *, most: int = MOST) -> Iterator[Version]:
        """Yield every version of every object whose name begins so, page by page, in S3's order.

        Raises:
            Incomplete: There are more than `most`.
            Unobserved: They cannot be listed.
        """
        marks: dict[str, str] = {}
        count = 0
        while True:
            page = self._ask("list_object_versions", deadline, keep=False, Prefix=prefix, MaxKeys=_PAGE, **marks)
            for kind, marker in (("Versions", False), ("DeleteMarkers", True)):
                for item in page.get(kind, ()):
                    count += 1
                    if count > most:
                        msg = f"more than {most} versions in {self.source}/{prefix}: the rest was not read"
                        raise Incomplete(msg)
                    yield parse.version(item, marker=marker)
            if not page.get("IsTruncated"):
                return
            following = {"KeyMarker": page.get("NextKeyMarker"), "VersionIdMarker": page.get("NextVersionIdMarker")}
            after = {name: str(value) for name, value in following.items() if value}
            if not after or after == marks:
                msg = f"{self.source}: a listing that says it goes on, and not where"
                raise BadAnswer(msg)
            marks = after

    def stored(self, key: str, deadline: Deadline, *, version: str | None = None) -> Stored:
        """Return what an object says of itself.

        Raises:
            NotThere: There is none, or its newest version is a delete marker.
            Unobserved: It cannot be found out.
        """
        which: dict[str, Any] = {} if version is None else {"VersionId": version}
        return parse.stored(key, self._ask("head_object", deadline, Key=key, ChecksumMode="ENABLED", **which))

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
                return self._s3.put_object(
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
            answer = self._s3.get_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED", **which)
            size = 0
            with closing(answer["Body"]) as body, file.open("wb") as out:
                for chunk in body.iter_chunks(_CHUNK):
                    deadline.require(f"reading {self.source}/{key}")
                    out.write(chunk)
                    size += len(chunk)
            return size

        try:
            return call(get, f"reading {self.source}/{key}", deadline, self._recorder)
        except BaseException:
            file.unlink(missing_ok=True)
            raise

    def _setting(self, verb: str, deadline: Deadline, unset: str) -> Mapping[str, Any] | None:
        try:
            return self._ask(verb, deadline)
        except NotThere as error:
            if error.code == unset:
                return None
            raise

    def _ask(self, verb: str, deadline: Deadline, *, keep: bool = True, **arguments: object) -> Mapping[str, Any]:
        doing = f"{verb.replace('_', ' ')} of {self.source}/{arguments.get('Key', arguments.get('Prefix', ''))}"

        def work() -> Mapping[str, Any]:
            answer: Mapping[str, Any] = getattr(self._s3, verb)(Bucket=self.name, **arguments)
            return answer

        answer = call(work, doing, deadline, self._recorder)
        kept = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
        if keep:
            self._recorder.raw_json(doing, kept)
        return kept

    @property
    def _s3(self) -> Any:  # noqa: ANN401 — boto3's clients have no types
        with self._making:  # one, whichever thread asks first
            return self._made

    @cached_property
    def _made(self) -> Any:  # noqa: ANN401 — boto3's clients have no types
        """What boto3 makes of the address: nothing of it from the machine's own AWS files or variables."""
        import boto3  # noqa: PLC0415 — heavy
        import botocore.session  # noqa: PLC0415 — heavy
        from botocore.config import Config  # noqa: PLC0415 — heavy

        nowhere = {"config_file": (None, None, os.devnull, None), "credentials_file": (None, None, os.devnull, None)}
        bare = botocore.session.Session({**nowhere, "profile": (None, None, None, None)})
        session = boto3.session.Session(
            aws_access_key_id=self._key[0].reveal(),
            aws_secret_access_key=self._key[1].reveal(),
            region_name=self._region,
            botocore_session=bare,
        )
        config = Config(
            connect_timeout=_TIMEOUT,
            read_timeout=_TIMEOUT,
            max_pool_connections=self._connections,
            retries={"total_max_attempts": 1, "mode": "standard"},  # how often, the deadline says
            proxies={"http": "", "https": ""},  # as all our clients: those of the environment's variables are not used
            ignore_configured_endpoint_urls=True,
            s3={"addressing_style": "auto" if self._url is None else "path"},
        )
        verify = True if self._ca_file is None else self._ca_file
        made = session.client("s3", endpoint_url=self._url, verify=verify, config=config)
        weakref.finalize(self, made.close)
        return made
