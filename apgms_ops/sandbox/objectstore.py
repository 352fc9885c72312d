"""The component that keeps what must not be lost: S3 as moto speaks it, with TLS, signatures and Object Lock."""

import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.asking import ask
from apgms_ops.sandbox.certificates import Authority, crt, key
from apgms_ops.sandbox.component import Component
from apgms_ops.sandbox.objectstore_process.settings import Settings
from apgms_ops.sandbox.world import World

NAME: Final = "objectstore"
BUCKET: Final = "apgms-evidence"
BACKUPS: Final = "apgms-backups"
COPIES: Final = "apgms-backups-copies"
COPIES_REGION: Final = "ap-southeast-4"
REGION: Final = "ap-southeast-2"
RETENTION_DAYS: Final = 400
_PROGRAM: Final = "apgms_ops.sandbox.objectstore_process"
_POLL: Final = 0.05
_AUTHORITY: Final = "ca"
_SERVER: Final = "server"


class ObjectStore(Component):
    """One process on 127.0.0.1, on the ports `objectstore` and `objectstore.control`. What it keeps ends with it."""

    name = NAME

    def install(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — nothing is fetched
        """See that moto and cheroot are there.

        Raises:
            SandboxError: They are not.
        """
        for package in ("moto", "cheroot"):
            if importlib.util.find_spec(package) is None:
                msg = f"{package} is missing: pip install 'apgms-ops[sandbox]'"
                raise SandboxError(msg)

    def start(self, world: World, deadline: Deadline) -> None:  # noqa: ARG002 — starting a process takes no time
        """Make a certificate where there is none, and start the process; the store is empty."""
        folder = world.folder(NAME)
        if not crt(folder, _SERVER).exists():
            Authority(folder, _AUTHORITY).server(_SERVER, ("localhost",), ("127.0.0.1",))
        settings = settings_of(world)
        written = (settings.id_file, settings.secret_file, settings.writer_id_file, settings.writer_secret_file)
        for made in written:
            Path(made).unlink(missing_ok=True)
        settings.write(folder / "settings.json")
        world.spawn(
            NAME, [sys.executable, "-m", _PROGRAM, str(folder / "settings.json")], env={"PYTHONUNBUFFERED": "1"}
        )
        world.set(f"{NAME}.url", f"https://localhost:{settings.port}")
        world.set(f"{NAME}.ca_file", settings.ca_file)
        world.set(f"{NAME}.id_file", settings.id_file)
        world.set(f"{NAME}.secret_file", settings.secret_file)
        world.set(f"{NAME}.writer_id_file", settings.writer_id_file)
        world.set(f"{NAME}.writer_secret_file", settings.writer_secret_file)
        world.set(f"{NAME}.control", f"127.0.0.1:{settings.control_port}")
        # Runs that were sealed before then are not to be looked for in it.
        world.set(f"{NAME}.since", datetime.now(UTC).isoformat(timespec="seconds"))

    def ready(self, world: World, deadline: Deadline) -> None:
        """Return once the buckets are there."""
        while ask(world.port(f"{NAME}.control"), "/switches", deadline) is None:
            if not world.alive(NAME):
                msg = f"{NAME} died:\n{world.log_tail(NAME)}"
                raise SandboxError(msg)
            if deadline.remaining <= _POLL:
                msg = f"{NAME} is not ready within {deadline.seconds:g} s:\n{world.log_tail(NAME)}"
                raise SandboxError(msg)
            deadline.pause(_POLL, f"{NAME} to be ready")


def settings_of(world: World) -> Settings:
    """Return what the process is told."""
    folder = world.folder(NAME)
    return Settings(
        port=world.port(NAME),
        control_port=world.port(f"{NAME}.control"),
        certificate=str(crt(folder, _SERVER)),
        key=str(key(folder, _SERVER)),
        ca_file=str(crt(folder, _AUTHORITY)),
        region=REGION,
        bucket=BUCKET,
        retention_days=RETENTION_DAYS,
        id_file=str(folder / "access-key-id"),
        secret_file=str(folder / "secret-access-key"),
        backups=BACKUPS,
        copies=COPIES,
        copies_region=COPIES_REGION,
        writer_id_file=str(folder / "writer-access-key-id"),
        writer_secret_file=str(folder / "writer-secret-access-key"),
    )
