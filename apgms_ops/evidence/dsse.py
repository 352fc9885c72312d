"""The envelope of a seal: DSSE (Dead Simple Signing Envelope) v1, with exactly one signature. Pure.

It is written in one form, canonical JSON, and read in no other: a byte that means nothing could be changed unseen.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final

from apgms_ops.errors import EvidenceInvalid

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an envelope that are read."""
NAME: Final = "attestation.json"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload and who signed it."""

    payload: bytes
    key_id: str
    signature: bytes
    payload_type: str = PAYLOAD_TYPE

    @property
    def signed(self) -> bytes:
        """What is signed: the pre-authentication encoding of type and payload."""
        return encoding(self.payload, self.payload_type)

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        signature = {"keyid": self.key_id, "sig": _b64(self.signature)}
        data = {"payload": _b64(self.payload), "payloadType": self.payload_type, "signatures": [signature]}
        # ASCII throughout and keys in order: this is its RFC 8785 form.
        return json.dumps(data, separators=(",", ":")).encode("ascii")


def encoding(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def parse(data: bytes, name: str = NAME) -> Envelope:
    """Read an envelope.

    Raises:
        EvidenceInvalid: It is malformed, of another type, signed by nobody or by several, or not in its one form.
    """
    if len(data) > LARGEST:
        msg = f"{name}: larger than {LARGEST // 1024 // 1024} MiB"
        raise EvidenceInvalid(msg)
    try:
        found = json.loads(data)
        payload_type, signatures = found["payloadType"], found["signatures"]
        if payload_type != PAYLOAD_TYPE:
            msg = f"{name}: its payload is of type {payload_type!r:.80}, not {PAYLOAD_TYPE}"
            raise EvidenceInvalid(msg)
        if not isinstance(signatures, list) or len(signatures) != 1:
            count = len(signatures) if isinstance(signatures, list) else "no list of"
            msg = f"{name}: {count} signatures, where there must be one"
            raise EvidenceInvalid(msg)
        envelope = Envelope(
            payload=_bytes(found["payload"]),
            key_id=_text(signatures[0]["keyid"]),
            signature=_bytes(signatures[0]["sig"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        msg = f"{name}: not an envelope ({type(error).__name__})"
        raise EvidenceInvalid(msg) from error
    if envelope.to_bytes() != data:
        msg = f"{name}: not in its one form (bytes were added, doubled or written otherwise)"
        raise EvidenceInvalid(msg)
    return envelope


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(value: Any) -> bytes:  # noqa: ANN401 — JSON
    return base64.b64decode(_text(value), validate=True)


def _text(value: Any) -> str:  # noqa: ANN401 — JSON
    if not isinstance(value, str) or not value.isascii():
        msg = "ASCII text expected"
        raise TypeError(msg)
    return value
