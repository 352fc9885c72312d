"""Verifies offline who ran a sealed run: that what it recorded of it is what an issuer signed, of this run. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.identity import claims, record
from apgms_ops.evidence.identity import proof as proofs
from apgms_ops.evidence.identity.claims import CLAIMED, PROVEN, REFUSED, Expected
from apgms_ops.evidence.identity.jwk import IssuerKey
from apgms_ops.evidence.identity.record import FILE, Kept
from apgms_ops.evidence.ledger import Entry
from apgms_ops.observation import digest
from apgms_ops.redact import printable

RECORDED: Final = "recorded"
"""The run says that it was proven, and all that it recorded fits; by a key that is the run's word."""
_STATES: Final = (PROVEN, CLAIMED, REFUSED)
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class RanBy:
    """Who ran a run, as a verifier may say it."""

    state: str
    """PROVEN, by a key that the verifier brought; RECORDED; CLAIMED; REFUSED."""
    why: str = ""
    """Why it is not proven."""
    user: str = ""
    """What the machine says of itself."""
    issuer: str = ""
    key: str = ""
    """Thumbprint of the issuer's key (RFC 7638, SHA-256)."""
    claims: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Believed:
    """Whom a verifier believes about who ran a run."""

    keys: tuple[IssuerKey, ...] = ()
    """An issuer's, got from somewhere else than the run."""
    repositories: tuple[str, ...] = ()
    """Whose jobs may run the checks; empty: whichever the run's environment named."""
    required: bool = False
    """Whether a run is invalid of which it is not proven."""


def verify(entries: Sequence[Entry], declared: object, kept: bytes | None, believed: Believed) -> RanBy:
    """Return who ran a run.

    Args:
        entries: Of its ledger, which verifies and is closed.
        declared: What its environment names as `[evidence.identity]`; None where it names nothing.
        kept: What its `identity.json` holds, which the seal covers; None where there is none.
        believed: What the verifier brought.

    Raises:
        EvidenceInvalid: What is recorded does not fit the run, or itself; or it is not proven, and must be.
    """
    try:
        ran = _verified(entries, declared, kept, believed)
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"{FILE}: what the closing entry says of who ran the run is malformed ({type(error).__name__})"
        raise EvidenceInvalid(msg) from error
    if believed.required and ran.state != PROVEN:
        msg = f"{FILE}: it must be proven who ran it, and is {ran.state}: {ran.why}"
        raise EvidenceInvalid(msg)
    return ran


def _verified(entries: Sequence[Entry], declared: object, kept: bytes | None, believed: Believed) -> RanBy:
    by = entries[-1].body.get("by") or {}
    said, user = by.get("identity"), printable(str(by.get("user") or ""), limit=_LONGEST)
    if said is None or said["state"] != PROVEN:
        state, why = (CLAIMED, "the run does not say more") if said is None else (said["state"], str(said["why"]))
        _require(state in _STATES, "the closing entry knows a state of its own")
        _require(kept is None, "there, and the closing entry says that nothing is proven")
        return RanBy(state, printable(why, limit=_LONGEST), user)
    _require(kept is not None, "missing, and the closing entry says that it proves who ran it")
    _require(digest(kept or b"") == said["sha256"], "not the one that the closing entry names")
    _require(isinstance(declared, Mapping), "the environment names nobody whose tokens are believed")
    try:
        found = record.read(kept or b"")
        _require_fits(found, said, _expected(entries, declared))
        shown = found.proof is not None and proofs.holds(found.key, found.signed.data, found.proof)
        told = claims.told(found.signed.claims)
    except EvidenceInvalid as error:
        msg = f"{FILE}: {error}"
        raise EvidenceInvalid(msg) from error
    unprovable = found.proof is None and found.key.algorithm != "RS256"
    _require(shown or unprovable, "it does not show that the issuer signed what is in it (it was altered)")
    why = _doubt(found, told, believed)
    return RanBy(RECORDED if why else PROVEN, why, user, said["issuer"], found.key.id, told)


def _expected(entries: Sequence[Entry], declared: Any) -> Expected:  # noqa: ANN401 — JSON
    plan, close = entries[0], entries[-1]
    return Expected(
        issuer=declared["issuer"],
        audience=claims.audience(plan.body["run"], close.prev),
        repository=declared["repository"],
        callers=tuple(declared.get("callers") or ()),
        checks_at=close.body["checks_at"],
        at=close.at,
    )


def _require_fits(found: Kept, said: Mapping[str, Any], expected: Expected) -> None:
    judgement = claims.judged(found.signed.claims, expected)
    if judgement.state != PROVEN:
        msg = f"it does not prove who ran this run: {judgement.why}"
        raise EvidenceInvalid(msg)
    if said["claims"] != claims.told(found.signed.claims) or said["key"] != found.key.id:
        msg = "its claims, or its key, are not those of the closing entry"
        raise EvidenceInvalid(msg)
    if said["issuer"] != expected.issuer:
        msg = "its issuer is not that of the closing entry"
        raise EvidenceInvalid(msg)


def _doubt(found: Kept, told: Mapping[str, str], believed: Believed) -> str:
    """Return why a verifier may not call it proven; empty where it may."""
    if found.proof is None:
        return f"what it keeps of an {found.key.algorithm} token cannot be verified again"
    if not believed.keys:
        return "by the issuer's key as the run recorded it; bring the issuer's own keys with --trust"
    if found.key.id not in {key.id for key in believed.keys}:
        return "the issuer's key that the run recorded is none of those that were brought"
    allowed = {name.casefold() for name in believed.repositories}
    if allowed and told["repository"].casefold() not in allowed:
        return f"a job of {told['repository']}, which the environment's file does not name (any more)"
    return ""


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 — a sentence reads it
    if not holds:
        msg = f"{FILE}: {otherwise}"
        raise EvidenceInvalid(msg)
