"""The gateway's log-in: a password and a one-time password for a token, and how that can be wrong on purpose."""

import time
from collections.abc import Mapping
from typing import Final

from apgms_ops.sandbox.service_process import totp
from apgms_ops.sandbox.service_process.message import Refused, Request, Response, problem, reply
from apgms_ops.sandbox.service_process.switches import Switches
from apgms_ops.sandbox.service_process.tenants import User
from apgms_ops.sandbox.service_process.tokens import FIRST_FACTOR, SECOND_FACTOR, Caller, Tokens

FLAGS: Final = ("login_fails", "otp_optional")
NOBODY: Final = Caller("anonymous", "org-platform")
"""Who asks, as long as nobody has said so."""


class LogIn:
    """The one route that needs no token."""

    def __init__(self, users: Mapping[str, User], tokens: Tokens, switches: Switches) -> None:
        """Take who may log in, and what they get."""
        self._users = users
        self._tokens = tokens
        self._switches = switches

    def answer(self, request: Request) -> tuple[Response, Caller]:
        """Answer with a token, and say who logged in."""
        try:
            user, factors = self._shown(request)
        except Refused as refused:
            return problem(refused, request.correlation_id), NOBODY
        token = self._tokens.issue(user, factors)
        return reply(200, {"accessToken": token, "expiresIn": self._tokens.lifetime}), Caller(user.subject, user.org)

    def _shown(self, request: Request) -> tuple[User, tuple[str, ...]]:
        """Return who it is, and the factors that were shown."""
        if self._switches.on("login_fails"):
            raise Refused(500, "internal", "the request failed")
        username, password = request.text("username"), request.text("password")
        user = self._users.get(username)
        if user is None or not user.has_password(password):
            raise Refused(401, "unauthorized", "user name or password is wrong")
        given = request.json().get("otp")
        if not isinstance(given, str) or not given:
            if self._switches.on("otp_optional"):
                return user, (FIRST_FACTOR,)
            raise Refused(401, "mfa_required", "a one-time password is needed")
        if not totp.accepted(user.otp_secret, given, time.time()):
            raise Refused(401, "unauthorized", "the one-time password is wrong")
        return user, (FIRST_FACTOR, SECOND_FACTOR)
