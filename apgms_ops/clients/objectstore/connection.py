"""How one bucket is asked: boto3's client, of which nothing comes from the machine, and a question over it."""

import os
import threading
import weakref
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from apgms_ops.clients.objectstore.calling import NotThere, call
from apgms_ops.deadline import Deadline
from apgms_ops.observation import Recorder
from apgms_ops.redact import printable
from apgms_ops.secret import Secret

_TIMEOUT: Final = 20.0
"""Seconds for a connection, and for each read; the deadline ends all of it."""
_REGION: Final = "x-amz-bucket-region"
_TELLING: Final = frozenset({301, 400, 403})
"""Refusals with which S3 says all the same in which region a bucket is."""


class Connection:
    """To one bucket. Safe to use from several threads."""

    def __init__(  # noqa: PLR0913 — as the client's
        self,
        *,
        url: str | None,
        region: str,
        bucket: str,
        key: tuple[Secret, Secret],
        recorder: Recorder,
        ca_file: str | None,
        connections: int,
    ) -> None:
        """Take an address; nothing is sent yet. The key is its id, and what proves it."""
        self._url = url
        self._region = region
        self.bucket = bucket
        self._key = key
        self.recorder = recorder
        self._ca_file = ca_file
        self._connections = connections
        self._making = threading.Lock()

    @property
    def source(self) -> str:
        """What is asked, for people."""
        return f"s3://{self.bucket}"

    def ask(self, verb: str, deadline: Deadline, *, keep: bool = True, **arguments: object) -> Mapping[str, Any]:
        """Return the answer to a question about the bucket, without what is said of the exchange itself.

        Args:
            verb: Boto3's name of it.
            deadline: For all of it.
            keep: Whether it is recorded: a page of a listing is not.
            arguments: Of the verb, but for the bucket.

        Raises:
            NotThere: There is no such thing, or it is not set.
            Unobserved: It cannot be found out.
        """
        doing = f"{verb.replace('_', ' ')} of {self.source}/{arguments.get('Key', arguments.get('Prefix', ''))}"

        def work() -> Mapping[str, Any]:
            answer: Mapping[str, Any] = getattr(self.s3, verb)(Bucket=self.bucket, **arguments)
            return answer

        answer = call(work, doing, deadline, self.recorder)
        kept = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
        if keep:
            self.recorder.raw_json(doing, kept)
        return kept

    def setting(self, verb: str, deadline: Deadline, unset: str) -> Mapping[str, Any] | None:
        """Return a setting of the bucket, or None where S3 answers with the code that says that it is not set.

        Raises:
            Unobserved: It cannot be found out.
        """
        try:
            return self.ask(verb, deadline)
        except NotThere as error:
            if error.code == unset:
                return None
            raise

    def region_of(self, bucket: str, deadline: Deadline) -> str | None:
        """Return the region that S3 names for a bucket, also where it refuses all else; None: it names none.

        Raises:
            NotThere: There is no such bucket.
            Unobserved: It cannot be found out.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 — heavy

        doing = f"head bucket of s3://{printable(bucket, limit=80)}"

        def work() -> str | None:
            try:
                answer: Mapping[str, Any] = self.s3.head_bucket(Bucket=bucket)
            except ClientError as error:
                named = _named(error.response)
                if named is None:
                    raise
                return named
            return _named(answer, refused=False)

        region = call(work, doing, deadline, self.recorder)
        self.recorder.raw_json(doing, {"region": region})
        return region

    @property
    def s3(self) -> Any:  # noqa: ANN401 — boto3's clients have no types
        """Boto3's client: one, whichever thread asks first."""
        with self._making:
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


def _named(response: Mapping[str, Any], *, refused: bool = True) -> str | None:
    """Return the region that an answer's headers name, where it is one of those that can be believed."""
    said = response.get("ResponseMetadata", {})
    if refused and said.get("HTTPStatusCode") not in _TELLING:
        return None
    region = said.get("HTTPHeaders", {}).get(_REGION)
    return region if isinstance(region, str) and region else None
