"""A timestamp authority in this process: its clock is a test's, its timestamps are real ones."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from apgms_ops.deadline import Deadline
from apgms_ops.errors import Unreachable
from apgms_ops.evidence import der, timestamp
from apgms_ops.evidence.authority import TimestampAuthority
from apgms_ops.evidence.timestamp import Stamp

_MIDDLE = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
_YEAR = timedelta(days=365)


class ToyAuthority(TimestampAuthority):
    """An authority in this process, whose clock a test sets; its timestamps are real ones."""

    def __init__(self, now: Callable[[], datetime], name: str = "toy authority", life: timedelta = 40 * _YEAR) -> None:
        """Make its certificates, the authority's own valid for `life` from a year before the tests' present."""
        self._now = now
        self.silent = False
        self._ca_key, self._key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.ca = _certificate(f"{name} root", self._ca_key, None, None, 40 * _YEAR)
        self.certificate = _certificate(name, self._key, self.ca, self._ca_key, life)
        super().__init__("http://127.0.0.1:9/tsr", [self.ca])

    def stamp(self, signature: bytes, deadline: Deadline) -> tuple[bytes, Stamp]:
        """Date a signature."""
        deadline.require("asking the toy")
        if self.silent:
            msg = "timestamp authority http://127.0.0.1:9/tsr: connection refused"
            raise Unreachable(msg)
        answer = timestamp.normal(self.answer(signature, self._now()))
        return answer, timestamp.verify(answer, signature, [self.ca])

    def answer(self, signature: bytes, at: datetime) -> bytes:
        """Return a TimeStampResp over a signature."""
        sha256 = der.oid("2.16.840.1.101.3.4.2.1")
        algorithm = der.encode(der.SEQUENCE, sha256)
        imprint = der.encode(der.SEQUENCE, algorithm, der.encode(der.OCTETS, hashlib.sha256(signature).digest()))
        time = der.encode(0x18, f"{at:%Y%m%d%H%M%S}Z".encode())
        info = der.encode(
            der.SEQUENCE, der.integer(1), der.oid("1.2.3.4.1"), imprint, der.integer(secrets.randbits(60)), time
        )
        certificate = self.certificate.public_bytes(serialization.Encoding.DER)
        named = der.encode(der.SEQUENCE, der.encode(der.OCTETS, hashlib.sha256(certificate).digest()))
        attributes = sorted(
            [
                _attribute("1.2.840.113549.1.9.3", der.oid("1.2.840.113549.1.9.16.1.4")),
                _attribute("1.2.840.113549.1.9.4", der.encode(der.OCTETS, hashlib.sha256(info).digest())),
                _attribute("1.2.840.113549.1.9.16.2.47", der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, named))),
            ]
        )
        signed = self._key.sign(der.encode(der.SET, *attributes), ec.ECDSA(hashes.SHA256()))
        who = der.encode(
            der.SEQUENCE, self.certificate.issuer.public_bytes(), der.integer(self.certificate.serial_number)
        )
        method = der.encode(der.SEQUENCE, der.oid("1.2.840.10045.4.3.2"))
        signer = der.encode(
            der.SEQUENCE,
            der.integer(1),
            who,
            algorithm,
            der.encode(der.CONTEXT_0, *attributes),
            method,
            der.encode(der.OCTETS, signed),
        )
        content = der.encode(
            der.SEQUENCE,
            der.oid("1.2.840.113549.1.9.16.1.4"),
            der.encode(der.CONTEXT_0, der.encode(der.OCTETS, info)),
        )
        data = der.encode(
            der.SEQUENCE,
            der.integer(3),
            der.encode(der.SET, algorithm),
            content,
            der.encode(der.CONTEXT_0, certificate, self.ca.public_bytes(serialization.Encoding.DER)),
            der.encode(der.SET, signer),
        )
        token = der.encode(der.SEQUENCE, der.oid("1.2.840.113549.1.7.2"), der.encode(der.CONTEXT_0, data))
        words = der.encode(der.SEQUENCE, der.encode(0x0C, b"Operation Okay"))
        return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(0), words), token)


def _attribute(kind: str, value: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.oid(kind), der.encode(der.SET, value))


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    by: ec.EllipticCurvePrivateKey | None,
    life: timedelta,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_MIDDLE - _YEAR)
        .not_valid_after(_MIDDLE - _YEAR + life)
    )
    if issuer is None:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    else:
        dates = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(dates, critical=True)
    return builder.sign(key if by is None else by, hashes.SHA256())
