"""What stands before moto: the switches of the faults, and what S3 does that moto does not."""

import base64
import hashlib
import io
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIEnvironment

from apgms_ops.sandbox.objectstore_process.buckets import region_of
from apgms_ops.sandbox.service_process.switches import Spec, Switches

Application = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]

SWITCHES: Final = Spec(flags=("hang", "refuse", "slow_down", "truncate"))
"""Never answers; answers 403; answers 503; breaks off within the body."""
_HANGING: Final = 0.1
"""Seconds between looks at whether it still is to hang."""
_CHECKSUM: Final = "HTTP_X_AMZ_CHECKSUM_SHA256"
_SCOPE: Final = re.compile(r"Credential=[^/,]+/[0-9]{8}/[a-z0-9-]+/([a-z0-9]+)/aws4_request")
"""Of a signature; it names the service."""


class Front:
    """The WSGI application that the server runs."""

    def __init__(self, moto: Application, switches: Switches) -> None:
        """Take moto's own application."""
        self._moto = moto
        self._switches = switches
        self._changing = threading.Lock()
        self._end = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        while self._switches.on("hang") and not self._end.wait(_HANGING):
            pass
        if self._switches.on("refuse"):
            return _error(start_response, "403 Forbidden", "AccessDenied", "Access Denied")
        if self._switches.on("slow_down"):
            return _error(start_response, "503 Slow Down", "SlowDown", "Please reduce your request rate.")
        if environ["REQUEST_METHOD"] == "HEAD":
            return self._answered(environ, _naming_region(environ, start_response))
        if environ["REQUEST_METHOD"] != "PUT":
            return self._answered(environ, start_response)
        if not _as_said(environ):
            message = "The SHA256 you specified did not match the calculated checksum."
            return _error(start_response, "400 Bad Request", "BadDigest", message)
        # Of two at once that ask for "only if it is not there", S3 takes one; moto looks first and writes then.
        with self._changing:
            return list(self._moto(environ, start_response))

    def _answered(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = b"".join(self._moto(environ, start_response))
        return _broken_off(body) if self._switches.on("truncate") else [body]


def _naming_region(environ: WSGIEnvironment, start_response: StartResponse) -> StartResponse:
    """Have a bucket's region be named also to who may not look into it, as S3 does; moto refuses, and says no more."""
    path = environ["PATH_INFO"].strip("/")
    region = None if "/" in path else region_of(path)

    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:  # noqa: ANN401 — as WSGI has it
        named = [("x-amz-bucket-region", region)] if region is not None and status.startswith("403") else []
        return start_response(status, [*headers, *named], *error)

    return start


def _broken_off(body: bytes) -> Iterator[bytes]:
    """Yield half of a body, and have the connection closed: the headers have said how much comes."""
    yield body[: len(body) // 2]
    raise BrokenPipeError


def _as_said(environ: WSGIEnvironment) -> bool:
    """Whether the body has the SHA-256 that the request says, if it says one; S3 stores nothing else."""
    said = environ.get(_CHECKSUM)
    if said is None:
        return True
    body: bytes = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    return bool(base64.b64encode(hashlib.sha256(body).digest()).decode("ascii") == said)


def _error(start_response: StartResponse, status: str, code: str, message: str) -> list[bytes]:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body.encode("ascii")]


def moto() -> Application:
    """Return moto's applications as one: S3, and IAM for who may do what.

    Its own dispatcher looks through its folders for a service with each request, which takes as long as the answer.
    """
    from moto.moto_server.werkzeug_app import create_backend_app  # noqa: PLC0415 — heavy

    _list_without_contents()
    applications: dict[str, Any] = {service: create_backend_app(service) for service in ("s3", "iam")}

    def dispatch(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        answer: Iterable[bytes] = applications["iam" if scope and scope[1] == "iam" else "s3"](environ, start_response)
        return answer

    return dispatch


def _list_without_contents() -> None:
    """Have moto list versions without copying what they hold.

    It copies every object of the bucket for each page of ListObjectVersions: a gigabyte in a few minutes of checks.
    """
    from moto.s3.models import FakeKey  # noqa: PLC0415 — heavy

    def listed(key: Any, _memo: dict[int, Any]) -> Any:  # noqa: ANN401 — moto's
        _ = key.etag  # worked out once, from the content
        made = FakeKey.__new__(FakeKey)
        # Closed with the copy, as moto does with a content of its own; sizes are attributes.
        made.__dict__.update(key.__dict__ | {"_value_buffer": io.BytesIO(), "multipart": None, "disposed": True})
        return made

    FakeKey.__deepcopy__ = listed  # type: ignore[attr-defined]  # it has none of its own


def ask_who() -> None:
    """Have moto verify from now on who asks, and what they may."""
    from moto import settings  # noqa: PLC0415 — heavy

    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
