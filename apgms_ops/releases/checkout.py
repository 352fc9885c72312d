"""A person's own clone of the platform's repository, by the program git and with their own configuration."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from apgms_ops.deadline import Deadline
from apgms_ops.errors import ConfigurationError, DeadlineExceeded, Unobserved
from apgms_ops.redact import printable

_SAID: Final = 300


class Checkout:
    """One work tree, and the remote that its releases go to."""

    def __init__(self, folder: Path, remote: str) -> None:
        """Take them; nothing is run yet.

        Raises:
            ConfigurationError: git is not on this machine.
        """
        program = shutil.which("git")
        if program is None:
            msg = "program git is not on this machine"
            raise ConfigurationError(msg)
        self._program = program
        self.folder = folder
        self.remote = remote

    def head(self, deadline: Deadline) -> str:
        """Return the commit that is checked out.

        Raises:
            ConfigurationError: The folder is no work tree of git.
        """
        done = self._run(["rev-parse", "--verify", "HEAD^{commit}"], deadline)
        if done.returncode:
            msg = f"{self.folder}: expected a clone of the platform's repository: {_last_line(done.stderr)}"
            raise ConfigurationError(msg)
        return done.stdout.strip()

    def branch(self, deadline: Deadline) -> str:
        """Return the branch that is checked out; empty where there is none."""
        done = self._run(["symbolic-ref", "--quiet", "--short", "HEAD"], deadline)
        return done.stdout.strip()

    def changes(self, deadline: Deadline) -> tuple[str, ...]:
        """Return what is not committed, one file a line."""
        return tuple(self._require(["status", "--porcelain"], deadline).splitlines())

    def has_tag(self, name: str, deadline: Deadline) -> bool:
        """Whether the clone itself has a tag of that name."""
        return self._run(["show-ref", "--verify", "--quiet", f"refs/tags/{name}"], deadline).returncode == 0

    def remote_ref(self, name: str, deadline: Deadline) -> str:
        """Return what a ref points to at the remote; empty if there is none.

        Raises:
            Unobserved: The remote does not answer.
        """
        line = self._require(["ls-remote", "--exit-code", "--", self.remote, name], deadline, fine=(0, 2))
        return line.split("\t", 1)[0].strip()

    def tag(self, name: str, message: str, sha: str, deadline: Deadline) -> None:
        """Make an annotated tag.

        Raises:
            Unobserved: git refuses: nobody is named who could have made it, for example.
        """
        self._require(["tag", "--annotate", "--message", message, name, sha], deadline)

    def push_tag(self, name: str, deadline: Deadline) -> None:
        """Push a tag, and nothing else.

        Raises:
            Unobserved: The remote refuses, or does not answer.
        """
        self._require(["push", "--no-follow-tags", "--", self.remote, f"refs/tags/{name}"], deadline)

    def delete_tag(self, name: str, deadline: Deadline) -> None:
        """Delete a tag of the clone itself."""
        self._require(["tag", "--delete", name], deadline)

    def _require(self, arguments: list[str], deadline: Deadline, *, fine: tuple[int, ...] = (0,)) -> str:
        done = self._run(arguments, deadline)
        if done.returncode not in fine:
            msg = f"git {arguments[0]} failed: {_last_line(done.stderr)}"
            raise Unobserved(msg)
        return done.stdout

    def _run(self, arguments: list[str], deadline: Deadline) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(  # noqa: S603 — a fixed program; what comes from outside is no option
                [self._program, "-C", str(self.folder), *arguments],
                # Never asked in the terminal: whoever has no credentials is told so.
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=deadline.require(f"git {arguments[0]}"),
            )
        except subprocess.TimeoutExpired:
            msg = f"git {arguments[0]} did not end within {deadline.seconds:g} s"
            raise DeadlineExceeded(msg) from None


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return printable(lines[-1], limit=_SAID) if lines else "it does not say why"
