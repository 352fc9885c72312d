"""RFC 3161 timestamps: read, brought to one form, and verified against authorities that are trusted. Pure.

Much of a timestamp is not signed: the answer around it, version numbers, certificates that come along. A byte of those
could be changed unseen. So a timestamp is kept in one form, rebuilt from what is signed, and read in no other.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence import der
from apgms_ops.redact import printable

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

NAME: Final = "timestamp.tsr"
LARGEST: Final = 256 * 1024
"""Bytes of an answer that are read."""
MEDIA_TYPE: Final = "application/timestamp-query"
ANSWER_TYPE: Final = "application/timestamp-reply"
_SIGNED_DATA: Final = der.oid("1.2.840.113549.1.7.2")
_TST_INFO: Final = der.oid("1.2.840.113549.1.9.16.1.4")
_RSA: Final = der.encode(der.SEQUENCE, der.oid("1.2.840.113549.1.1.1"), der.NULL)
_HASHES: Final = {
    der.oid("2.16.840.1.101.3.4.2.1"): ("sha256", der.encode(der.SEQUENCE, der.oid("1.2.840.10045.4.3.2"))),
    der.oid("2.16.840.1.101.3.4.2.2"): ("sha384", der.encode(der.SEQUENCE, der.oid("1.2.840.10045.4.3.3"))),
    der.oid("2.16.840.1.101.3.4.2.3"): ("sha512", der.encode(der.SEQUENCE, der.oid("1.2.840.10045.4.3.4"))),
}
"""Digest algorithm → its name, and the ECDSA signature algorithm that goes with it."""
_NEGATIVE: Final = 0x80
"""The first byte of an integer below zero, and what is above."""
_STATUS: Final = {b"\x00": "granted", b"\x01": "granted with modifications", b"\x02": "rejected", b"\x03": "waiting"}


@dataclass(frozen=True, slots=True)
class Stamp:
    """A verified timestamp."""

    at: datetime
    """When the authority saw the signature."""
    authority: str
    """What its certificate calls it."""


def query(signature: bytes, *, nonce: bool = True) -> bytes:
    """Return the request for a timestamp of a signature (TimeStampReq, SHA-256, certificates wanted)."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415 — heavy

    builder = TimestampRequestBuilder(data=signature, hash_algorithm=HashAlgorithm.SHA256, nonce=nonce)
    return builder.build().as_bytes()


def normal(answer: bytes) -> bytes:
    """Return an answer's one form.

    Raises:
        EvidenceInvalid: It is no timestamp, grants none, or is of a kind that is not understood.
    """
    if len(answer) > LARGEST:
        msg = f"larger than {LARGEST // 1024} KiB"
        raise EvidenceInvalid(msg)
    try:
        return _rebuilt(answer)
    except (IndexError, StopIteration) as error:
        msg = "a part of it is missing"
        raise EvidenceInvalid(msg) from error


def _rebuilt(answer: bytes) -> bytes:
    outer = der.inside(answer, der.SEQUENCE)
    status = der.inside(outer[0].encoded, der.SEQUENCE)[0].content
    if status != b"\x00":
        msg = f"the authority gave none: {_STATUS.get(status, 'of an unknown status')}"
        raise EvidenceInvalid(msg)
    kind, holder = der.inside(outer[1].encoded, der.SEQUENCE)[:2]
    data = der.inside(der.inside(holder.encoded, der.CONTEXT_0)[0].encoded, der.SEQUENCE)
    # version, digest algorithms, content, certificates, (revocation lists,) signers
    _require(kind.encoded == _SIGNED_DATA and data[3].tag == der.CONTEXT_0, "it holds no signed data with certificates")
    content_kind, content = der.inside(data[2].encoded, der.SEQUENCE)[:2]
    _require(content_kind.encoded == _TST_INFO, "what is signed is no timestamp")
    info = der.inside(content.encoded, der.CONTEXT_0)[0]
    signers = der.inside(data[-1].encoded, der.SET)
    _require(len(signers) == 1 and info.tag == der.OCTETS, "it is not signed by one signer")
    _, who, algorithm, attributes, _, signature = der.inside(signers[0].encoded, der.SEQUENCE)[:6]
    digest = der.inside(algorithm.encoded, der.SEQUENCE)[0].encoded
    _require(digest in _HASHES and attributes.tag == der.CONTEXT_0, "it is signed in a way that is not understood")
    path = _path([value.encoded for value in data[3:4] for value in der.values(value.content)], who.encoded)
    _require(_names(attributes.content, path[0]), "it does not name the certificate that comes with it")
    hashed = der.encode(der.SEQUENCE, digest)
    method = _method(path[0], digest)
    signer = der.encode(
        der.SEQUENCE, der.integer(1), who.encoded, hashed, attributes.encoded, method, signature.encoded
    )
    signed = der.encode(
        der.SEQUENCE,
        der.integer(3),
        der.encode(der.SET, hashed),
        der.encode(der.SEQUENCE, _TST_INFO, der.encode(der.CONTEXT_0, info.encoded)),
        der.encode(der.CONTEXT_0, *path),
        der.encode(der.SET, signer),
    )
    token = der.encode(der.SEQUENCE, _SIGNED_DATA, der.encode(der.CONTEXT_0, signed))
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(0)), token)


def _path(certificates: Sequence[bytes], who: bytes) -> list[bytes]:
    """Return the signer's certificate, and those above it that came along, without the root."""
    read = [(_certificate(data), data) for data in certificates]
    issuer, serial = der.inside(who, der.SEQUENCE)[:2]
    number = int.from_bytes(serial.content, "big")
    found = [(c, data) for c, data in read if c.issuer.public_bytes() == issuer.encoded and c.serial_number == number]
    _require(len(found) == 1, "the certificate of its signer did not come along")
    path, last = [found[0][1]], found[0][0]
    while last.issuer != last.subject and len(path) <= len(read):
        above = [(c, data) for c, data in read if c.subject == last.issuer and c.issuer != c.subject]
        if not above:
            break
        last = above[0][0]
        path.append(above[0][1])
    return path


def _certificate(data: bytes) -> "Certificate":
    from cryptography import x509  # noqa: PLC0415 — heavy
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 — heavy

    serial = next(v for v in der.inside(_first(data).encoded, der.SEQUENCE) if v.tag == der.INTEGER).content
    _require(bool(serial.strip(b"\x00")) and serial[0] < _NEGATIVE, "a certificate that came with it has no number")
    try:
        certificate = x509.load_der_x509_certificate(data)
        # Read now what is otherwise read when it is used, so that it is refused here.
        _ = certificate.subject, certificate.issuer, certificate.serial_number, certificate.extensions
        certificate.public_key()
    except (ValueError, TypeError, x509.InvalidVersion, x509.DuplicateExtension, UnsupportedAlgorithm) as error:
        msg = "a certificate that came with it cannot be read"
        raise EvidenceInvalid(msg) from error
    return certificate


def _first(data: bytes) -> der.Value:
    return der.inside(data, der.SEQUENCE)[0]


def _names(attributes: bytes, certificate: bytes) -> bool:
    """Whether the signed attributes hold the certificate's digest (ESSCertID), and so mean no other."""
    digests = (hashlib.new(name, certificate, usedforsecurity=False).digest() for name in ("sha1", "sha256", "sha512"))
    return any(found in attributes for found in (*digests, hashlib.sha384(certificate).digest()))


def _method(certificate: bytes, digest: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 — heavy

    key = _certificate(certificate).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return _RSA
    _require(
        isinstance(key, ec.EllipticCurvePublicKey), "its authority signs with a kind of key that is not understood"
    )
    return _HASHES[digest][1]


def verify(answer: bytes, signature: bytes, authorities: Sequence["Certificate"], asked: bytes | None = None) -> Stamp:
    """Verify that an authority saw a signature, and say when. Its certificate must have been valid then.

    Args:
        answer: The timestamp, in its one form.
        signature: What it is of.
        authorities: The certificates that it must lead to.
        asked: The request that it answers, whose nonce it must repeat.

    Raises:
        EvidenceInvalid: It does not verify.
    """
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response  # noqa: PLC0415 — heavy

    try:
        _require(normal(answer) == answer, "not in its one form (it was altered)")
        found = decode_timestamp_response(answer)
        info = found.tst_info
        _require(info.message_imprint.message == hashlib.sha256(signature).digest(), "it is of another signature")
        nonce = None if asked is None else _nonce(asked)
        builder = VerifierBuilder(roots=list(authorities), nonce=nonce)
        builder.build().verify_message(found, signature)
        leaf = _lead(answer, authorities)
    except (VerificationError, ValueError, EvidenceInvalid) as error:
        msg = f"{NAME}: {printable(str(error), limit=300)}"
        raise EvidenceInvalid(msg) from error
    at = info.gen_time
    return Stamp(at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC), leaf)


def _nonce(asked: bytes) -> int | None:
    # version, imprint, (policy,) nonce, certificates wanted
    numbers = [value for value in der.inside(asked, der.SEQUENCE) if value.tag == der.INTEGER]
    return int.from_bytes(numbers[1].content, "big") if len(numbers) > 1 else None


def _lead(answer: bytes, authorities: Sequence["Certificate"]) -> str:
    """Follow the certificates that came along, each issued by the next, the last by one that is trusted."""
    outer = der.inside(answer, der.SEQUENCE)[1].encoded
    data = der.inside(der.inside(der.inside(outer, der.SEQUENCE)[1].encoded, der.CONTEXT_0)[0].encoded, der.SEQUENCE)
    path = [_certificate(value.encoded) for value in der.values(data[3].content)]
    for lower, upper in pairwise(path):
        _require(_issued(lower, upper), "a certificate that came with it is not what it seems")
    trusted = path[-1] in authorities or any(_issued(path[-1], authority) for authority in authorities)
    _require(trusted, "its authority is not one that is trusted")
    return path[0].subject.rfc4514_string()


def _issued(lower: "Certificate", upper: "Certificate") -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 — heavy

    try:
        lower.verify_directly_issued_by(upper)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 — a sentence reads it
    if not holds:
        raise EvidenceInvalid(otherwise)
