"""The component that makes evidence possible: a key that seals the sandbox's runs, and an authority that dates them.

Key and authority outlive a sandbox: they are kept in the user's cache, so that the chain of the sandbox's runs, which
lie beside the checks, still verifies when a later sandbox adds to it.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.asking import ask
from apgms_ops.sandbox.certificates import Authority, crt, key
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.debian import program
from apgms_ops.sandbox.state import locked, write_atomically
from apgms_ops.sandbox.world import World

NAME: Final = "timestamps"
SINCE: Final = "evidence.since"
"""Published: from when on evidence of the controls is asked for."""
READY: Final = "/health"
PATH: Final = "/tsr"
_AUTHORITY: Final = "ca"
_DATES: Final = "tsa"
_SEALS: Final = "seal"
_LIFE: Final = timedelta(days=3650)
_POLL: Final = 0.02
_PROGRAM: Final = "apgms_ops.sandbox.timestamps_process"


class Timestamps(Component):
    """One process on 127.0.0.1, which has `openssl ts` answer; and the key."""

    name = NAME

    def install(self, world: World, deadline: Deadline) -> None:
        """See that OpenSSL's command is there."""
        program(world, "openssl", "openssl", deadline)

    def start(self, world: World, deadline: Deadline) -> None:
        """Make key and certificates where there are none, and start the authority."""
        openssl = program(world, "openssl", "openssl", deadline)
        kept = world.cache / "evidence"
        with locked(world.cache / "evidence.lock"):
            make(kept)
        folder = world.folder(NAME)
        port = world.port(NAME)
        configuration = configure(folder, kept)
        command = [sys.executable, "-m", _PROGRAM, str(port), str(openssl), str(configuration)]
        world.spawn(NAME, command, env={"PYTHONUNBUFFERED": "1"})
        world.set(f"{NAME}.url", f"http://127.0.0.1:{port}{PATH}")
        world.set(f"{NAME}.ca_file", str(crt(kept, _AUTHORITY)))
        world.set("evidence.key_file", str(key(kept, _SEALS)))
        world.set("evidence.public_key", str(public(kept)))
        world.set(SINCE, datetime.now(UTC).isoformat(timespec="seconds"))

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once it answers."""
        while ask(world.port(NAME), READY, deadline) is None:
            if not world.alive(NAME):
                msg = f"{NAME} died:\n{world.log_tail(NAME)}"
                raise SandboxError(msg)
            if deadline.remaining <= _POLL:
                msg = f"{NAME} is not ready within {deadline.seconds:g} s:\n{world.log_tail(NAME)}"
                raise SandboxError(msg)
            deadline.pause(_POLL, f"{NAME} to be ready")


def public(folder: Path) -> Path:
    """Return the path of the public key that verifies the sandbox's seals."""
    return folder / f"{_SEALS}.pub"


def make(folder: Path) -> None:
    """Make an authority, whom it lets date, and a key that seals; each for this user alone, unless all are there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (crt(folder, _DATES).exists() and key(folder, _DATES).exists()):
        Authority(folder, _AUTHORITY, _LIFE).dates(_DATES)
    if not (public(folder).exists() and key(folder, _SEALS).exists()):
        _make_key(folder)


def _make_key(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 — heavy
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 — heavy

    made = Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    private = made.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    own = made.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    write_atomically(key(folder, _SEALS), private.decode("ascii"))
    write_atomically(public(folder), own.decode("ascii"))


def configure(folder: Path, kept: Path) -> Path:
    """Write the configuration of `openssl ts`, and return its path.

    Args:
        folder: Where it goes, with the number of the next timestamp.
        kept: Where keys and certificates are.
    """
    serial = folder / "serial"
    if not serial.exists():
        serial.write_text("01\n", encoding="ascii")
    path = folder / "tsa.cnf"
    path.write_text(
        f"""[tsa]
default_tsa = sandbox
[sandbox]
serial = {serial}
crypto_device = builtin
signer_cert = {crt(kept, _DATES)}
signer_key = {key(kept, _DATES)}
signer_digest = sha256
certs = {crt(kept, _AUTHORITY)}
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_alg = sha256
""",
        encoding="utf-8",
    )
    path.chmod(0o600)
    return path
