"""Keys and certificates of the sandbox's own servers: small authorities of its own, and what they sign, for a month."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apgms_ops.sandbox.state import write_atomically

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

_LIFE: Final = timedelta(days=30)
_SKEW: Final = timedelta(minutes=5)


class Authority:
    """An authority whose certificate and key are in a folder, made with it."""

    def __init__(self, folder: Path, name: str, life: timedelta = _LIFE) -> None:
        """Make it, and write `<name>.crt` and `<name>.key`; it and what it signs are valid for `life`."""
        from cryptography import x509  # noqa: PLC0415 — heavy

        self._folder = folder
        self._life = life
        key = new_key(folder, name)
        own = (x509.BasicConstraints(ca=True, path_length=0), True)
        self._issuer = (_sign(folder, name, key, None, own, life=life), key)

    def server(self, name: str, names: tuple[str, ...], addresses: tuple[str, ...]) -> None:
        """Write key and certificate of a server that is known by these names and IP addresses."""
        from cryptography import x509  # noqa: PLC0415 — heavy
        from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415 — heavy

        known = [*map(x509.DNSName, names), *(x509.IPAddress(ip_address(address)) for address in addresses)]
        own = (x509.SubjectAlternativeName(known), False)
        serves = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        _sign(self._folder, name, new_key(self._folder, name), self._issuer, own, serves)

    def client(self, name: str) -> None:
        """Write key and certificate of a client."""
        from cryptography import x509  # noqa: PLC0415 — heavy
        from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415 — heavy

        asks = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        _sign(self._folder, name, new_key(self._folder, name), self._issuer, asks)

    def dates(self, name: str) -> None:
        """Write key and certificate of one who gives timestamps (RFC 3161), and does nothing else."""
        from cryptography import x509  # noqa: PLC0415 — heavy
        from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415 — heavy

        only = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
        _sign(self._folder, name, new_key(self._folder, name), self._issuer, only, life=self._life)


def crt(folder: Path, name: str) -> Path:
    """Return the path of a certificate."""
    return folder / f"{name}.crt"


def key(folder: Path, name: str) -> Path:
    """Return the path of a private key."""
    return folder / f"{name}.key"


def new_key(folder: Path, name: str) -> "EllipticCurvePrivateKey":
    """Write a private key, and return it."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 — heavy
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 — heavy

    made = ec.generate_private_key(ec.SECP256R1())
    # "EC PRIVATE KEY", out of which kube-apiserver reads the public key as well.
    form = serialization.PrivateFormat.TraditionalOpenSSL
    how = (serialization.Encoding.PEM, form, serialization.NoEncryption())
    write_atomically(key(folder, name), made.private_bytes(*how).decode("ascii"))
    return made


def _sign(
    folder: Path,
    name: str,
    own: "EllipticCurvePrivateKey",
    issuer: "tuple[Certificate, EllipticCurvePrivateKey] | None",
    *extensions: tuple[object, bool],
    life: timedelta = _LIFE,
) -> "Certificate":
    """Write and return the certificate of a key: signed by the issuer, or by itself."""
    from cryptography import x509  # noqa: PLC0415 — heavy
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 — heavy
    from cryptography.x509.oid import NameOID  # noqa: PLC0415 — heavy

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"apgms-ops sandbox {name}")])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    )
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
        builder = builder.add_extension(identifier, critical=False)
    else:
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
        )
        signs = x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, decipher_only=False, **usage)
        builder = builder.add_extension(signs, critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)  # type: ignore[arg-type]  # one of x509's
    made = builder.sign(issuer[1] if issuer else own, hashes.SHA256())
    write_atomically(crt(folder, name), made.public_bytes(serialization.Encoding.PEM).decode("ascii"))
    return made
