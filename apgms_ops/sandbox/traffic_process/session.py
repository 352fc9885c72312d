"""A customer of the platform: logs in through the edge, keeps its token fresh, and survives a platform that is away."""

import http.client
import json
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from apgms_ops.sandbox.service_process import totp
from apgms_ops.sandbox.service_process.tenants import Credentials

_TIMEOUT: Final = 5.0
_LOGIN: Final = "/v1/auth/login"
_RENEW: Final = 0.75
"""Of a token's life, after which another one is fetched."""


class Session:
    """One kept connection and one token. For one thread."""

    def __init__(self, url: str, credentials: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare to log in.

        Args:
            url: The edge.
            credentials: The private file that holds what to log in with.
            clock: Counts seconds.
        """
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
        self._credentials = credentials
        self._clock = clock
        self._token = ""
        self._renew_at = 0.0

    def ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, key: str | None = None
    ) -> tuple[int, dict[str, Any]] | None:
        """Make a request and return status and body of the answer; None where there is none, or no token to be had.

        Args:
            method: GET or POST.
            path: With its query.
            body: Sent as JSON.
            key: Its idempotency key.
        """
        if not self._authorised():
            return None
        headers = {"Authorization": f"Bearer {self._token}"} | ({"Idempotency-Key": key} if key else {})
        answer = self._exchange(method, path, body, headers)
        if answer is not None and answer[0] == http.HTTPStatus.UNAUTHORIZED:
            self._token = ""  # revoked, or of a gateway that was started anew: the next request logs in again
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _authorised(self) -> bool:
        now = self._clock()
        if self._token and now < self._renew_at:
            return True
        own = Credentials.read(self._credentials)
        otp = totp.code(own.otp_secret, time.time())
        answer = self._exchange("POST", _LOGIN, {"username": own.username, "password": own.password, "otp": otp}, {})
        if answer is None or answer[0] != http.HTTPStatus.OK:
            return False
        self._token = str(answer[1]["accessToken"])
        self._renew_at = now + _RENEW * float(answer[1]["expiresIn"])
        return True

    def _exchange(
        self, method: str, path: str, body: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]] | None:
        content = None if body is None else json.dumps(body).encode()
        every = {"X-Correlation-Id": str(uuid.uuid4()), "Content-Type": "application/json", **headers}
        try:
            self._connection.request(method, path, content, every)
            answer = self._connection.getresponse()
            decoded = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self._connection.close()  # the next request connects anew
            return None
        return answer.status, decoded if isinstance(decoded, dict) else {}
