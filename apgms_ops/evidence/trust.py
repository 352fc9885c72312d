"""Whom a verifier believes: keys that seal, and when they may; authorities that date. Never what is verified itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from apgms_ops.environment.evidence import Evidence, Identity
from apgms_ops.environment.model import Environment
from apgms_ops.errors import ConfigurationError, EvidenceInvalid
from apgms_ops.evidence.identity import jwk
from apgms_ops.evidence.identity.jwk import IssuerKey
from apgms_ops.evidence.identity.verify import Believed
from apgms_ops.evidence.keys import PublicKey, read_public

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LARGEST = 1024 * 1024
"""Bytes of a PEM file that are read."""


@dataclass(frozen=True, slots=True)
class SealKey:
    """A key that is believed."""

    name: str
    public: PublicKey
    start: datetime | None = None
    """First moment at which it may seal; None: no such bound is known."""
    end: datetime | None = None
    """First moment at which it may not seal any more."""

    def in_force(self, at: datetime) -> bool:
        """Whether it may seal at `at` (aware)."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a verifier believes."""

    keys: tuple[SealKey, ...]
    authorities: "tuple[Certificate, ...]" = ()
    """Certificates that a timestamp must lead to. Without any, nobody is believed to date."""
    environment: str | None = None
    """The only environment whose runs are asked for; None: whichever a run says."""
    require_timestamp: bool = False
    """Whether a run that nobody dated is invalid."""
    identity: Believed = field(default_factory=Believed)
    """Whom to believe about who ran a run."""

    def key(self, key_id: str) -> SealKey | None:
        """Return the key of that id; where one is listed for several periods, see `all_of`."""
        return next(iter(self.all_of(key_id)), None)

    def all_of(self, key_id: str) -> tuple[SealKey, ...]:
        """Return the entries of a key: it may have been in force more than once."""
        return tuple(key for key in self.keys if key.public.id == key_id)


def of_files(paths: Iterable[Path], environment: str | None = None, *, require_timestamp: bool = False) -> Trust:
    """Return the trust in what files hold: keys that seal, certificates of authorities (PEM), an issuer's keys (JSON).

    Raises:
        ConfigurationError: A file cannot be read, or holds neither.
    """
    keys: list[SealKey] = []
    authorities: list[Certificate] = []
    issuers: list[IssuerKey] = []
    for path in paths:
        pem = _read(path)
        if pem.lstrip().startswith(b"{"):
            issuers += _issuer_keys(pem, path)
        elif b"-----BEGIN CERTIFICATE-----" in pem:
            authorities += read_certificates(pem, str(path))
        else:
            keys.append(SealKey(path.stem, read_public(pem, str(path))))
    return Trust(tuple(keys), tuple(authorities), environment, require_timestamp, Believed(tuple(issuers)))


def of_environment(environment: Environment, folder: Path, *, require_timestamp: bool = False) -> Trust:
    """Return whom an environment file believes.

    Args:
        environment: What it declares.
        folder: Its folder, which the paths in it are relative to.
        require_timestamp: Whether a run that nobody dated is invalid.

    Raises:
        ConfigurationError: It names no key, or a file of it cannot be used.
    """
    evidence = environment.evidence
    if not isinstance(evidence, Evidence) or not evidence.trusted_keys:
        msg = f"environment {environment.name} names no key to believe: fill in [[evidence.trusted_keys]]"
        raise ConfigurationError(msg)
    authorities: tuple[Certificate, ...] = ()
    if evidence.timestamp is not None:
        file = folder / evidence.timestamp.ca_file
        authorities = tuple(certificates(file))
    keys = declared_keys(evidence, folder)
    return Trust(keys, authorities, environment.name, require_timestamp, believed_of(evidence, folder))


def believed_of(evidence: Evidence, folder: Path) -> Believed:
    """Return whom an environment believes about who ran a run.

    Raises:
        ConfigurationError: The file of the issuer's keys cannot be used.
    """
    declared = evidence.identity
    if declared is None:
        return Believed()
    # Read here alone: a run asks the issuer for its keys.
    file = None if declared.keys_file is None else folder / declared.keys_file
    keys = () if file is None else _issuer_keys(_read(file), file)
    return Believed(keys, _repositories(declared))


def repositories_of(environment: Environment) -> tuple[str, ...]:
    """Return whose jobs may run the checks of an environment; empty where it does not say."""
    evidence = environment.evidence
    declared = evidence.identity if isinstance(evidence, Evidence) else None
    return () if declared is None else _repositories(declared)


def _repositories(declared: Identity) -> tuple[str, ...]:
    return declared.repository, *declared.callers


def _issuer_keys(data: bytes, path: Path) -> tuple[IssuerKey, ...]:
    try:
        return jwk.key_set(data)
    except EvidenceInvalid as error:
        msg = f"{path}: expected the keys of an issuer of identity tokens (a JWK set): {error}"
        raise ConfigurationError(msg) from error


def declared_keys(evidence: Evidence, folder: Path) -> tuple[SealKey, ...]:
    """Return the keys that an environment's `trusted_keys` name.

    Raises:
        ConfigurationError: A file of them cannot be used.
    """
    return tuple(
        SealKey(key.name, read_public(_read(folder / key.public_key), str(folder / key.public_key)), key.start, key.end)
        for key in evidence.trusted_keys
    )


def certificates(path: Path) -> "list[Certificate]":
    """Read the PEM file of a timestamp authority's certificates.

    Raises:
        ConfigurationError: It cannot be read, or holds none.
    """
    return read_certificates(_read(path), str(path))


def read_certificates(pem: bytes, name: str) -> "list[Certificate]":
    """Read a PEM file of certificates.

    Raises:
        ConfigurationError: It holds none, or one that cannot be read.
    """
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 — heavy

    try:
        return load_pem_x509_certificates(pem)
    except ValueError as error:
        msg = f"{name}: expected a PEM file with certificates"
        raise ConfigurationError(msg) from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise ConfigurationError(msg) from error
    if len(data) > LARGEST:
        msg = f"{path}: larger than {LARGEST // 1024} KiB, which no key is"
        raise ConfigurationError(msg)
    return data
