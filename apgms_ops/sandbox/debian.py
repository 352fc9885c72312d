"""Programs from Debian's packages: found, or fetched without starting a daemon of theirs."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from apgms_ops.deadline import Deadline
from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.state import locked
from apgms_ops.sandbox.world import World

_ROOT = 0
_MORE_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"  # not in the PATH of every user


def program(world: World, name: str, package: str, deadline: Deadline, *, daemon: bool = False) -> Path:
    """Return the path of a program, fetching its package if this machine does not have it.

    Args:
        world: Where the cache is, and who hears of the installation.
        name: The program: `java`.
        package: The Debian package that holds it: `openjdk-17-jre-headless`.
        deadline: For the installation.
        daemon: The package starts a service of its own where it is installed. It is then only unpacked, into the cache:
            nothing is started, no port is taken, and no privilege is needed. For programs that stand alone.

    Raises:
        SandboxError: It cannot be had; the text names the command that would install it.
    """
    unpacked = world.cache / "debian" / package
    places = [unpacked / folder for folder in ("usr/bin", "usr/sbin")] if daemon else []
    with locked(world.cache / "apt.lock"):  # apt has locks of its own, over which it fails
        found = _find(name, places)
        if found is None:
            world.report(f"{package}: {'unpacking' if daemon else 'installing'} the Debian package, for {name}")
            _fetch(package, unpacked, deadline) if daemon else _install(package, deadline)
            found = _find(name, places)
    if found is None:
        msg = f"package {package} holds no program {name}"
        raise SandboxError(msg)
    return found


def unpacked(world: World, package: str, deadline: Deadline) -> Path:
    """Return the folder in the cache that a package is unpacked in, fetching it first if need be. It is not installed.

    Raises:
        SandboxError: It cannot be had; the text names the command that would install it.
    """
    folder = world.cache / "debian" / package
    with locked(world.cache / "apt.lock"):
        if not folder.is_dir():
            world.report(f"{package}: unpacking the Debian package")
            _fetch(package, folder, deadline)
    return folder


def _find(name: str, places: Sequence[Path]) -> Path | None:
    path = ":".join((os.environ.get("PATH", os.defpath), _MORE_FOLDERS, *map(str, places)))
    found = shutil.which(name, path=path)
    return None if found is None else Path(found)


def _install(package: str, deadline: Deadline) -> None:
    privilege = _privilege()
    if privilege is None:
        raise _missing(package, "this user may not install packages")
    options = ("-o", f"DPkg::Lock::Timeout={deadline.require('installing'):.0f}", "--quiet")
    command = [*privilege, "apt-get", "install", "--yes", "--no-install-recommends", *options, package]
    _try_twice(command, package, deadline)


def _fetch(package: str, unpacked: Path, deadline: Deadline) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise _missing(package, "this is no Debian system")
    draft = unpacked.with_name(f".{package}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    user = ("-o", "APT::Sandbox::User=root") if os.geteuid() == _ROOT else ()
    _try_twice(["apt-get", "download", *user, "--quiet", package], package, deadline, cwd=draft)
    archives = sorted(draft.glob("*.deb"))
    if len(archives) != 1:
        raise _missing(package, f"apt-get download left {len(archives)} archives")
    failure = _run(["dpkg-deb", "--extract", str(archives[0]), str(draft)], deadline)
    if failure is not None:
        raise _missing(package, failure)
    archives[0].unlink()
    shutil.rmtree(unpacked, ignore_errors=True)
    draft.replace(unpacked)


def _try_twice(command: Sequence[str], package: str, deadline: Deadline, cwd: Path | None = None) -> None:
    """Run an apt command; if it fails, once more after `apt-get update`, for the lists may be missing or old."""
    failure = _run(command, deadline, cwd)
    privilege = _privilege()
    if failure is not None and privilege is not None:
        _run([*privilege, "apt-get", "update", "--quiet"], deadline)  # its own failure shows in the second try
        failure = _run(command, deadline, cwd)
    if failure is not None:
        raise _missing(package, failure)


def _privilege() -> tuple[str, ...] | None:
    """Return what to put before a command that needs root, or None where that is not to be had."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == _ROOT:
        return ()
    if shutil.which("sudo") is None:
        return None
    sudo = ("sudo", "--non-interactive", "--preserve-env=DEBIAN_FRONTEND")
    try:
        allowed = subprocess.run(["sudo", "--non-interactive", "true"], capture_output=True, check=False, timeout=10)  # noqa: S607 — the machine's own sudo
    except subprocess.TimeoutExpired:
        return None
    return sudo if allowed.returncode == 0 else None


def _run(command: Sequence[str], deadline: Deadline, cwd: Path | None = None) -> str | None:
    """Run a command to its end, and return in one line why it failed, or None."""
    environment: Mapping[str, str] = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(  # noqa: S603 — a fixed command and the package names of our components
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=deadline.require("installing a Debian package"),
        )
    except subprocess.TimeoutExpired:
        return f"{' '.join(command[:2])} did not end within {deadline.seconds:g} s"
    if done.returncode == 0:
        return None
    errors = [line.removeprefix("E: ") for line in done.stderr.splitlines() if line.startswith("E: ")]
    return errors[0] if errors else f"{' '.join(command[:2])} ended with exit code {done.returncode}"


def _missing(package: str, why: str) -> SandboxError:
    msg = f"Debian package {package} is missing ({why}); install it with `apt-get install {package}`"
    return SandboxError(msg)
