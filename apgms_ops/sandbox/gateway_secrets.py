"""What the gateway keeps secret: the key that signs tokens, its users, and what the sandbox's clients log in with."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from apgms_ops.sandbox.world import World

if TYPE_CHECKING:
    from apgms_ops.sandbox.service_process.tenants import Credentials

CREDENTIALS: Final = "gateway.credentials"
"""Published: the path of the private file with what the sandbox's own customers log in with."""
SMOKE: Final = "smoke"
"""Published under it: paths of private files of one line each, `smoke.otp_file` and so on, of who walks journeys."""


def make(world: World, folder: Path) -> None:
    """Make key and users, and what each tenant's client logs in with, where they are not there, and say where they are.

    Args:
        world: Where it is said.
        folder: The gateway's.
    """
    from apgms_ops.sandbox.service_process import tenants  # noqa: PLC0415 — only where a sandbox starts

    paths = {org: folder / f"credentials-{org}.json" for org in tenants.ABNS}
    users = folder / "users.json"
    if not all(path.exists() for path in (*paths.values(), users)):
        invented = {org: tenants.invent(org) for org in paths}
        _write(folder / "signing-key.pem", _key())
        for org, (_, credentials) in invented.items():
            _write(paths[org], credentials.text().encode())
        # The users last: with them all of it is there.
        _write(users, tenants.users_text([user for user, _ in invented.values()]).encode())
    world.set(CREDENTIALS, str(paths[tenants.ORG]))
    world.set(f"{CREDENTIALS}.other", str(paths[tenants.OTHER]))
    for org, prefix in ((tenants.SMOKE, ""), (tenants.SMOKE_OTHER, "other_")):
        _tell(world, folder / org, prefix, tenants.Credentials.read(paths[org]))


def _tell(world: World, folder: Path, prefix: str, credentials: "Credentials") -> None:
    """Write each secret into a file of its own, as an environment file refers to it, and publish the path."""
    folder.mkdir(mode=0o700, exist_ok=True)
    secrets = {"username": credentials.username, "password": credentials.password, "otp": credentials.otp_secret}
    for name, secret in secrets.items():
        _write(folder / name, f"{secret}\n".encode())
        world.set(f"{SMOKE}.{prefix}{name}_file", str(folder / name))


def _key() -> bytes:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 — only where a sandbox starts
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, text: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text)
