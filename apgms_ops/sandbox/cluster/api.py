"""Requests to a Kubernetes API: JSON there and back, and watches, as the HTTP library of Python makes them."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, Final
from urllib.parse import quote, urlencode

from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.cluster.access import Access

Object = dict[str, Any]
MERGE: Final = "application/merge-patch+json"
GONE: Final = 410
NOT_FOUND: Final = 404
CONFLICT: Final = 409
_JSON: Final = "application/json"
_PATIENCE: Final = 5.0
"""Seconds for one request, where nothing else is said."""
_WATCH: Final = 240
"""Seconds after which the server ends a watch by itself."""
_FAILED: Final = 400
_SHOWN: Final = 300


class ApiError(SandboxError):
    """The API refused, or did not answer: then the status is 0."""

    def __init__(self, text: str, status: int, reason: str = "") -> None:
        """Take what to say, the HTTP status, and the reason of the Status object."""
        super().__init__(text)
        self.status = status
        self.reason = reason


class Api:
    """One API server, asked as one user. A connection a request: the node asks a few times a minute."""

    def __init__(self, access: Access) -> None:
        """Take where it is; nothing is connected yet."""
        self._access = access

    def get(self, path: str, patience: float = _PATIENCE) -> Object:
        """Return an object."""
        return self.request("GET", path, patience=patience)

    def list(self, path: str, **parameters: str) -> Object:
        """Return a whole list, in one page: its metadata and its items."""
        return self.request("GET", f"{path}?{urlencode(parameters)}" if parameters else path)

    def create(self, path: str, body: Object, patience: float = _PATIENCE) -> Object:
        """Create an object."""
        return self.request("POST", path, body, patience=patience)

    def merge(self, path: str, body: Object, patience: float = _PATIENCE) -> Object:
        """Change what `body` names of an object, by a merge patch."""
        return self.request("PATCH", path, body, media=MERGE, patience=patience)

    def delete(self, path: str, body: Object | None = None, patience: float = _PATIENCE) -> Object:
        """Delete an object."""
        return self.request("DELETE", path, body, patience=patience)

    def request(
        self, method: str, path: str, body: Object | None = None, *, media: str = _JSON, patience: float = _PATIENCE
    ) -> Object:
        """Ask one thing and return the answer.

        Raises:
            ApiError: It refused, or gave no good answer in time.
        """
        connection = self._connection(patience)
        with closing(connection):
            status, text = _exchange(connection, method, self._access.path + path, self._headers(media), body)
        if status >= _FAILED:
            raise _refused(method, path, status, text)
        return _decoded(text, f"{method} {path}")

    def watch(self, path: str, version: str, **parameters: str) -> Iterator[Object]:
        """Yield the events of a watch from a version on, until the server ends it.

        Raises:
            ApiError: It refused, or the connection broke.
        """
        query = parameters | {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(_WATCH),
        }
        connection = self._connection(_WATCH + _PATIENCE)
        with closing(connection):
            try:
                connection.request("GET", f"{self._access.path}{path}?{urlencode(query)}", headers=self._headers(_JSON))
                response = connection.getresponse()
                if response.status >= _FAILED:
                    refused = _refused("GET", path, response.status, response.read())
                    raise refused
                while line := response.readline():
                    yield _decoded(line, f"watching {path}")
            except (OSError, http.client.HTTPException) as error:
                msg = f"watching {path}: {str(error) or type(error).__name__}"
                raise ApiError(msg, 0) from error

    def _connection(self, patience: float) -> http.client.HTTPConnection:
        access = self._access
        if access.tls is None:
            return http.client.HTTPConnection(access.host, access.port, timeout=patience)
        return http.client.HTTPSConnection(access.host, access.port, timeout=patience, context=access.tls)

    def _headers(self, media: str) -> dict[str, str]:
        given = {"Authorization": f"Bearer {self._access.token}"} if self._access.token else {}
        return {"Accept": _JSON, "Content-Type": media, **given}


def namespaced(group: str, namespace: str, plural: str, name: str = "") -> str:
    """Return the path of a namespace's objects, or of one of them.

    Args:
        group: `v1`, or group and version as in `apps/v1`.
        namespace: Whose.
        plural: `pods`, `deployments`.
        name: Which one.
    """
    base = f"/api/{group}" if "/" not in group else f"/apis/{group}"
    return f"{base}/namespaces/{quote(namespace)}/{plural}" + (f"/{quote(name)}" if name else "")


def _exchange(
    connection: http.client.HTTPConnection, method: str, path: str, headers: Mapping[str, str], body: Object | None
) -> tuple[int, bytes]:
    try:
        connection.request(method, path, None if body is None else json.dumps(body), dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        why = "no answer in time" if isinstance(error, socket.timeout) else str(error) or type(error).__name__
        msg = f"{method} {path}: {why}"
        raise ApiError(msg, 0) from error


def _refused(method: str, path: str, status: int, text: bytes) -> ApiError:
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    told = answer if isinstance(answer, dict) else {"message": text.decode(errors="replace")[:_SHOWN]}
    return ApiError(f"{method} {path}: {status}: {told.get('message', '')}", status, str(told.get("reason", "")))


def _decoded(text: bytes, doing: str) -> Object:
    try:
        decoded = json.loads(text)
    except ValueError as error:
        msg = f"{doing}: the answer is no JSON: {text[:_SHOWN]!r}"
        raise ApiError(msg, 0) from error
    if not isinstance(decoded, dict):
        msg = f"{doing}: the answer is no object: {text[:_SHOWN]!r}"
        raise ApiError(msg, 0)
    return decoded
