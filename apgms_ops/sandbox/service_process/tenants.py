"""Who may log in to the gateway, and which tenant has which business numbers. All of it is synthetic."""

import hashlib
import hmac
import json
import secrets
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from apgms_ops.sandbox.service_process import abn

ORG: Final = "org-synthetic"
OTHER: Final = "org-other"
SMOKE: Final = "org-smoke"
"""Whose journeys the smoke tests walk."""
SMOKE_OTHER: Final = "org-smoke-other"
"""Who must see nothing of them."""
_JOURNEYS: Final = 64
"""Journeys that can be walked at once: each has a number to itself."""
_NUMBERS: Final = tuple(abn.numbered(f"{999_999_900 + number}") for number in range(_JOURNEYS + 1))
SYNTHETIC: Final = frozenset(_NUMBERS)
"""The numbers of employers that may be registered and removed again. They pass the check; nothing is done outside."""
ABNS: Final[Mapping[str, tuple[str, ...]]] = {
    ORG: ("53004085616", "51824753556"),
    OTHER: ("64600000010",),
    SMOKE: _NUMBERS[:_JOURNEYS],
    SMOKE_OTHER: _NUMBERS[_JOURNEYS:],
}
"""Tenant → the business numbers that it keeps books for."""
CUSTOMERS: Final[Mapping[str, str]] = {
    "53004085616": "Synthetic Pty Ltd",
    "51824753556": "Example Holdings Pty Ltd",
    "64600000010": "Another Tenant Pty Ltd",
}
"""Employers that are registered from the start and stay, as a real customer's do → their legal names."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in. The password has 256 random bits, so its plain hash gives nothing away."""

    username: str
    subject: str
    org: str
    roles: tuple[str, ...]
    password_sha256: str
    otp_secret: str

    def has_password(self, password: str) -> bool:
        """Whether that is the password."""
        return hmac.compare_digest(hashlib.sha256(password.encode()).hexdigest(), self.password_sha256)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client of the gateway logs in with: a secret, kept in a private file."""

    username: str
    password: str
    otp_secret: str
    """In base32, as an authenticator app takes it."""
    org: str

    @classmethod
    def read(cls, path: Path) -> "Credentials":
        """Read what a client was given."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def text(self) -> str:
        """Return what `read` reads."""
        return json.dumps(asdict(self))


def invent(org: str) -> tuple[User, Credentials]:
    """Return a new user of a tenant, and what that one logs in with."""
    username, password = f"operator@{org}.example", secrets.token_urlsafe(32)
    otp_secret = b32encode(secrets.token_bytes(20)).decode()
    digest = hashlib.sha256(password.encode()).hexdigest()
    user = User(username, f"user-{org}", org, ("operator",), digest, otp_secret)
    return user, Credentials(username, password, otp_secret, org)


def users_text(users: list[User]) -> str:
    """Return what `users_of` reads."""
    return json.dumps([asdict(user) for user in users])


def users_of(path: str) -> dict[str, User]:
    """Read the gateway's users, by name."""
    entries = json.loads(Path(path).read_text(encoding="utf-8"))
    return {entry["username"]: User(**{**entry, "roles": tuple(entry["roles"])}) for entry in entries}
