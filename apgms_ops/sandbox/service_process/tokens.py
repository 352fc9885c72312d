"""Access tokens of the gateway: signed, short-lived, and good for nothing without the second factor."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from apgms_ops.sandbox.service_process.message import Refused
from apgms_ops.sandbox.service_process.switches import Spec, Switches
from apgms_ops.sandbox.service_process.tenants import ORG, User

LIFETIME: Final = 900
"""Seconds: the longest that the platform allows."""
_ALGORITHM: Final = "EdDSA"
_ISSUER: Final = "apgms"
_AUDIENCE: Final = "apgms-api"
_BEARER: Final = re.compile(r"Bearer +([A-Za-z0-9._~+/=-]+)", re.IGNORECASE)
FIRST_FACTOR: Final = "pwd"
SECOND_FACTOR: Final = "otp"
FLAGS: Final = ("accept_anonymous", "accept_forged", "accept_long_tokens", "accept_expired_tokens", "accept_one_factor")
COUNTS: Final = ("token_seconds",)
"""Ways in which they can be wrong on purpose; 0 seconds are the usual ones."""
_REQUIRED: Final = ("iss", "aud", "sub", "org", "roles", "amr", "iat", "exp")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as a good token says."""

    subject: str
    org: str


class Tokens:
    """Issues and verifies tokens with the key that the gateway's replicas share."""

    def __init__(
        self, key: Ed25519PrivateKey, clock: Callable[[], float] = time.time, switches: Switches | None = None
    ) -> None:
        """Take the key; `clock` says when a token is made and looked at, in seconds since 1970."""
        self._key = key
        self._public = key.public_key()
        self._clock = clock
        self._switches = switches or Switches(Spec(flags=FLAGS, counts=COUNTS))

    @classmethod
    def of_file(cls, path: str, clock: Callable[[], float], switches: Switches) -> "Tokens":
        """Read the key from a private PEM file.

        Raises:
            ValueError: It holds none of the right kind.
        """
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            msg = f"{path} holds no Ed25519 key"
            raise ValueError(msg)  # noqa: TRY004 — it is the file's content that is wrong
        return cls(key, clock, switches)

    @property
    def lifetime(self) -> int:
        """Seconds that a token lives for."""
        return self._switches.number("token_seconds") or LIFETIME

    def issue(self, user: User, factors: tuple[str, ...] = (FIRST_FACTOR, SECOND_FACTOR)) -> str:
        """Return a token for a user who has shown these factors."""
        now = int(self._clock())
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": user.subject,
            "org": user.org,
            "roles": list(user.roles),
            "amr": list(factors),
            "iat": now,
            "exp": now + self.lifetime,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def caller(self, authorization: str) -> Caller:
        """Return who asks, from the header `Authorization`.

        Raises:
            Refused: 401 without a good token; 403 for one that was got without the second factor.
        """
        given = _BEARER.fullmatch(authorization.strip())
        if given is None and self._switches.on("accept_anonymous"):
            return Caller("anonymous", ORG)
        if given is None:
            raise Refused(401, "unauthorized", "a bearer token is needed")
        try:
            claims = jwt.decode(
                given[1],
                self._public,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                # By the clock of this process, not by the library's; see below.
                options={
                    "require": list(_REQUIRED),
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_signature": not self._switches.on("accept_forged"),
                },
            )
        except jwt.InvalidTokenError as error:
            raise Refused(401, "unauthorized", "the token is not valid") from error
        self._require_alive(claims["iat"], claims["exp"])
        factors = claims["amr"]
        shown = isinstance(factors, list) and SECOND_FACTOR in factors
        if not shown and not self._switches.on("accept_one_factor"):
            raise Refused(403, "mfa_required", "the token was got without a second factor")
        return Caller(str(claims["sub"]), str(claims["org"]))

    def _require_alive(self, made: object, ends: object) -> None:
        """Go on only with a token that was made, is not over, and does not live for too long."""
        now = int(self._clock())
        if isinstance(made, bool) or isinstance(ends, bool) or not isinstance(made, int) or not isinstance(ends, int):
            raise Refused(401, "unauthorized", "the token's times are no times")
        if made > now or (ends <= now and not self._switches.on("accept_expired_tokens")):
            raise Refused(401, "unauthorized", "the token is not valid yet, or not any more")
        if ends - made > LIFETIME and not self._switches.on("accept_long_tokens"):
            raise Refused(401, "unauthorized", "the token lives for longer than is allowed")
