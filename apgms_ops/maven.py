"""Artefacts from a Maven repository: resolved from a pom.xml of ours, compared with digests of ours."""

import hashlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from apgms_ops.deadline import Deadline


def fetch(maven: Path, pom: bytes, goal: Sequence[str], folder: Path, deadline: Deadline) -> str | None:
    """Run a goal on a pom.xml that is written into `folder`, and return in one line why it failed, or None.

    Args:
        maven: The program `mvn`.
        pom: What to resolve, with every version pinned.
        goal: The goal with its options.
        folder: An empty folder; Maven runs in it.
        deadline: For all of it.

    Raises:
        DeadlineExceeded: Nothing is left of the deadline to begin with.
    """
    (folder / "pom.xml").write_bytes(pom)
    left = deadline.require("fetching with Maven")
    # In a session of its own: Maven's start script leaves a JVM behind if it alone is ended.
    with subprocess.Popen(  # noqa: S603 — a fixed command
        [str(maven), "-B", "-q", "-C", "-f", str(folder / "pom.xml"), *goal],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=left)
        except BaseException as error:  # an interrupted runner must not leave Maven behind either
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                return f"Maven did not end within {deadline.seconds:g} s"
            raise
    if process.returncode == 0:
        return None
    errors = [line for line in output.splitlines() if "[ERROR]" in line]
    why = errors[0].partition("[ERROR]")[2].strip() if errors else f"exit code {process.returncode}"
    return f"Maven failed: {why[:300]}"


def differing(folder: Path, digests: Mapping[str, str]) -> list[str]:
    """Return the names of files that are missing in `folder`, or whose SHA-256 is not the one in `digests`."""
    wrong = []
    for name, digest in digests.items():
        try:
            with (folder / name).open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            actual = "missing"
        if actual != digest:
            wrong.append(name)
    return wrong
