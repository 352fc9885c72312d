"""Keys by reference: what seals is a key that is believed and in force, and none of it is ever shown."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa, x25519

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ConfigurationError
from apgms_ops.evidence.keys import read_public
from apgms_ops.evidence.signing import signer_of
from apgms_ops.evidence.trust import of_files
from tests.evidence.making import DAY, Key, a_key

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def pem(private: object, password: bytes | None = None) -> str:
    """Return a private key as PEM."""
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
    return str(private.private_bytes(*form).decode())  # type: ignore[attr-defined]  # any of cryptography's


@pytest.mark.parametrize(
    "private",
    [
        a_key().private,
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["ed25519", "p256", "p384", "p521", "rsa"],
)
def test_each_kind_of_key_signs_what_its_public_half_verifies(tmp_path: Path, private: object) -> None:
    """A key in a file or in a variable signs, the PEM of its public half verifies that, and nothing else."""
    file = tmp_path / "seal.key"
    file.write_text(pem(private))
    by_file = signer_of(f"file:{file}", (), NOW, {})
    by_variable = signer_of("env:SEAL", (), NOW, {"SEAL": pem(private)})
    assert by_file.public.id == by_variable.public.id
    signature = by_file.sign(b"data", Deadline(5))
    public = read_public(by_variable.public.pem.encode(), "test")
    assert public.verifies(signature, b"data")
    assert not public.verifies(signature, b"date")
    assert not public.verifies(signature[:-1], b"data")
    assert not a_key().trusted.public.verifies(signature, b"data")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (pem(ec.generate_private_key(ec.SECP256K1())), "a key that seals is ed25519"),
        (pem(rsa.generate_private_key(65537, 1024)), "a key that seals is ed25519"),  # noqa: S505 — too weak, on purpose
        (pem(dsa.generate_private_key(2048)), "a key that seals is ed25519"),
        (pem(x25519.X25519PrivateKey.generate()), "a key that seals is ed25519"),
        (pem(a_key().private, b"secret"), "it asks for a passphrase"),
        ("hunter2", "it holds no private key"),
    ],
    ids=["secp256k1", "rsa-1024", "dsa", "x25519", "with a passphrase", "no key"],
)
def test_what_seals_nothing_is_refused_without_being_shown(text: str, why: str) -> None:
    """A key of a weak kind, or none at all, is one clear error that repeats nothing of it."""
    with pytest.raises(ConfigurationError) as caught:
        signer_of("env:SEAL", (), NOW, {"SEAL": text})
    assert why in str(caught.value)
    assert not any(line in str(caught.value) for line in text.splitlines() if "-----" not in line)


def test_a_key_seals_only_while_it_is_believed() -> None:
    """A key that the environment does not name, or not for today, seals nothing."""
    key = a_key("ops-2026", NOW - 2 * DAY, NOW - DAY)
    environ = {"SEAL": key.pem}
    with pytest.raises(ConfigurationError, match="ops-2026 is not in force now"):
        signer_of("env:SEAL", [key.trusted], NOW, environ)
    with pytest.raises(ConfigurationError, match="not among trusted_keys"):
        signer_of("env:SEAL", [a_key().trusted], NOW, environ)
    again = Key(key.private, "ops-2026", NOW - DAY, NOW + DAY)
    assert signer_of("env:SEAL", [key.trusted, again.trusted], NOW, environ).name == "ops-2026"


def test_a_key_in_a_vault_needs_its_public_half() -> None:
    """A KMS or HSM is asked only where exactly one public key in force is named for it."""
    with pytest.raises(ConfigurationError, match="name its public key in trusted_keys"):
        signer_of("awskms:alias/evidence", [], NOW, {})
    with pytest.raises(ConfigurationError, match=r"alone so \(2 are\)"):
        signer_of("awskms:alias/evidence", [a_key("a").trusted, a_key("b").trusted], NOW, {})


def test_a_vault_that_cannot_be_asked_is_one_line() -> None:
    """A reference that no driver here can follow is a clear error, within the deadline."""
    signer = signer_of("hsm:4?label=evidence", [a_key().trusted], NOW, {})
    with pytest.raises(ConfigurationError, match="the sealing key hsm:4"):
        signer.sign(b"data", Deadline(20))


def test_a_private_key_is_not_taken_for_a_public_one(tmp_path: Path) -> None:
    """Whoever names a private key as the one to believe is told so, and nothing of it is shown."""
    key = a_key()
    file = tmp_path / "k.pem"
    file.write_text(key.pem)
    with pytest.raises(ConfigurationError, match="this is a private key") as caught:
        of_files([file])
    assert key.pem.splitlines()[1] not in str(caught.value)
    file.write_text("nothing")
    with pytest.raises(ConfigurationError, match="expected a PEM file with a public key"):
        of_files([file])
    with pytest.raises(ConfigurationError, match="cannot be read"):
        of_files([tmp_path / "none"])
