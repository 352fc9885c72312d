"""Records of rehearsals, made here and not by what the checks read them with: shared code would hide its own faults."""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

_KIND_OF_PAYLOAD: Final = "application/vnd.in-toto+json"
_STATEMENT: Final = "https://in-toto.io/Statement/v1"
_PREDICATE: Final = "urn:apgms-ops:rehearsal:v1"


def key_of(kind: str, ended: datetime) -> str:
    """Return the name in the archive of the record of a rehearsal.

    Args:
        kind: Of what: `restore-database`.
        ended: When it was over, in UTC.
    """
    return f"drills/sandbox/{kind}/{ended:%Y%m%dT%H%M%S.%f}Z.json"


def record(kind: str, ended: datetime, problems: tuple[str, ...] = (), target: str = "apgms") -> Mapping[str, Any]:
    """Return what a rehearsal is recorded as, as a statement that is to be signed; all of its text is ASCII."""
    predicate = {
        "kind": kind,
        "environment": "sandbox",
        "target": target,
        "began": _time(ended - timedelta(seconds=9)),
        "ended": _time(ended),
        "problems": list(problems),
        "figures": {},
        "by": "a fault",
    }
    digest = hashlib.sha256(canonical(predicate).encode()).hexdigest()
    subject = {"name": key_of(kind, ended), "digest": {"sha256": digest}}
    return {"_type": _STATEMENT, "subject": [subject], "predicateType": _PREDICATE, "predicate": predicate}


def canonical(statement: Mapping[str, Any]) -> str:
    """Return it in the one form in which it may be written."""
    return json.dumps(statement, sort_keys=True, separators=(",", ":"))


def signed(statement: Mapping[str, Any], key: Path | None) -> str:
    """Return the envelope.

    Args:
        statement: What is signed.
        key: The file of the private key (ed25519); None: one that is made for it.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 — heavy
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 — heavy

    loaded: Any = (
        Ed25519PrivateKey.generate() if key is None else serialization.load_pem_private_key(key.read_bytes(), None)
    )
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    identity = hashlib.sha256(loaded.public_key().public_bytes(*form)).hexdigest()
    payload, kind = canonical(statement).encode(), _KIND_OF_PAYLOAD.encode()
    signature = loaded.sign(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload))
    signatures = [{"keyid": identity, "sig": base64.b64encode(signature).decode()}]
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": _KIND_OF_PAYLOAD,
        "signatures": signatures,
    }
    return json.dumps(envelope, separators=(",", ":"))


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
