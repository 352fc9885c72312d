"""One call of S3: under a deadline, tried again where that is safe, its errors brought to ours."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

from apgms_ops.deadline import Deadline
from apgms_ops.errors import (
    AccessDenied,
    ApgmsOpsError,
    BadAnswer,
    DeadlineExceeded,
    Incomplete,
    RateLimited,
    Unobserved,
    Unreachable,
    WrongTarget,
)
from apgms_ops.observation import Recorder
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

T = TypeVar("T")

_TRIES: Final = 3
_BETWEEN: Final = 0.3
"""Seconds, doubled each time."""
_DENIED: Final = frozenset(
    {
        "403",
        "AccessDenied",
        "AllAccessDisabled",
        "ExpiredToken",
        "Forbidden",
        "InvalidAccessKeyId",
        "InvalidToken",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
_BUSY: Final = frozenset({"503", "SlowDown", "ServiceUnavailable", "Throttling", "RequestLimitExceeded"})
_BROKEN: Final = frozenset({"500", "502", "504", "InternalError", "RequestTimeout", "OperationAborted"})
_ELSEWHERE: Final = frozenset({"301", "307", "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"})


class NotThere(Unobserved):
    """There is no such object, bucket or setting; the code says which."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code, by which a caller tells what is not there."""
        super().__init__(message)
        self.code = code


class AlreadyThere(ApgmsOpsError):
    """An object of that name is there, and was left as it is."""


_KINDS: Final[tuple[tuple[frozenset[str], type[ApgmsOpsError]], ...]] = (
    (frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}), AlreadyThere),
    (_DENIED, AccessDenied),
    (_BUSY, RateLimited),
    # The bucket is in another region than the environment says.
    (_ELSEWHERE, WrongTarget),
    (_BROKEN, Unreachable),
)
_NOT_THERE: Final = frozenset(
    {
        "404",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchKey",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchVersion",
        "ObjectLockConfigurationNotFoundError",
        "ReplicationConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)


def call(work: Callable[[], T], doing: str, deadline: Deadline, recorder: Recorder) -> T:
    """Do something that may be done again, and try again where nobody or nobody in a state to do so answered.

    Args:
        work: Asks once.
        doing: For errors: "listing runs/production/ in apgms-evidence".
        deadline: For all of it.
        recorder: Hears of what was tried again.

    Raises:
        NotThere: There is no such thing.
        Unobserved: It could not be done.
    """
    pause = _BETWEEN
    for _ in range(_TRIES - 1):
        try:
            return once(work, doing, deadline)
        except (Unreachable, RateLimited, Incomplete) as error:
            if deadline.remaining <= pause:
                raise
            recorder.attempt(doing, str(error))
            deadline.pause(pause, doing)
            pause *= 2
    return once(work, doing, deadline)


def once(work: Callable[[], T], doing: str, deadline: Deadline) -> T:
    """Do something once, and return within the deadline, whatever the store does: it may drip its answer.

    Raises:
        AlreadyThere: It was to be done only where nothing was there.
        NotThere: There is no such thing.
        Unobserved: It could not be done.
    """
    left = deadline.require(doing)
    outcome: SimpleQueue[tuple[T | None, Exception | None]] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put((work(), None))
        except Exception as error:  # noqa: BLE001 — told to who waits
            outcome.put((None, error))

    threading.Thread(target=run, name=f"s3: {doing}"[:60], daemon=True).start()
    try:
        result, error = outcome.get(timeout=left)
    except Empty:
        msg = f"no answer within {deadline.seconds:g} s while {doing}"
        raise DeadlineExceeded(msg) from None
    if error is not None:
        raise _ours(error, doing) from error
    return result  # type: ignore[return-value]  # `work` returned it


def _ours(error: Exception, doing: str) -> Exception:
    from botocore import exceptions as its  # noqa: PLC0415 — heavy

    if isinstance(error, its.ClientError):
        return _refused(error, doing)
    if isinstance(error, its.IncompleteReadError | its.ResponseStreamingError | its.FlexibleChecksumError):
        return Incomplete(f"{doing}: the answer was broken off, or is not what was stored")
    if isinstance(error, its.SSLError):
        return Unreachable(f"{doing}: TLS: {printable(str(error), limit=300)}")
    if isinstance(error, its.HTTPClientError | its.ConnectionError):
        return Unreachable(f"{doing}: {printable(str(error), limit=300)}")
    if isinstance(error, its.BotoCoreError | ValueError | KeyError):
        return BadAnswer(f"{doing}: {type(error).__name__}: {printable(str(error), limit=300)}")
    return error


def _refused(error: "ClientError", doing: str) -> Exception:
    detail: dict[str, Any] = error.response.get("Error", {})
    code = str(detail.get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    said = f"{doing}: {printable(code, limit=60)}: {printable(str(detail.get('Message', '')), limit=200)}"
    if code in _NOT_THERE:
        return NotThere(code, said)
    for codes, kind in _KINDS:
        if code in codes:
            return kind(said)
    server = isinstance(status, int) and status >= 500  # noqa: PLR2004 — the server's own errors
    return Unreachable(said) if server else BadAnswer(said)
