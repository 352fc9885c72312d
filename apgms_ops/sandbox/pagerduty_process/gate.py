"""What stands before every answer: the token, the limits, and what is wrong with PagerDuty just now."""

import hmac
import uuid
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from apgms_ops.sandbox.pagerduty_process.answer import ProblemError, not_found
from apgms_ops.sandbox.pagerduty_process.api import Api
from apgms_ops.sandbox.pagerduty_process.events import Events
from apgms_ops.sandbox.pagerduty_process.query import Query
from apgms_ops.sandbox.pagerduty_process.records import Records
from apgms_ops.sandbox.pagerduty_process.settings import Settings
from apgms_ops.sandbox.standin.answer import Answer

_LIMIT: Final = "960"
_RESET: Final = "60"
_LOGIN: Final = b"<!DOCTYPE html><html><title>PagerDuty - Sign in</title><form></form></html>"


class Gate:
    """Lets requests through to the API, or refuses them."""

    def __init__(self, api: Api, events: Events, records: Records, settings: Settings) -> None:
        """Take what is behind it."""
        self._api = api
        self._events = events
        self._records = records
        self._settings = settings

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: object) -> Answer:
        """Answer one request, whose headers have names in lower case."""
        try:
            answer = self._let_in(method, target, headers, body)
        except ProblemError as problem:
            answer = problem.answer()
        limits = {"ratelimit-limit": _LIMIT, "ratelimit-remaining": _LIMIT, "ratelimit-reset": _RESET}
        own = {**limits, "X-Request-Id": uuid.uuid4().hex}
        return Answer(answer.status, answer.body, answer.content_type, {**own, **answer.headers})

    def _let_in(self, method: str, target: str, headers: Mapping[str, str], body: object) -> Answer:
        parts, switches = urlsplit(target), self._records.switches
        if switches["fail"]:
            return Answer(502, b"<html><title>502 Bad Gateway</title></html>", "text/html")
        if switches["login_page"]:
            return Answer(200, _LOGIN, "text/html; charset=utf-8")
        if switches["rate_limited"]:
            raise ProblemError(429, "Rate Limit Exceeded", 2020, headers={"ratelimit-remaining": "0"})
        if (method, parts.path) == ("POST", "/v2/enqueue"):
            return self._events.enqueue(body, self._settings.routing_key())
        self._require_token(headers, refuse=switches["refuse_token"])
        if switches["forbid"]:
            raise ProblemError(403, "Access Denied", 2010)
        if method == "GET":
            return self._api.get(parts.path, Query(parts.query))
        if method in ("POST", "PUT"):
            return self._api.change(method, parts.path, headers.get("from", ""), body)
        raise not_found()

    def _require_token(self, headers: Mapping[str, str], *, refuse: bool) -> None:
        given = headers.get("authorization", "").removeprefix("Token token=")
        good = hmac.compare_digest(given.encode(), self._settings.token().encode())
        if refuse or not good:
            raise ProblemError(401, "Unauthorized", 2006)
