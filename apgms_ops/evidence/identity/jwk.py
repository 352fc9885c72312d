"""The public keys of an issuer of identity tokens, as it publishes them (JWK, RFC 7517). Pure.

What is signed with what is fixed by the key alone: RS256 by RSA, ES256 by P-256. A token chooses nothing.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.observation import canonical
from apgms_ops.redact import printable

EXPONENT: Final = 65537
"""The only public exponent that is taken: it is prime, and larger than any challenge of `proof.py`."""
_BITS: Final = range(2048, 8193)
_MEMBERS: Final = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}
"""What makes a key this one (RFC 7638), in order."""
_COORDINATE: Final = 32
"""Bytes of each coordinate of a point on P-256, and of each half of an ES256 signature."""
_LONGEST_NAME: Final = 200
_MOST: Final = 100
"""Keys of one issuer that are looked at."""


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A public key that is fit to verify tokens."""

    name: str
    """What the issuer calls it (`kid`)."""
    algorithm: str
    """RS256 or ES256."""
    members: Mapping[str, str]
    """What makes it this key, as JWK has it."""

    @property
    def id(self) -> str:
        """Its RFC 7638 thumbprint: SHA-256, in hexadecimal digits."""
        return hashlib.sha256(canonical(dict(self.members))).hexdigest()

    @property
    def modulus(self) -> int:
        """The modulus of an RSA key."""
        return number(self.members["n"])

    def to_json(self) -> dict[str, str]:
        """Return it as JWK."""
        return {**self.members, "kid": self.name, "alg": self.algorithm}

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature is this key's, over the data."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 — heavy
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 — heavy
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils  # noqa: PLC0415 — heavy

        try:
            if self.algorithm == "RS256":
                rsa_key = rsa.RSAPublicNumbers(EXPONENT, self.modulus).public_key()
                rsa_key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
                return True
            if len(signature) != 2 * _COORDINATE:
                return False
            r, s = (int.from_bytes(half, "big") for half in (signature[:_COORDINATE], signature[_COORDINATE:]))
            point = ec.EllipticCurvePublicNumbers(
                number(self.members["x"]), number(self.members["y"]), ec.SECP256R1()
            ).public_key()
            point.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def key(data: object) -> IssuerKey | None:
    """Return a key of a key set; None where it is of a kind that signs no token here.

    Raises:
        EvidenceInvalid: It is malformed, or too weak.
    """
    if not isinstance(data, Mapping):
        msg = "a key is no JSON object"
        raise EvidenceInvalid(msg)
    kind, use, name = data.get("kty"), data.get("use", "sig"), data.get("kid")
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(kind) if isinstance(kind, str) else None
    other = algorithm is None or use != "sig" or data.get("alg", algorithm) != algorithm
    if other or not isinstance(kind, str) or (kind == "EC" and data.get("crv") != "P-256"):
        return None
    members = {member: data.get(member) for member in _MEMBERS[kind]}
    if not isinstance(name, str) or not (name.isascii() and name.isprintable() and 0 < len(name) <= _LONGEST_NAME):
        msg = "a key without its name (kid), or with one that nobody can print"
        raise EvidenceInvalid(msg)
    found = {member: value for member, value in members.items() if isinstance(value, str)}
    if len(found) != len(members):
        msg = f"the key {_shown(name)} lacks one of {', '.join(_MEMBERS[kind])}"
        raise EvidenceInvalid(msg)
    _require_fit(found, name)
    return IssuerKey(name, str(algorithm), found)


def _require_fit(members: Mapping[str, str], name: str) -> None:
    if members["kty"] == "RSA":
        if number(members["e"]) != EXPONENT or number(members["n"]).bit_length() not in _BITS:
            msg = f"the key {_shown(name)} is no RSA key of 2048 to 8192 bits with the exponent {EXPONENT}"
            raise EvidenceInvalid(msg)
        return
    if any(len(decoded(members[member])) != _COORDINATE for member in ("x", "y")):
        msg = f"the key {_shown(name)} is no point of P-256"
        raise EvidenceInvalid(msg)


def key_set(data: bytes) -> tuple[IssuerKey, ...]:
    """Return the keys of a JWK set that can verify tokens.

    Raises:
        EvidenceInvalid: It is none, holds no such key, or two of one name: which would be meant?
    """
    try:
        listed = json.loads(data)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        msg = f"not a set of keys ({type(error).__name__})"
        raise EvidenceInvalid(msg) from error
    if not isinstance(listed, list) or len(listed) > _MOST:
        msg = f"a set of keys is a list of at most {_MOST}"
        raise EvidenceInvalid(msg)
    found = tuple(one for one in map(key, listed) if one is not None)
    if not found:
        msg = "none of its keys is one that signs tokens: RSA for RS256, or P-256 for ES256"
        raise EvidenceInvalid(msg)
    if len({one.name for one in found}) != len(found):
        msg = "two of its keys have one name"
        raise EvidenceInvalid(msg)
    return found


def decoded(text: str) -> bytes:
    """Return what base64url without padding stands for, in the one form in which it may be written.

    Raises:
        EvidenceInvalid: It is not that.
    """
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        msg = "not base64url"
        raise EvidenceInvalid(msg) from error
    if encoded(data) != text:
        msg = "not base64url in its one form"
        raise EvidenceInvalid(msg)
    return data


def encoded(data: bytes) -> str:
    """Return data as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def number(text: str) -> int:
    """Return the number that base64url stands for, without zeros before it."""
    return int.from_bytes(decoded(text), "big")


def _shown(name: Any) -> str:  # noqa: ANN401 — JSON
    return printable(repr(name), limit=80)
