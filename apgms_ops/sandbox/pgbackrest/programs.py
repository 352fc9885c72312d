"""Where pgBackRest is, what it is told, and how it is run."""

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import errands
from apgms_ops.sandbox.debian import unpacked
from apgms_ops.sandbox.objectstore import BACKUPS, REGION
from apgms_ops.sandbox.postgres import PRIMARY, programs
from apgms_ops.sandbox.state import write_atomically
from apgms_ops.sandbox.world import World

COMPONENT: Final = "pgbackrest"
STANZA: Final = "apgms"
PREFIX: Final = "pgbackrest"
"""What the repository's objects' names begin with."""
_PACKAGES: Final = ("pgbackrest", "libxml2", "libicu72")
"""The program, and its libraries that a small system lacks."""
WRITER: Final = "writer"
READER: Final = "reader"


def find(world: World, deadline: Deadline) -> Path:
    """Return pgBackRest's path; its package is only unpacked where it is not installed.

    Raises:
        SandboxError: It cannot be had.
    """
    installed = shutil.which("pgbackrest")
    if installed is not None:
        return Path(installed)
    folders = {package: unpacked(world, package, deadline) for package in _PACKAGES}
    return folders[COMPONENT] / "usr/bin/pgbackrest"


def libraries(world: World) -> dict[str, str]:
    """Return what a program that was only unpacked needs in its environment."""
    names = (*_PACKAGES, programs.LIBRARY)
    folders = [str(path) for name in names for path in (world.cache / "debian").glob(f"{name}/usr/lib/*-linux-gnu")]
    return {"LD_LIBRARY_PATH": ":".join(sorted(folders))} if folders else {}


def environment(world: World) -> dict[str, str]:
    """Return what pgBackRest, and the libpq in it, find the primary by: a socket's path would be too long."""
    file = world.folder(COMPONENT) / "pgpass"
    password = (world.folder(programs.COMPONENT) / "postgres.password").read_text(encoding="utf-8").strip()
    write_atomically(file, f"127.0.0.1:*:*:postgres:{password}\n")
    return {"PGHOST": "127.0.0.1", "PGPASSFILE": str(file)} | libraries(world)


def config(world: World, role: str) -> Path:
    """Return the configuration file of who takes backups (`writer`), or of who restores (`reader`)."""
    return world.folder(COMPONENT) / f"{role}.conf"


def configure(world: World) -> None:
    """Write both; the key of the repository's cipher is made once."""
    folder = world.folder(COMPONENT)
    cipher = folder / "cipher.pass"
    if not cipher.exists():
        write_atomically(cipher, secrets.token_urlsafe(48))
    for role, files in ((WRITER, ("writer_id_file", "writer_secret_file")), (READER, ("id_file", "secret_file"))):
        key, secret = (Path(world.get(f"objectstore.{name}")).read_text(encoding="utf-8") for name in files)
        options = {
            "repo1-type": "s3",
            "repo1-path": f"/{PREFIX}",
            "repo1-s3-bucket": BACKUPS,
            "repo1-s3-endpoint": "localhost",
            "repo1-storage-port": str(world.port("objectstore")),
            "repo1-s3-region": REGION,
            "repo1-s3-uri-style": "path",
            "repo1-storage-ca-file": world.get("objectstore.ca_file"),
            "repo1-s3-key": key.strip(),
            "repo1-s3-key-secret": secret.strip(),
            "repo1-cipher-type": "aes-256-cbc",
            "repo1-cipher-pass": cipher.read_text(encoding="utf-8"),
            "repo1-bundle": "y",
            "repo1-bundle-size": "1MiB",
            "repo1-retention-full": "2",
            "compress-type": "lz4",
            "start-fast": "y",
            "log-level-file": "off",
            "log-level-console": "warn",
            # At the defaults a dead repository costs minutes a command.
            "io-timeout": "4",
            "db-timeout": "20",
            "protocol-timeout": "30",
            **{f"{what}-path": str(_made(folder / what)) for what in ("lock", "log", "spool")},
        }
        lines = ["[global]", *(f"{name}={value}" for name, value in options.items()), "", f"[{STANZA}]"]
        lines += [f"pg1-path={world.folder(programs.COMPONENT) / PRIMARY}", "pg1-user=postgres"]
        lines += [f"pg1-port={world.port(f'postgres.{PRIMARY}')}", ""]
        write_atomically(config(world, role), "\n".join(lines))


def command(world: World, *arguments: str, deadline: Deadline) -> tuple[str, ...]:
    """Return a command of pgBackRest, as whoever takes backups."""
    return str(find(world, deadline)), f"--config={config(world, WRITER)}", f"--stanza={STANZA}", *arguments


def run(world: World, *arguments: str, deadline: Deadline, env: Mapping[str, str] | None = None) -> str:
    """Run it to its end, and return what it printed.

    Raises:
        SandboxError: It failed, or did not end in time.
    """
    name = f"pgbackrest {arguments[0]}"
    asked = command(world, *arguments, deadline=deadline)
    done = errands.run(world, COMPONENT, asked, deadline, env=environment(world) | dict(env or {}), name=name)
    if done.returncode:
        said = (done.stdout.strip() or done.stderr.strip()).splitlines() or ["no reason given"]
        msg = f"{name} failed: {' '.join(said[-4:])}"
        raise SandboxError(msg)
    return done.stdout


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
