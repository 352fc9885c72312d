"""An identity token (a signed JWT): read strictly, and verified by its issuer's keys. Pure.

No error quotes a part of it: while it is valid, it is a secret.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.identity.jwk import IssuerKey, decoded, encoded
from apgms_ops.redact import printable

LARGEST: Final = 32 * 1024
"""Characters of a token that are read."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What of a token is signed, as text: whoever has no more than this cannot use it."""

    header: str
    payload: str

    @property
    def data(self) -> bytes:
        """The bytes that the issuer signed."""
        return f"{encoded(self.header.encode())}.{encoded(self.payload.encode())}".encode("ascii")

    @property
    def claims(self) -> Mapping[str, Any]:
        """What it claims.

        Raises:
            EvidenceInvalid: It is no JSON object, or says something twice.
        """
        return _object(self.payload, "claims")

    @property
    def key_name(self) -> str:
        """The name of the key that it says it is signed with.

        Raises:
            EvidenceInvalid: Its header is none that is understood.
        """
        header = _object(self.header, "header")
        name, kind = header.get("kid"), header.get("typ", "JWT")
        if "crit" in header or kind != "JWT":
            msg = "the token asks for something that is not understood"
            raise EvidenceInvalid(msg)
        if not isinstance(name, str):
            msg = "the token does not name its key"
            raise EvidenceInvalid(msg)
        return name

    @property
    def algorithm(self) -> object:
        """What it says it is signed by, which decides nothing."""
        return _object(self.header, "header").get("alg")


@dataclass(frozen=True, slots=True)
class Token:
    """A token. Its signature is what makes it usable, and does not print."""

    signed: Signed
    signature: bytes = field(repr=False)

    def signer(self, keys: Iterable[IssuerKey]) -> IssuerKey:
        """Return the key that signed it.

        Raises:
            EvidenceInvalid: None of them did.
        """
        key = key_of(self.signed, keys)
        if not key.verifies(self.signature, self.signed.data):
            msg = "the token's signature does not verify"
            raise EvidenceInvalid(msg)
        return key


def read(text: str) -> Token:
    """Read a token.

    Raises:
        EvidenceInvalid: It is none.
    """
    parts = text.split(".")
    if len(text) > LARGEST or len(parts) != 3:  # noqa: PLR2004 — header, payload, signature
        msg = "what was given as an identity token is none"
        raise EvidenceInvalid(msg)
    try:
        header, payload = (decoded(part).decode("utf-8") for part in parts[:2])
    except UnicodeDecodeError:
        msg = "the token is not UTF-8"
        raise EvidenceInvalid(msg) from None
    signed = Signed(header, payload)
    _ = signed.claims, signed.key_name
    return Token(signed, decoded(parts[2]))


def key_of(signed: Signed, keys: Iterable[IssuerKey]) -> IssuerKey:
    """Return the key that a token names, which must be of the algorithm that it names.

    Raises:
        EvidenceInvalid: It names none of them, or another algorithm than that key's.
    """
    name = signed.key_name
    found = next((key for key in keys if key.name == name), None)
    if found is None:
        msg = "the token is signed with a key that its issuer does not publish"
        raise EvidenceInvalid(msg)
    if signed.algorithm != found.algorithm:
        said = printable(repr(signed.algorithm), limit=40)
        msg = f"the token says that it is signed by {said}, and its key signs by {found.algorithm}"
        raise EvidenceInvalid(msg)
    return found


def _object(text: str, what: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        msg = f"the token's {what} are no JSON object, or say something twice"
        raise EvidenceInvalid(msg)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "a name stands twice"
        raise ValueError(msg)
    return found


def _no_constant(name: str) -> None:
    msg = f"{name} is not JSON"
    raise ValueError(msg)
