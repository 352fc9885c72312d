"""Access tokens as a client sees them: claims that are read and not trusted, and forgeries that must be refused."""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from apgms_ops.clients.gateway.journey_facts import TokenSeen
from apgms_ops.errors import BadAnswer
from apgms_ops.secret import Secret

_PARTS: Final = 3


def read(token: Secret) -> TokenSeen:
    """Return what a token says of itself.

    Raises:
        BadAnswer: It is no JWT; the text does not repeat it.
    """
    header, claims = _opened(token)
    factors = claims.get("amr")
    subject, organisation = claims.get("sub"), claims.get("org")
    return TokenSeen(
        algorithm=str(header.get("alg"))[:20],
        claims=tuple(sorted(map(str, claims))),
        subject=subject if isinstance(subject, str) else None,
        organisation=organisation if isinstance(organisation, str) else None,
        factors=tuple(map(str, factors)) if isinstance(factors, list) else (),
        issued_at=_time(claims.get("iat")),
        expires_at=_time(claims.get("exp")),
    )


def forgeries(token: Secret) -> Mapping[str, Secret]:
    """Return tokens that nobody signed, by what is wrong with them; each says what a good one would say.

    Raises:
        BadAnswer: The token to go by is no JWT.
    """
    header, claims = _opened(token)
    signature = token.reveal().rpartition(".")[2]
    weaker = claims | {"amr": ["pwd"]}
    longer = claims | {"exp": claims["exp"] + 3600} if isinstance(claims.get("exp"), int) else claims | {"exp": 2**33}
    return {
        "unsigned": Secret(f"{_closed({'typ': 'JWT', 'alg': 'none'})}.{_closed(claims)}."),
        "altered": Secret(f"{_closed(header)}.{_closed(longer)}.{signature}"),
        "without-second-factor": Secret(f"{_closed(header)}.{_closed(weaker)}.{signature}"),
    }


def _opened(token: Secret) -> tuple[dict[str, Any], dict[str, Any]]:
    parts = token.reveal().split(".")
    if len(parts) == _PARTS:
        try:
            header, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
        except (binascii.Error, ValueError, RecursionError):
            header = claims = None
        if isinstance(header, dict) and isinstance(claims, dict):
            return header, claims
    msg = "the access token is no JWT: its claims cannot be read"
    raise BadAnswer(msg)


def _closed(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _time(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
