"""Public keys, by which seals are verified, and the private ones that a file or a variable holds.

What is signed with what is fixed by the key alone: nothing in a seal may choose a weaker algorithm. The pairs are those
of securesystemslib, whose signers speak for keys in a KMS or an HSM.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apgms_ops.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

_RSA_BITS = 2048
"""Below, a key is not taken."""
SUPPORTED = "ed25519, ECDSA on P-256, P-384 or P-521, RSA of 2048 bits or more"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that is fit to verify seals."""

    id: str
    """SHA-256 of its SubjectPublicKeyInfo in DER."""
    key: Any
    """As `cryptography` has it."""

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature is this key's, over the data."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 — heavy

        try:
            self.key.verify(signature, data, *_how(self.key))
        except InvalidSignature:
            return False
        return True

    @property
    def pem(self) -> str:
        """As a PEM file holds it."""
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 — heavy

        form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return str(self.key.public_bytes(*form).decode("ascii"))


def public_key(key: "PublicKeyTypes", name: str) -> PublicKey:
    """Take a key of `cryptography`.

    Raises:
        ConfigurationError: It is of a kind that seals nothing; the text names `name`.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 — heavy

    if _how(key) is None:
        msg = f"{name}: a key that seals is {SUPPORTED}; this is none of them"
        raise ConfigurationError(msg)
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(hashlib.sha256(key.public_bytes(*form)).hexdigest(), key)


def read_public(pem: bytes, name: str) -> PublicKey:
    """Read the PEM file of a public key.

    Raises:
        ConfigurationError: It holds none, or one that seals nothing; a private key is refused, and not shown.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 — heavy
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415 — heavy

    if b"PRIVATE KEY" in pem:
        msg = f"{name}: this is a private key; name the file of its public key (openssl pkey -in KEY -pubout)"
        raise ConfigurationError(msg)
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = f"{name}: expected a PEM file with a public key"
        raise ConfigurationError(msg) from error
    return public_key(key, name)


def read_private(pem: bytes, name: str) -> "PrivateKeyTypes":
    """Read the PEM text of a private key without a passphrase. What it says of an error never repeats the key.

    Raises:
        ConfigurationError: It holds none.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 — heavy
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 — heavy

    try:
        return load_pem_private_key(pem, None)
    except TypeError:
        why = "it asks for a passphrase, which nobody is there to give"
    except (ValueError, UnsupportedAlgorithm):
        why = "it holds no private key in PEM"
    msg = f"the sealing key {name} cannot be used: {why}"
    raise ConfigurationError(msg) from None


def sign(key: "PrivateKeyTypes", data: bytes) -> bytes:
    """Return a private key's signature over the data."""
    private: Any = key
    return bytes(private.sign(data, *_how(private.public_key())))


def _how(key: object) -> Any:  # noqa: ANN401 — what `verify` and `sign` take behind the data
    """Return what a key's kind fixes of its signatures; None where a key of the kind seals nothing."""
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 — heavy
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa  # noqa: PLC0415 — heavy

    if isinstance(key, ed25519.Ed25519PublicKey):
        return ()
    if isinstance(key, ec.EllipticCurvePublicKey):
        by_curve = {"secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}
        chosen = by_curve.get(key.curve.name)
        return None if chosen is None else (ec.ECDSA(chosen),)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_BITS:
        return padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH), hashes.SHA256()
    return None
