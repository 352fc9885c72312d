"""What stands before every answer: the token, the limits, and what is wrong with GitHub just now."""

import hmac
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from apgms_ops.sandbox.github_process.answer import ProblemError, not_found
from apgms_ops.sandbox.github_process.api import Api
from apgms_ops.sandbox.github_process.records import Records
from apgms_ops.sandbox.github_process.settings import Settings
from apgms_ops.sandbox.standin.answer import Answer

_LIMIT: Final = 5000
_HOUR: Final = 3600


class Gate:
    """Lets requests through to the API, or refuses them."""

    def __init__(self, api: Api, records: Records, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        """Take what is behind it."""
        self._api = api
        self._records = records
        self._settings = settings
        self._clock = clock
        self._used = 0

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: object) -> Answer:
        """Answer one request, whose headers have names in lower case."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        if parts.path.startswith("/_blob/") and method == "GET":
            try:
                return self._api.blob(query.get("sig", ""))
            except ProblemError as problem:
                return problem.answer()
        self._used += 1
        try:
            answer = self._let_in(method, parts.path, query, headers, body)
        except ProblemError as problem:
            answer = problem.answer()
        reset = int(self._clock()) // _HOUR * _HOUR + _HOUR
        limits = {
            "X-RateLimit-Limit": str(_LIMIT),
            "X-RateLimit-Remaining": str(max(0, _LIMIT - self._used % _LIMIT)),
            "X-RateLimit-Used": str(self._used % _LIMIT),
            "X-RateLimit-Reset": str(reset),
            "X-RateLimit-Resource": "core",
            "X-GitHub-Request-Id": uuid.uuid4().hex,
        }
        return Answer(answer.status, answer.body, answer.content_type, {**limits, **answer.headers})

    def _let_in(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: object
    ) -> Answer:
        switches = self._records.switches
        if switches["fail"]:
            return Answer(502, b"<html><title>Unicorn!</title></html>", "text/html; charset=utf-8")
        self._require_token(headers, refuse=switches["refuse_token"])
        if switches["rate_limited"]:
            reset = str(int(self._clock()) + _HOUR)
            gone = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
            message = f"API rate limit exceeded for user ID 4801. {gone['X-RateLimit-Reset']}"
            raise ProblemError(403, message, gone)
        if switches["secondary_limit"]:
            raise ProblemError(403, "You have exceeded a secondary rate limit. Please wait a few minutes.")
        settings = self._settings
        roots = (f"/repos/{settings.owner}/{settings.name}", f"/repositories/{settings.repository_id}")
        root = next((root for root in roots if path == root or path.startswith(f"{root}/")), None)
        if root is None or switches["hide_repository"]:
            raise not_found()
        if method == "GET":
            return self._api.get(path.removeprefix(root), query)
        if method == "POST":
            return self._api.post(path.removeprefix(root), body)
        raise not_found()

    def _require_token(self, headers: Mapping[str, str], *, refuse: bool) -> None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if not token:
            raise not_found()  # the repository is private: whoever brings no token does not see it
        good = hmac.compare_digest(token.encode(), self._settings.token().encode())
        if refuse or not good or scheme.lower() not in ("bearer", "token"):
            raise ProblemError(401, "Bad credentials")
