"""Where PostgreSQL's programs are, and how they are run: never as root, which they refuse."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox import errands
from apgms_ops.sandbox.debian import unpacked
from apgms_ops.sandbox.world import World

COMPONENT: Final = "postgres"
"""The component that the programs are run for."""
VERSION: Final = "15"
SERVER: Final = f"postgresql-{VERSION}"
CLIENT: Final = f"postgresql-client-{VERSION}"
LIBRARY: Final = "libpq5"
_BIN: Final = f"usr/lib/postgresql/{VERSION}/bin"
_ROOT: Final = 0
_UNPRIVILEGED: Final = ("unshare", "--user", "--ipc", "--map-user=1000", "--map-group=1000")
"""In a user namespace root is called something else, owns its files all the same, and may do nothing that root may."""


def install(world: World, deadline: Deadline) -> None:
    """See that the programs are here. The packages would start a cluster of their own: they are only unpacked.

    Raises:
        SandboxError: They cannot be had, or may not be run by this user.
    """
    prefix = privileges()
    for name in ("initdb", "postgres", "pg_basebackup"):
        program = find(world, name, deadline)
        done = subprocess.run(  # noqa: S603 — a program of the package
            [*prefix, str(program), "--version"],
            env=os.environ | libraries(world),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            msg = f"{program} does not run ({why}); install PostgreSQL with `apt-get install {SERVER}`"
            raise SandboxError(msg)


def find(world: World, name: str, deadline: Deadline) -> Path:
    """Return the path of one of PostgreSQL's programs.

    Raises:
        SandboxError: It cannot be had.
    """
    installed = Path("/") / _BIN / name
    if installed.exists():
        return installed
    unpacked(world, LIBRARY, deadline)
    for package in (SERVER, CLIENT):
        program = unpacked(world, package, deadline) / _BIN / name
        if program.exists():
            return program
    msg = f"packages {SERVER} and {CLIENT} hold no program {name}"
    raise SandboxError(msg)


def libraries(world: World) -> dict[str, str]:
    """Return what a program that was only unpacked needs in its environment."""
    folders = sorted(str(path) for path in (world.cache / "debian").glob(f"{LIBRARY}/usr/lib/*-linux-gnu"))
    return {"LD_LIBRARY_PATH": ":".join(folders)} if folders else {}


def privileges() -> tuple[str, ...]:
    """Return what to put before a command so that it does not run as root.

    Raises:
        SandboxError: We are root, and this machine has no user namespaces to hide it in.
    """
    if os.geteuid() != _ROOT:
        return ()
    if shutil.which(_UNPRIVILEGED[0]) is not None:
        done = subprocess.run([*_UNPRIVILEGED, "true"], capture_output=True, check=False)  # noqa: S603 — fixed
        if done.returncode == 0:
            return _UNPRIVILEGED
    msg = (
        "PostgreSQL does not run as root, and this machine allows no user namespace: start the sandbox as another user"
    )
    raise SandboxError(msg)


def run(world: World, command: Sequence[str | Path], deadline: Deadline, env: Mapping[str, str]) -> None:
    """Run one of the programs to its end.

    Raises:
        SandboxError: It failed, or did not end in time.
    """
    name = Path(command[0]).name
    done = errands.run(world, COMPONENT, [*privileges(), *command], deadline, env=env, name=name)
    if done.returncode:
        msg = f"{name} failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
        raise SandboxError(msg)
