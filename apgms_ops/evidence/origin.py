"""Where a run comes from: who ran it, in which job, on which commit of the checks, with which versions.

All of it is what the machine says of itself. A seal keeps it from being changed afterwards; it does not make it true.
What somebody else vouches for stands in identity/.
"""

import getpass
import os
import platform
import subprocess
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, Final

from apgms_ops.evidence.identity.claims import PROVEN
from apgms_ops.redact import printable

UNKNOWN: Final = "unknown"
NOT_RECORDED: Final = "not recorded"
_CI: Final = (
    "GITHUB_SERVER_URL",
    "GITHUB_REPOSITORY",
    "GITHUB_REPOSITORY_ID",
    "GITHUB_WORKFLOW_REF",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_JOB",
    "GITHUB_EVENT_NAME",
    "GITHUB_REF",
    "GITHUB_SHA",
    "GITHUB_ACTOR",
    "GITHUB_ACTOR_ID",
    "GITHUB_TRIGGERING_ACTOR",
)
_GIT: Final = 5.0
"""Seconds for one question to git."""
_LONGEST: Final = 300
"""Characters of a value."""


def user() -> str:
    """Return who runs this, and on which machine: `ops on runner-1`."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may know no names
        name = f"user {os.getuid()}"
    return f"{name} on {platform.node() or 'a machine without a name'}"


def job(environ: Mapping[str, str], redact: Callable[[str], str]) -> dict[str, str] | None:
    """Return what the environment variables say of the CI job; None where there is none.

    Args:
        environ: The process's environment variables.
        redact: Masks secrets: a branch may be called anything.
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        return None
    found = {name: printable(redact(environ[name]), limit=_LONGEST) for name in _CI if environ.get(name)}
    return found | {"proof": "claimed"}


def commit(root: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the commit of the checks, and whether what lies there differs from it; "unknown" where git cannot say."""
    found = _git(root, environ, "rev-parse", "--verify", "HEAD")
    changed = None if found is None else _git(root, environ, "status", "--porcelain")
    return {"commit": found or UNKNOWN, "dirty": UNKNOWN if changed is None else bool(changed)}


def _git(root: Path, environ: Mapping[str, str], *arguments: str) -> str | None:
    # Variables such as GIT_DIR would make it speak of another repository.
    kept = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 — fixed arguments
            command, env=kept, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_GIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def recorded(close: Mapping[str, Any] | None) -> tuple[str, str]:
    """Return who ran a run, and on which commit of the checks, as its closing entry says; else "not recorded"."""
    body = close or {}
    by, checks = body.get("by"), body.get("checks_at")
    job_of_it, identity = (by.get("job"), by.get("identity")) if isinstance(by, Mapping) else (None, None)
    claims = identity.get("claims") if isinstance(identity, Mapping) and identity.get("state") == PROVEN else None
    actor = claims.get("actor") if isinstance(claims, Mapping) else None
    actor = actor or (job_of_it.get("GITHUB_ACTOR") if isinstance(job_of_it, Mapping) else None)
    who = actor or (by.get("user") if isinstance(by, Mapping) else None)
    at = checks.get("commit") if isinstance(checks, Mapping) else None
    return str(who or NOT_RECORDED), str(at or NOT_RECORDED)


def versions() -> dict[str, str]:
    """Return the versions of Python, of this package, and of the libraries that it names."""
    found = {"python": platform.python_version()}
    try:
        required = requires("apgms-ops") or []
        found["apgms-ops"] = version("apgms-ops")
    except PackageNotFoundError:
        return found | {"apgms-ops": UNKNOWN}
    for line in required:
        if "extra ==" in line:
            continue
        name = line
        for end in "[<>=!~; (":
            name = name.partition(end)[0]
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = UNKNOWN
    return dict(sorted(found.items()))
