"""What a run records of who ran it: in its closing entry, and in `identity.json`, which holds no token. Pure."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.identity import claims, jwk, proof
from apgms_ops.evidence.identity.claims import CLAIMED, PROVEN, REFUSED, Expected
from apgms_ops.evidence.identity.jwk import IssuerKey
from apgms_ops.evidence.identity.token import Signed, Token, key_of
from apgms_ops.observation import canonical, digest
from apgms_ops.redact import printable

FILE: Final = "identity.json"
LARGEST: Final = 256 * 1024
"""Bytes of it that are read."""
_CAUSE: Final = 300
"""Characters."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a run found out of who ran it."""

    state: str
    """PROVEN, CLAIMED or REFUSED."""
    why: str = ""
    """Why it is not proven."""
    issuer: str = ""
    key: str = ""
    """Thumbprint of the issuer's key."""
    told: Mapping[str, str] = field(default_factory=dict)
    """Claims, for people; of a token whose signature verified alone."""
    kept: bytes | None = None
    """Content of `identity.json`; None where nothing is proven."""

    def to_json(self) -> dict[str, Any]:
        """Return what the closing entry says."""
        return {
            "state": self.state,
            "why": self.why or None,
            "issuer": self.issuer or None,
            "key": self.key or None,
            "claims": dict(self.told) or None,
            "sha256": None if self.kept is None else digest(self.kept),
        }


def claimed(why: str) -> Finding:
    """Return that nobody vouches for what the machine says of itself, and why."""
    return Finding(CLAIMED, printable(why, limit=_CAUSE))


def found(token: Token, keys: Iterable[IssuerKey], expected: Expected, redact: Callable[[str], str]) -> Finding:
    """Return what a token proves of a run.

    Args:
        token: As the endpoint gave it.
        keys: What the issuer signs with.
        expected: What it must say.
        redact: Masks secrets; a claim that it would change is not written.
    """
    try:
        signer = token.signer(keys)
        judgement = claims.judged(token.signed.claims, expected)
        told = claims.told(token.signed.claims)
    except EvidenceInvalid as error:
        return Finding(REFUSED, printable(redact(str(error)), limit=_CAUSE), expected.issuer)
    finding = Finding(judgement.state, redact(judgement.why), expected.issuer, signer.id, told)
    written = {**token.signed.claims, "header": token.signed.header}
    secret = next((name for name, value in written.items() if _looks_secret(name, value, redact)), None)
    if secret is not None:
        why = f"the token's {printable(redact(secret), limit=40)!r} holds what looks like a secret, and is not written"
        return replace(finding, state=REFUSED if judgement.state == REFUSED else CLAIMED, why=why, told={})
    if finding.state != PROVEN:
        return finding
    return replace(finding, kept=_kept(token, signer))


def _looks_secret(name: str, value: object, redact: Callable[[str], str]) -> bool:
    text = value if isinstance(value, str) else json.dumps(value)
    # Numbers of runs and accounts are public, and one in eleven of nine digits looks like a tax file number.
    return redact(name) != name or (not text.isdecimal() and redact(text) != text)


def _kept(token: Token, signer: IssuerKey) -> bytes:
    signed = token.signed
    shown = proof.prove(signer, signed.data, token.signature) if signer.algorithm == "RS256" else None
    return canonical({"header": signed.header, "payload": signed.payload, "key": signer.to_json(), "proof": shown})


@dataclass(frozen=True, slots=True)
class Kept:
    """What `identity.json` holds, read: its form is sound, and nothing of it is verified."""

    signed: Signed
    key: IssuerKey
    proof: Mapping[str, Any] | None


def read(data: bytes) -> Kept:
    """Read `identity.json`.

    Raises:
        EvidenceInvalid: It is malformed, or not in its one form.
    """
    try:
        content = json.loads(data)
        if canonical(content) != data or set(content) != {"header", "payload", "key", "proof"}:
            msg = "not in its one form"
            raise EvidenceInvalid(msg)
        key = jwk.key(content["key"])
        signed = Signed(content["header"], content["payload"])
        shown = content["proof"]
        if key is None or content["key"] != key.to_json() or not isinstance(shown, dict | None):
            msg = "its key is none that signs tokens, or its proof is none"
            raise EvidenceInvalid(msg)
        _ = signed.data, key_of(signed, [key])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        msg = f"malformed ({type(error).__name__})"
        raise EvidenceInvalid(msg) from error
    return Kept(signed, key, shown)
